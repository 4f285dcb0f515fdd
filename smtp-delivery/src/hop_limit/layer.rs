use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use smtp_core::{Body, BodyError, BodyErrorKind, Message, Outcomes};
use tower_layer::Layer;
use tower_service::Service;

use super::scan::Header;

/// Refuses messages that went through too many servers with 554 5.4.6: they go in circles, mostly
/// (RFC 5321 section 6.3). Each server on the way has left a `Received:` field.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use smtp_core::testing::{RecordingDelivery, facts, sender};
/// use smtp_core::{BodyErrorKind, Envelope, Message};
/// use smtp_delivery::HopLimitLayer;
/// use tower::{Layer, ServiceExt};
///
/// let delivery = HopLimitLayer::new().hops(2).layer(RecordingDelivery::new());
/// let send = |content: &'static str| {
///     let envelope = Arc::new(Envelope::new(sender("joe@example.org")));
///     delivery.clone().oneshot(Message::new(envelope, content.into(), facts().session().clone()))
/// };
/// assert!(send("Received: a\r\nReceived: b\r\n\r\nReceived: text\r\n").await.is_ok());
/// let error = send("Received: a\r\nReceived: b\r\nreceived: c\r\n\r\n").await.unwrap_err();
/// assert_eq!(error.kind(), BodyErrorKind::TooManyHops);
/// # });
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HopLimitLayer {
    hops: usize,
}

impl HopLimitLayer {
    /// Up to 100 fields, as RFC 5321 section 6.3 recommends at least.
    pub fn new() -> Self {
        Self { hops: 100 }
    }

    /// Up to this many fields.
    #[must_use]
    pub fn hops(mut self, hops: usize) -> Self {
        self.hops = hops;
        self
    }
}

impl Default for HopLimitLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for HopLimitLayer {
    type Service = HopLimit<S>;

    fn layer(&self, inner: S) -> HopLimit<S> {
        HopLimit { inner, hops: self.hops }
    }
}

/// The service of [`HopLimitLayer`].
#[derive(Debug, Clone, Copy)]
pub struct HopLimit<S> {
    inner: S,
    hops: usize,
}

impl<S> Service<Message> for HopLimit<S>
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
        let counted = Counted { body: message.body, header: Some(Header::default()), hops: self.hops };
        message.body = Body::from_stream(counted);
        self.inner.call(message)
    }
}

/// A body whose header is looked over as it passes by.
struct Counted {
    body: Body,
    /// `None` once the header is over.
    header: Option<Header>,
    hops: usize,
}

impl Stream for Counted {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(Pin::new(&mut self.body).poll_next(cx));
        let hops = self.hops;
        if let (Some(Ok(chunk)), Some(header)) = (&chunk, &mut self.header) {
            let over = header.read(chunk);
            if header.received() > hops {
                return Poll::Ready(Some(Err(BodyErrorKind::TooManyHops.into())));
            }
            if over {
                self.header = None;
            }
        }
        Poll::Ready(chunk)
    }
}
