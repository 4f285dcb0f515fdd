use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Command, LayerFuture, Request, SmtpService, release};
use tower_service::Service;

use super::exchange::authenticate;
use super::offer::Offer;
use super::settings::Settings;
use super::{offer, originator};
use crate::store::CredentialStore;

/// The service of [`AuthLayer`](super::AuthLayer).
pub struct AuthService<S, C> {
    inner: S,
    store: Arc<C>,
    settings: Arc<Settings>,
}

impl<S, C> AuthService<S, C> {
    pub(super) fn new(inner: S, store: Arc<C>, settings: &Settings) -> Self {
        Self { inner, store, settings: Arc::new(settings.clone()) }
    }
}

impl<S: SmtpService + Clone, C: CredentialStore> Service<Request> for AuthService<S, C> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Request { command, session } = request;
        match command {
            Command::Auth(auth) => {
                release(&mut self.inner);
                let (store, settings) = (self.store.clone(), self.settings.clone());
                LayerFuture::run(async move { Ok(authenticate(&*store, &settings, auth, &session).await) })
            }
            Command::Ehlo(_) | Command::Lhlo(_) => {
                let offer = Offer { settings: &self.settings, store: &*self.store, session: &session };
                let offered = offer.capability();
                let answer = self.inner.call(Request::new(command, session));
                match offered {
                    Some(capability) => LayerFuture::edit(answer, |reply| offer::add(capability, reply)),
                    None => LayerFuture::pass(answer),
                }
            }
            Command::Mail(mut mail) => {
                match originator::check(&mut mail, &self.settings.originator, &session) {
                    Ok(()) => LayerFuture::pass(self.inner.call(Request::new(Command::Mail(mail), session))),
                    Err(reply) => {
                        release(&mut self.inner);
                        LayerFuture::answer(reply)
                    }
                }
            }
            _ => LayerFuture::pass(self.inner.call(Request::new(command, session))),
        }
    }
}

impl<S: Clone, C> Clone for AuthService<S, C> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), store: self.store.clone(), settings: self.settings.clone() }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for AuthService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
