use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Capability, Command, LayerFuture, Reply, Request, Session, SmtpService, Upgrade, release};
use tower_service::Service;

use super::layer::Choose;

/// The service of a [`StartTlsLayer`](super::StartTlsLayer).
pub struct StartTlsService<S, U> {
    pub(super) inner: S,
    pub(super) choose: Choose<U>,
    pub(super) required: bool,
}

impl<S: SmtpService + Clone, U: Upgrade> Service<Request> for StartTlsService<S, U> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let session = &request.session;
        let protected = session.tls().is_some();
        match &request.command {
            Command::StartTls => {
                release(&mut self.inner);
                LayerFuture::answer(self.start(session))
            }
            Command::Ehlo(_) | Command::Lhlo(_) if !protected => {
                let required = self.required;
                LayerFuture::edit(self.inner.call(request), move |reply| offer(reply, required))
            }
            command if self.required && !protected && !is_open(command) => {
                tracing::debug!(verb = command.verb(), peer = %session.info().peer, "TLS is required");
                release(&mut self.inner);
                LayerFuture::answer(Reply::new(530, "5.7.0 must issue a STARTTLS command first"))
            }
            _ => LayerFuture::pass(self.inner.call(request)),
        }
    }
}

impl<S, U: Upgrade> StartTlsService<S, U> {
    fn start(&self, session: &Session) -> Reply {
        if session.tls().is_some() {
            return Reply::new(503, "5.5.1 TLS is in use already");
        }
        Reply::new(220, "2.0.0 ready to start TLS").and_upgrade((self.choose)(session))
    }
}

impl<S: Clone, U> Clone for StartTlsService<S, U> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), choose: Arc::clone(&self.choose), required: self.required }
    }
}

/// Adds STARTTLS to a positive answer to EHLO.
fn offer(reply: &mut Reply, required: bool) {
    if reply.is_positive() {
        let capabilities = reply.capabilities_mut();
        // Clients are about that look for `250-STARTTLS` and overlook it in the last line.
        capabilities.insert_first(Capability::new("STARTTLS"));
        if required {
            // What would be answered by 530 is not offered.
            capabilities.remove("AUTH");
        }
    }
}

/// Whether the command is served without TLS, even where TLS is required.
fn is_open(command: &Command) -> bool {
    matches!(
        command,
        Command::Connect
            | Command::Helo(_)
            | Command::Ehlo(_)
            | Command::Lhlo(_)
            | Command::StartTls
            | Command::Noop
            | Command::Rset
            | Command::Help(_)
            | Command::Quit
            // Its reply says what is wrong with it, and that is not the lack of TLS.
            | Command::Invalid(_)
    )
}

impl<S: fmt::Debug, U> fmt::Debug for StartTlsService<S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartTlsService")
            .field("required", &self.required)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
