//! The relay against next hops that follow a script.

mod auth;
mod binary;
mod content;
mod conversation;
mod extensions;
mod failures;
mod hostile;
mod limits;
mod lmtp;
mod next_hop;
mod pool;
mod refusals;
mod smuggling;
mod tls;

use std::sync::Arc;

use next_hop::relay;
use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, BodyWriter, Demand, Envelope, Message, Outcomes, Parameter};
use smtp_delivery::Relay;
use tower::ServiceExt;

const BODY: &str = "Subject: hello\r\n\r\n.\r\n..x\r\nworld\r\n";
const PIPELINED: &str = "S: 220 mx ready
    C: EHLO server.example
    S: 250-mx
    S: 250 PIPELINING
    C: MAIL FROM:<joe@example.com>
    C: RCPT TO:<jane@example.org>
    C: RCPT TO:<jim@example.org>
    C: DATA\n";
const CONTENT: &str = "C: Subject: hello
    C:
    C: ..
    C: ...x
    C: world
    C: .\n";
const ACCEPTED: &str = "S: 250 OK\n S: 250 OK\n S: 250 OK\n";
const QUIT: &str = "C: QUIT\n S: 221 bye\n";

const BROKEN: &str = "451 4.4.2 connection to the next hop broke";
const SILENT: &str = "451 4.4.2 next hop did not answer in time";
const UNEXPECTED: &str = "451 4.5.0 unexpected reply from the next hop";

fn message_with(parameters: &[&str], body: impl Into<Body>) -> Message {
    let mut mail = sender("joe@example.com");
    for parameter in parameters {
        mail.parameters.insert(Parameter::parse(parameter).expect("a parameter"));
    }
    let mut envelope = Envelope::new(mail);
    envelope.recipients = vec![recipient("jane@example.org"), recipient("jim@example.org")];
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

fn message(body: impl Into<Body>) -> Message {
    message_with(&[], body)
}

/// The outcomes of a message when the next hop follows the script, as text.
async fn outcomes(script: &str) -> Vec<String> {
    outcomes_of(message(BODY), script).await
}

async fn outcomes_of(message: Message, script: &str) -> Vec<String> {
    outcomes_with(|relay| relay, message, script).await
}

/// The same with a relay that was told more.
async fn outcomes_with(tell: impl FnOnce(Relay) -> Relay, message: Message, script: &str) -> Vec<String> {
    let (relay, next_hop) = relay(script);
    let outcomes = tell(relay).oneshot(message).await.expect("the body is whole");
    next_hop.await.expect("the relay follows the script");
    as_text(&outcomes)
}

fn as_text(outcomes: &Outcomes) -> Vec<String> {
    match outcomes {
        Outcomes::All(reply) => vec![reply.to_string()],
        Outcomes::Each(replies) => replies.iter().map(ToString::to_string).collect(),
    }
}

async fn demand(writer: &mut BodyWriter) -> Demand {
    std::future::poll_fn(|cx| writer.poll_demand(cx)).await
}
