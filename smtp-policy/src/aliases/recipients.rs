use std::fmt;
use std::mem;
use std::task::{Context, Poll};

use smtp_core::{
    Command, ForwardPath, LayerFuture, LocalPart, Recipient, Reply, Request, Route, Session, SmtpService,
};
use tower_layer::Layer;
use tower_service::Service;

use super::lookup::Found;
use super::{AliasDirectory, Users};
use crate::refusal;

/// Refuses recipients who are nobody here with `550 5.1.1`, while the client is still there. It looks at
/// those with `Route::Local`, so it belongs inside of [`RelayLayer`](crate::RelayLayer).
pub struct LocalRecipientsLayer<U> {
    directory: AliasDirectory<U>,
}

impl<U: Users> LocalRecipientsLayer<U> {
    /// Looks up in this directory.
    pub fn new(directory: AliasDirectory<U>) -> Self {
        Self { directory }
    }
}

impl<S, U> Layer<S> for LocalRecipientsLayer<U> {
    type Service = LocalRecipientsService<S, U>;

    fn layer(&self, inner: S) -> Self::Service {
        LocalRecipientsService { inner, directory: self.directory.clone() }
    }
}

/// The service of a [`LocalRecipientsLayer`].
pub struct LocalRecipientsService<S, U> {
    inner: S,
    directory: AliasDirectory<U>,
}

impl<S: SmtpService + Clone, U: Users> Service<Request> for LocalRecipientsService<S, U> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Command::Rcpt(Recipient { path, route: Some(Route::Local), .. }) = &request.command else {
            return LayerFuture::pass(self.inner.call(request));
        };
        let (path, directory) = (path.clone(), self.directory.clone());
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, stays);
        LayerFuture::run(async move {
            match check(&directory, &path).await {
                Ok(()) => ready.call(request).await,
                Err(refused) => Ok(refuse(refused, &request.session)),
            }
        })
    }
}

/// Whether mail for this address has somewhere to go.
///
/// # Errors
/// The refusal.
async fn check<U: Users>(directory: &AliasDirectory<U>, path: &ForwardPath) -> Result<(), Reply> {
    // Every server has a postmaster (RFC 5321 section 4.5.1), be it an alias.
    let ForwardPath::Mailbox(mailbox) = path else { return Ok(()) };
    match directory.kind(mailbox).await {
        Ok(Found::Unknown) if !is_postmaster(mailbox.local_part()) => {
            Err(Reply::new(550, "5.1.1 no such user here"))
        }
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::error!(%error, "cannot tell who has a mailbox");
            Err(Reply::new(451, "4.3.0 try again later"))
        }
    }
}

fn is_postmaster(name: &LocalPart) -> bool {
    name.unquoted().eq_ignore_ascii_case("postmaster")
}

fn refuse(reply: Reply, session: &Session) -> Reply {
    refusal::log("local-recipients", "RCPT", &reply, session.info().peer);
    reply
}

impl<S: Clone, U> Clone for LocalRecipientsService<S, U> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), directory: self.directory.clone() }
    }
}

impl<U> Clone for LocalRecipientsLayer<U> {
    fn clone(&self) -> Self {
        Self { directory: self.directory.clone() }
    }
}

impl<S, U> fmt::Debug for LocalRecipientsService<S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRecipientsService").finish_non_exhaustive()
    }
}

impl<U> fmt::Debug for LocalRecipientsLayer<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRecipientsLayer").finish_non_exhaustive()
    }
}
