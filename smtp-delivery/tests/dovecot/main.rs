//! Deliveries and a real Dovecot: it takes messages by LMTP, and its delivery agent by a pipe; both keep one
//! file of quotas.

// Unwraps are those of tests.
#[cfg(test)]
mod lmtp;
#[cfg(test)]
mod pipe;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod server;

use std::sync::Arc;

use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, Envelope, Message, Outcomes};

fn message(recipients: &[&str], body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients = recipients.iter().copied().map(recipient).collect();
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

/// The code and the status of each outcome.
fn statuses(outcomes: Outcomes, recipients: usize) -> Vec<String> {
    let each = match outcomes {
        Outcomes::All(reply) => (0..recipients).map(|_| reply.without_effects()).collect(),
        Outcomes::Each(each) => each,
    };
    let status = |reply: &smtp_core::Reply| format!("{} {}", reply.code(), reply.status().expect("a status"));
    each.iter().map(status).collect()
}
