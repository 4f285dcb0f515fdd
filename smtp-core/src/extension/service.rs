use std::task::{Context, Poll};

use tower_service::Service;

use super::Extension;
use crate::{Command, LayerFuture, Reply, Request, SmtpService, release};

/// The service of an [`ExtensionLayer`](super::ExtensionLayer).
#[derive(Debug, Clone)]
pub struct ExtensionService<S, E> {
    pub(super) inner: S,
    pub(super) extension: E,
}

impl<S: SmtpService + Clone, E: Extension> Service<Request> for ExtensionService<S, E> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let session = &request.session;
        let checked = match &request.command {
            Command::Ehlo(_) | Command::Lhlo(_) => {
                return match self.extension.capability(session) {
                    None => LayerFuture::pass(self.inner.call(request)),
                    Some(capability) => LayerFuture::edit(self.inner.call(request), |reply| {
                        if reply.is_positive() {
                            reply.capabilities_mut().insert(capability);
                        }
                    }),
                };
            }
            Command::Mail(mail) => self.extension.check_mail(mail, session),
            Command::Rcpt(recipient) => self.extension.check_rcpt(recipient, session),
            _ => Ok(()),
        };
        match checked {
            Ok(()) => LayerFuture::pass(self.inner.call(request)),
            Err(refusal) => {
                release(&mut self.inner);
                LayerFuture::answer(refusal)
            }
        }
    }
}
