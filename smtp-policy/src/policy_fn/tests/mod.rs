mod auth;
mod combine;
mod content;
mod decisions;
mod stages;

use bytes::{Bytes, BytesMut};
use smtp_core::{
    Body, BoxError, BoxSmtpService, Command, Envelope, Replay, Reply, Request, Session, SessionFacts, Spool,
};
use tower::{ServiceExt, service_fn};

/// Keeps messages in memory, as tests may.
#[derive(Debug, Clone, Default)]
struct InMemory;

#[derive(Debug, Clone)]
struct Kept(Bytes);

impl Spool for InMemory {
    type Spooled = Kept;

    async fn spool(&self, mut body: Body) -> Result<Kept, BoxError> {
        let mut octets = BytesMut::new();
        while let Some(chunk) = body.next().await {
            octets.extend_from_slice(&chunk?);
        }
        Ok(Kept(octets.freeze()))
    }
}

impl Replay for Kept {
    fn body(&self) -> Body {
        self.0.clone().into()
    }
}

async fn text(mut body: Body) -> String {
    let mut octets = Vec::new();
    while let Some(chunk) = body.next().await {
        octets.extend_from_slice(&chunk.unwrap());
    }
    String::from_utf8(octets).unwrap()
}

/// The stack below: accepts what has a route, and says of a message to whom it goes and what it is.
fn deliver() -> BoxSmtpService {
    BoxSmtpService::new(service_fn(|request: Request| async {
        let Request { command, session } = request;
        let reply = match command {
            Command::Data(body) => {
                let envelope: &Envelope = session.envelope().unwrap();
                let to: Vec<_> = envelope.recipients.iter().map(ToString::to_string).collect();
                let content = text(body).await.replace("\r\n", "|");
                Reply::new(250, format!("to {} {content}", to.join(" ")))
            }
            Command::Rcpt(recipient) => Reply::new(250, format!("{recipient} {:?}", recipient.route)),
            command => Reply::new(250, command.verb().to_owned()),
        };
        Ok::<_, BoxError>(reply)
    }))
}

async fn ask(stack: &BoxSmtpService, command: Command, session: &Session) -> Reply {
    stack.clone().oneshot(Request::new(command, session.clone())).await.unwrap()
}

/// Sends a message with this content within the transaction.
async fn send(stack: &BoxSmtpService, facts: &SessionFacts, content: &'static str) -> String {
    ask(stack, Command::Data(content.into()), facts.session()).await.to_string()
}
