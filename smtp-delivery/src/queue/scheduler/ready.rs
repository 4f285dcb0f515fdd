use std::collections::VecDeque;
use std::sync::Arc;

/// Destinations that have something due, in the order in which they came.
///
/// They stand in two lines, so that the first one that may be taken is found though others may not be.
#[derive(Debug, Default)]
pub(super) struct Ready {
    proven: Line,
    others: Line,
    /// The number of the next one.
    next: u64,
}

type Line = VecDeque<(u64, Arc<str>)>;

impl Ready {
    pub(super) fn push(&mut self, name: Arc<str>, proven: bool) {
        let number = self.next;
        self.next += 1;
        self.line(proven).push_back((number, name));
    }

    /// The first one, of those that have lately answered or of all.
    pub(super) fn pop(&mut self, others_too: bool) -> Option<Arc<str>> {
        let number = |line: &Line| line.front().map_or(u64::MAX, |(number, _)| *number);
        let others_first = others_too && number(&self.others) < number(&self.proven);
        self.line(!others_first).pop_front().map(|(_, name)| name)
    }

    pub(super) fn remove(&mut self, name: &Arc<str>, proven: bool) {
        self.line(proven).retain(|(_, other)| other != name);
    }

    fn line(&mut self, proven: bool) -> &mut Line {
        if proven { &mut self.proven } else { &mut self.others }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.proven.is_empty() && self.others.is_empty()
    }
}
