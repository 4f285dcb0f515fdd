use std::task::{Context, Poll};

use smtp_core::{Reply, Request, SmtpService};
use tower_service::Service;

use super::TarpitFuture;
use super::layer::Pit;

/// The service of a [`TarpitLayer`](super::TarpitLayer).
#[derive(Debug, Clone)]
pub struct TarpitService<S> {
    pub(super) inner: S,
    pub(super) pit: Pit,
}

impl<S: SmtpService> Service<Request> for TarpitService<S> {
    type Response = Reply;
    type Error = S::Error;
    type Future = TarpitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let session = request.session.clone();
        TarpitFuture::new(self.inner.call(request), session, self.pit)
    }
}
