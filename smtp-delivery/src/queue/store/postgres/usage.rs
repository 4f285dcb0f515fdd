use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::queue::store::Usage;

/// How often what the database says is not believed because this node changes things at the same time.
const DOUBTS: u32 = 3;

/// How much there is: what the database said last, and what this node did since.
#[derive(Debug, Default)]
pub(super) struct Counted(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    usage: Usage,
    /// How many changes of this node are under way, and how many are over.
    under_way: u32,
    changes: u64,
    /// How often in a row the database was not believed.
    doubts: u32,
}

/// A change that is under way.
pub(super) struct Change<'a>(&'a Counted);

impl Counted {
    pub(super) fn get(&self) -> Usage {
        self.lock().usage
    }

    pub(super) fn begin(&self) -> Change<'_> {
        self.lock().under_way += 1;
        Change(self)
    }

    /// To be asked before the database is; `None` if what it will say is in doubt.
    pub(super) fn changes(&self) -> Option<u64> {
        let counts = self.lock();
        (counts.under_way == 0).then_some(counts.changes)
    }

    /// What the database says; `false` if that is in doubt. Where it may or may not have seen what this node
    /// did meanwhile, what was known before is as good, for a while.
    pub(super) fn counted(&self, usage: Usage, before: Option<u64>) -> bool {
        let mut counts = self.lock();
        let sure = counts.under_way == 0 && before == Some(counts.changes);
        if sure || counts.doubts >= DOUBTS {
            counts.usage = usage;
            counts.doubts = 0;
        } else {
            counts.doubts += 1;
        }
        sure
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Change<'_> {
    pub(super) fn added(&self, octets: u64) {
        let mut counts = self.0.lock();
        counts.usage.messages += 1;
        counts.usage.octets += octets;
    }

    pub(super) fn removed(&self, octets: u64) {
        let mut counts = self.0.lock();
        counts.usage.messages = counts.usage.messages.saturating_sub(1);
        counts.usage.octets = counts.usage.octets.saturating_sub(octets);
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let mut counts = self.0.lock();
        counts.under_way -= 1;
        counts.changes += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(messages: u64) -> Usage {
        Usage { messages, octets: 10 * messages }
    }

    #[test]
    fn the_database_is_believed_when_nothing_happens() {
        let counted = Counted::default();
        counted.counted(messages(5), counted.changes());
        assert_eq!(counted.get(), messages(5));

        // Something begins before, and ends before or after the answer.
        let change = counted.begin();
        let before = counted.changes();
        change.added(10);
        counted.counted(messages(5), before);
        drop(change);
        assert_eq!(counted.get(), messages(6));

        // Something begins and ends meanwhile.
        let before = counted.changes();
        counted.begin().removed(10);
        counted.counted(messages(6), before);
        assert_eq!(counted.get(), messages(5));

        for _ in 0..=DOUBTS {
            counted.counted(messages(9), None);
        }
        assert_eq!(counted.get(), messages(9));
    }
}
