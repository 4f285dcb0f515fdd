//! Deliveries made of others: dividing, copying, falling back, rewriting.

mod fallback;
mod rewrite;
mod router;
mod tee;

use std::sync::Arc;

use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
use smtp_core::{Body, BodyError, BoxDelivery, Envelope, Message, Outcomes, Recipient, Reply};
use tower::service_fn;

fn message_to(recipients: Vec<Recipient>, body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients = recipients;
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

fn message(recipients: &[&str], body: impl Into<Body>) -> Message {
    message_to(recipients.iter().copied().map(recipient).collect(), body)
}

/// A delivery that reads the message and gives these outcomes.
fn answering(outcomes: &'static [&'static str]) -> BoxDelivery {
    BoxDelivery::new(service_fn(move |mut message: Message| async move {
        while let Some(chunk) = message.body.next().await {
            chunk?;
        }
        let reply = |text: &&str| Reply::new(text[..3].parse().expect("a code"), text[4..].to_owned());
        Ok::<_, BodyError>(Outcomes::Each(outcomes.iter().map(reply).collect()))
    }))
}

/// One that is never to be asked.
fn unasked() -> BoxDelivery {
    BoxDelivery::new(service_fn(|message: Message| async move {
        panic!("asked for {:?}", message.envelope.recipients);
        #[allow(unreachable_code)]
        Ok::<Outcomes, BodyError>(Reply::new(250, "").into())
    }))
}

fn texts(outcomes: Outcomes, count: usize) -> Vec<String> {
    match outcomes {
        Outcomes::All(reply) => vec![reply.to_string(); count],
        Outcomes::Each(each) => each.iter().map(ToString::to_string).collect(),
    }
}

/// The recipients of each message that was delivered.
fn recipients(delivery: &RecordingDelivery) -> Vec<Vec<String>> {
    let of_one = |envelope: &Envelope| envelope.recipients.iter().map(ToString::to_string).collect();
    delivery.messages().iter().map(|message| of_one(&message.envelope)).collect()
}
