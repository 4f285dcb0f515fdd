use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use smtp_core::{Command, LayerFuture, Reply, Request, SmtpService};
use tower_service::Service;

use super::lookup::reverse;
use super::{ClientName, NameLookup, ReverseName};

/// The service of a [`ClientNameLayer`](super::ClientNameLayer).
pub struct ClientNameService<S, L> {
    inner: S,
    lookup: Arc<L>,
    limit: Duration,
}

impl<S, L> ClientNameService<S, L> {
    pub(super) fn new(inner: S, lookup: Arc<L>, limit: Duration) -> Self {
        Self { inner, lookup, limit }
    }
}

impl<S: SmtpService + Clone, L: NameLookup> Service<Request> for ClientNameService<S, L> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let greets = matches!(
            request.command,
            Command::Connect | Command::Helo(_) | Command::Ehlo(_) | Command::Lhlo(_)
        );
        let connection = request.session.connection();
        let address = request.session.peer_ip().filter(|_| greets);
        let Some(address) = address.filter(|_| connection.get::<ReverseName>().is_none()) else {
            return LayerFuture::pass(self.inner.call(request));
        };
        let (lookup, limit) = (Arc::clone(&self.lookup), self.limit);
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, stays);
        LayerFuture::run(async move {
            let name = reverse(&*lookup, address, limit).await;
            let connection = request.session.connection();
            if let ReverseName::Confirmed(name) = &name {
                connection.insert(ClientName(name.clone()));
            }
            connection.insert(name);
            ready.call(request).await
        })
    }
}

impl<S: Clone, L> Clone for ClientNameService<S, L> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.lookup), self.limit)
    }
}

impl<S: fmt::Debug, L> fmt::Debug for ClientNameService<S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientNameService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
