use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use smtp_core::codec::{Frame, LineError};
use smtp_core::{Auth, Command, Dialogue, DialogueError, DialogueServer, Secret, SmtpService};

use super::call::answer;
use super::driver::{Driver, End, Next};
use super::wire::Stop;

impl<S: SmtpService> Driver<S> {
    /// AUTH: one call; challenges and responses pass by the other layers.
    pub(super) async fn auth(&mut self, mechanism: String, initial: Option<Secret>) -> Result<Next, End> {
        let (mut server, dialogue) = Dialogue::channel();
        let command = Command::Auth(Auth::new(mechanism, initial, dialogue));
        let reply = match self.start_call(command).await {
            Err(reply) => reply,
            Ok(call) => {
                let mut call = pin!(call);
                loop {
                    let event = poll_fn(|cx| match call.as_mut().poll(cx) {
                        Poll::Ready(result) => Poll::Ready(Event::Answered(answer(result))),
                        Poll::Pending => match server.poll_challenge(cx) {
                            Poll::Ready(challenge) => Poll::Ready(Event::Challenge(challenge)),
                            // Verifying takes long at times, and others wait for their turn.
                            Poll::Pending => self.wire.poll_gone(cx).map(Event::Gone),
                        },
                    });
                    match event.await {
                        Event::Answered(reply) => break reply,
                        Event::Gone(stop) => return Err(stop.into()),
                        Event::Challenge(challenge) => self.exchange(&mut server, &challenge).await?,
                    }
                }
            }
        };
        self.finish(reply).await
    }

    /// Sends a challenge and passes the response on.
    async fn exchange(&mut self, server: &mut DialogueServer, challenge: &[u8]) -> Result<(), End> {
        self.wire.raw_line(&format!("334 {}", DialogueServer::encode(challenge)));
        let response = match self.wire.frame(self.options.command_timeout).await? {
            Frame::Line(line) => DialogueServer::decode(&line),
            Frame::BadLine(LineError::TooLong) => Err(DialogueError::TooLong),
            _ => Err(DialogueError::Encoding),
        };
        server.respond(response);
        Ok(())
    }
}

enum Event {
    Answered(smtp_core::Reply),
    Challenge(Vec<u8>),
    Gone(Stop),
}
