use std::fmt;

use smtp_core::{BoxError, BoxFuture, Reply, Request, SmtpService};

type Call = dyn FnOnce(Request) -> BoxFuture<Result<Reply, BoxError>> + Send;

/// The rest of the stack, ready for one command.
pub struct Next(Box<Call>);

impl Next {
    /// From a service that said that it is ready.
    pub(super) fn new(mut ready: impl SmtpService) -> Self {
        Self(Box::new(move |request| {
            let answer = ready.call(request);
            Box::pin(async move { answer.await.map_err(Into::into) })
        }))
    }

    /// Passes the command on.
    ///
    /// # Errors
    /// Whatever the stack below fails with.
    pub async fn run(self, request: Request) -> Result<Reply, BoxError> {
        (self.0)(request).await
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}
