use std::future::poll_fn;

use smtp_core::{Command, Reply, Request, SmtpService};

use super::driver::Driver;
use crate::error_reply::error_reply;

impl<S: SmtpService> Driver<S> {
    /// Calls the stack with a command and waits for its reply.
    pub(super) async fn call(&mut self, command: Command) -> Reply {
        match self.start_call(command).await {
            Ok(call) => answer(call.await),
            Err(reply) => reply,
        }
    }

    /// Waits until the stack takes a command, and hands it over. The command is there already:
    /// a stack is not asked to be ready ahead of it.
    pub(super) async fn start_call(&mut self, command: Command) -> Result<S::Future, Reply> {
        match poll_fn(|cx| self.service.poll_ready(cx)).await {
            Ok(()) => Ok(self.service.call(Request::new(command, self.protocol.session().clone()))),
            // A service that failed to become ready never will be.
            Err(error) => Err(error_reply(error.into()).and_close()),
        }
    }
}

/// The reply in a service's result.
pub(super) fn answer<E: Into<smtp_core::BoxError>>(result: Result<Reply, E>) -> Reply {
    result.unwrap_or_else(|error| error_reply(error.into()))
}
