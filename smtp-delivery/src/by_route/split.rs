use std::sync::Arc;

use smtp_core::{Envelope, Recipient, Reply, Route};

/// The recipients of an envelope by their routes: indices in the order of the envelope.
#[derive(Debug, Default)]
pub(super) struct Split {
    pub(super) local: Vec<usize>,
    pub(super) relay: Vec<usize>,
    unrouted: Vec<usize>,
}

impl Split {
    pub(super) fn of(envelope: &Envelope) -> Self {
        let mut split = Self::default();
        for (index, recipient) in envelope.recipients.iter().enumerate() {
            let part = match recipient.route {
                Some(Route::Local) => &mut split.local,
                Some(Route::Relay) => &mut split.relay,
                // A route of which nothing is known here is as good as none.
                _ => &mut split.unrouted,
            };
            part.push(index);
        }
        split
    }

    fn len(&self) -> usize {
        self.local.len() + self.relay.len() + self.unrouted.len()
    }

    /// Brings the replies back into the order of the envelope.
    pub(super) fn merge(&self, local: Vec<Reply>, relay: Vec<Reply>) -> Vec<Reply> {
        let mut each: Vec<(usize, Reply)> = Vec::with_capacity(self.len());
        each.extend(self.local.iter().copied().zip(local));
        each.extend(self.relay.iter().copied().zip(relay));
        each.extend(self.unrouted.iter().map(|index| (*index, Reply::new(550, "5.7.1 relaying denied"))));
        each.sort_unstable_by_key(|(index, _)| *index);
        each.into_iter().map(|(_, reply)| reply).collect()
    }
}

/// The envelope with these recipients alone; the same one if these are all.
pub(super) fn part(envelope: &Arc<Envelope>, indices: &[usize]) -> Arc<Envelope> {
    if indices.len() == envelope.recipients.len() {
        return envelope.clone();
    }
    let recipients: Vec<Recipient> =
        indices.iter().map(|index| envelope.recipients[*index].clone()).collect();
    Arc::new(Envelope { sender: envelope.sender.clone(), recipients })
}
