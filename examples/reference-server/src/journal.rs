//! What became of each message, as a line in the log for each recipient.

use std::sync::Arc;

use smtp_server::delivery::TraceId;
use smtp_server::{BoxError, DeliveryService, Envelope, Identity, Message, Outcomes, Reply, Session, Verify};
use tower::service_fn;
use tower::util::ServiceExt as _;

/// Puts the lines of what `inner` does into the log.
pub(crate) fn journal<D>(inner: D) -> impl DeliveryService + Clone + Sync
where
    D: DeliveryService + Clone + Sync,
{
    service_fn(move |message: Message| deliver(inner.clone(), message))
}

async fn deliver<D: DeliveryService>(inner: D, message: Message) -> Result<Outcomes, BoxError> {
    let (envelope, session) = (Arc::clone(&message.envelope), message.session.clone());
    let outcomes = inner.oneshot(message).await.map_err(Into::into);
    let lines = Lines { envelope: &envelope, session: &session };
    match &outcomes {
        Ok(Outcomes::All(reply)) => lines.add(std::iter::repeat(reply)),
        Ok(Outcomes::Each(replies)) => lines.add(replies),
        Err(error) => tracing::info!(from = ?envelope.sender.to_string(), %error, "message not received"),
    }
    outcomes
}

struct Lines<'a> {
    envelope: &'a Envelope,
    session: &'a Session,
}

impl Lines<'_> {
    fn add<'r>(&self, replies: impl IntoIterator<Item = &'r Reply>) {
        let session = self.session;
        let id = session.transaction().get::<TraceId>().map(|id| id.to_string());
        let info = session.info();
        let tls = session.tls().map(|tls| format!("{} {}", tls.version, tls.cipher));
        let certificate = session.tls().and_then(|tls| tls.peer_certificate.as_ref());
        let forwarder = info.proxied.as_ref();
        for (recipient, reply) in self.envelope.recipients.iter().zip(replies) {
            tracing::info!(
                id,
                from = ?self.envelope.sender.to_string(),
                to = ?recipient.to_string(),
                reply = ?reply.to_string(),
                listener = &*info.listener,
                peer = %info.peer,
                forwarder = forwarder.map(|proxied| display(proxied.by)),
                forwarder_tls = forwarder.and_then(|proxied| proxied.tls.as_ref()).map(display),
                tls,
                verify = %Verify::of(session.tls().map(|tls| &**tls)),
                certificate = certificate.map(|certificate| display(&certificate.subject)),
                user = session.identity().map(Identity::name),
                "message"
            );
        }
    }
}
