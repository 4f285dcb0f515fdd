use std::task::{Context, Poll};

use jiff::Zoned;
use smtp_core::{Message, Outcomes};
use tower_layer::Layer;
use tower_service::Service;

use super::TraceId;
use super::field::Field;

/// Puts the `Received:` field in front of each message: from whom, by whom, how protected, as
/// what, for whom and when (RFC 5321 section 4.4, keywords of RFC 3848).
///
/// Each message gets a [`TraceId`], which stands in the field and in the transaction's map. The
/// recipient stands in the field only if there is just one, so that nobody learns who else got a
/// copy.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedLayer {
    user_name: bool,
}

impl ReceivedLayer {
    /// Fields that name the authenticated user.
    pub fn new() -> Self {
        Self { user_name: true }
    }

    /// Says that the client authenticated, but not as whom.
    #[must_use]
    pub fn without_user_name(mut self) -> Self {
        self.user_name = false;
        self
    }
}

impl Default for ReceivedLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for ReceivedLayer {
    type Service = Received<S>;

    fn layer(&self, inner: S) -> Received<S> {
        Received { inner, user_name: self.user_name }
    }
}

/// The service of [`ReceivedLayer`].
#[derive(Debug, Clone, Copy)]
pub struct Received<S> {
    inner: S,
    user_name: bool,
}

impl<S> Service<Message> for Received<S>
where
    S: Service<Message, Response = Outcomes>,
{
    type Response = Outcomes;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut message: Message) -> S::Future {
        let now = Zoned::now();
        let id = TraceId::new(now.timestamp());
        let field = Field {
            session: &message.session,
            envelope: &message.envelope,
            id,
            now: &now,
            user_name: self.user_name,
        };
        let text = field.to_text();
        message.session.transaction().insert(id);
        message.body = message.body.prepend(text);
        self.inner.call(message)
    }
}
