//! The innermost session service: it answers what no layer answered and joins the two tiers.

mod answers;
mod discard;
mod future;

use std::task::{Context, Poll};

pub use future::DeliverFuture;
use smtp_core::extension::{BodyType, Size};
use smtp_core::{BoxError, Command, DeliveryService, Dialect, Message, Outcomes, Request};
use tower::{Service, ServiceExt};

use discard::Kept;

/// Answers every command that reaches it and turns a transaction's envelope and content into one
/// [`Message`] for `delivery`.
///
/// In SMTP the outcomes of a message are folded into one reply; in LMTP there is one for each
/// recipient.
///
/// Recipients with [`Route::Discard`](smtp_core::Route) are accepted, and the delivery does not hear of
/// them.
///
/// It refuses every recipient that no layer gave a [`Route`](smtp_core::Route), so that a stack
/// without a relay policy accepts nothing. It offers SIZE (RFC 1870) and 8BITMIME (RFC 6152), and
/// tells of the most recipients by LIMITS (RFC 9422).
///
/// The delivery is asked to be ready when a message is there, not before; it is cloned for each
/// message, as tower's middleware expects.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use smtp_core::testing::{RecordingDelivery, facts, request};
/// use smtp_server::Deliver;
/// use tower::ServiceExt;
///
/// let deliver = Deliver::new(RecordingDelivery::new());
/// let reply = deliver.oneshot(request("RCPT TO:<joe@example.org>", facts().session())).await.unwrap();
/// assert_eq!(reply.to_string(), "550 5.7.1 relaying denied");
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct Deliver<D> {
    delivery: D,
    size: Size,
    max_recipients: usize,
    max_line: Option<usize>,
}

impl<D: DeliveryService + Clone> Deliver<D> {
    /// Up to 25 MiB a message.
    pub const DEFAULT_MESSAGE_SIZE: u64 = 25 << 20;
    /// Up to 1,000 recipients a message; RFC 5321 section 4.5.3.1.8 asks for 100 at least.
    pub const DEFAULT_RECIPIENTS: usize = 1000;

    /// Hands messages to `delivery`.
    pub fn new(delivery: D) -> Self {
        Self {
            delivery,
            size: Size::new(Self::DEFAULT_MESSAGE_SIZE),
            max_recipients: Self::DEFAULT_RECIPIENTS,
            max_line: None,
        }
    }

    /// Refuses larger messages with 552, when MAIL declares the size and while the content is
    /// read. In octets.
    #[must_use]
    pub fn max_message_size(mut self, octets: u64) -> Self {
        self.size = Size::new(octets);
        self
    }

    /// Refuses messages with longer lines with 554; there is no limit unless one is set. In octets,
    /// CRLF included: 1,000 is what RFC 5321 section 4.5.3.1.6 lets clients send, and many send more.
    /// Binary content has no lines.
    #[must_use]
    pub fn max_line_length(mut self, octets: usize) -> Self {
        self.max_line = Some(octets);
        self
    }

    /// Refuses further recipients of one message with 452.
    #[must_use]
    pub fn max_recipients(mut self, recipients: usize) -> Self {
        self.max_recipients = recipients;
        self
    }
}

impl<D: DeliveryService + Clone> Service<Request> for Deliver<D> {
    type Response = smtp_core::Reply;
    type Error = BoxError;
    type Future = DeliverFuture<D>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> DeliverFuture<D> {
        let Request { command, session } = request;
        let Command::Data(body) = command else {
            return DeliverFuture::answered(self.answer(command, &session));
        };
        match session.envelope() {
            // The protocol lets DATA through only within a transaction.
            None => DeliverFuture::answered(smtp_core::Reply::new(503, "5.5.1 send MAIL first")),
            Some(envelope) => {
                let body = body.limit(self.size.max());
                let binary = envelope.sender.body_type() == BodyType::BinaryMime;
                let body = match self.max_line.filter(|_| !binary) {
                    None => body,
                    Some(octets) => body.limit_lines(octets),
                };
                let fold = match session.info().dialect {
                    Dialect::Smtp => Outcomes::fold,
                    Dialect::Lmtp => Outcomes::into_each,
                };
                let kept = Kept::of(envelope);
                let message = Message::new(envelope.clone(), body, session);
                let delivery = self.delivery.clone();
                if kept.are_all() {
                    return DeliverFuture::delivering(delivery.oneshot(message), fold);
                }
                let outcomes = kept.deliver(|message| delivery.oneshot(message), message);
                DeliverFuture::discarding(async move { outcomes.await.map(fold) })
            }
        }
    }
}
