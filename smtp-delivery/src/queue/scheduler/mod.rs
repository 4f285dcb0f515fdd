//! Which destination is next: no clock, no store, no task.

mod destination;
mod ready;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use destination::{Destination, Filed};
use ready::Ready;

use super::Limits;

/// How many jobs one destination takes before the next one has its turn.
const AT_ONCE: usize = 10;

/// Gives each destination its turn, as long as there is room for deliveries.
///
/// Destinations that have something due stand in a ring, the others in the order of their times. One
/// that has no room, or for which jobs are being taken, stands nowhere until that is over.
///
/// Those that have not lately answered share a part of the room; the others are not kept waiting by them.
#[derive(Debug)]
pub(super) struct Scheduler {
    limits: Limits,
    destinations: HashMap<Arc<str>, Destination>,
    ready: Ready,
    later: BTreeSet<(SystemTime, Arc<str>)>,
    /// Deliveries under way, and those that jobs are being taken for.
    active: usize,
    /// As many of them have places of those that share.
    sharing: usize,
}

/// What a destination is found to be by a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered, whatever.
    Answers,
    /// It answered after a long time.
    AnswersLate,
    /// It could not be reached, or takes nothing now.
    Fails,
    /// Nothing was learnt of it.
    Unknown,
}

impl Scheduler {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            destinations: HashMap::new(),
            ready: Ready::default(),
            later: BTreeSet::new(),
            active: 0,
            sharing: 0,
        }
    }

    /// There is something for this destination, due at this time.
    pub(super) fn waits(&mut self, name: &Arc<str>, due: SystemTime, now: SystemTime) {
        let destination = of(&mut self.destinations, &self.limits, name);
        destination.due = Some(destination.due.map_or(due, |first| first.min(due)));
        self.file(name, now);
    }

    /// An operator wants this destination tried now.
    pub(super) fn forgive(&mut self, name: &Arc<str>, now: SystemTime) {
        of(&mut self.destinations, &self.limits, name).forgive();
        self.waits(name, now, now);
    }

    /// An operator wants all destinations tried now; which have something to try is for
    /// [`waits`](Self::waits) to say.
    pub(super) fn forgive_all(&mut self, now: SystemTime) {
        self.with_all(now, |destination, _| destination.forgive());
    }

    /// The clock was set back to this time: no destination is left alone for longer by that.
    pub(super) fn set_back(&mut self, now: SystemTime) {
        self.with_all(now, |destination, limits| destination.set_back(now, limits));
    }

    fn with_all(&mut self, now: SystemTime, change: impl Fn(&mut Destination, &Limits)) {
        let names: Vec<Arc<str>> = self.destinations.keys().cloned().collect();
        for name in names {
            if let Some(destination) = self.destinations.get_mut(&name) {
                change(destination, &self.limits);
                self.file(&name, now);
            }
        }
    }

    /// The next destination to take jobs for, and how many. They count as taken until
    /// [`leased`](Self::leased) says how many there were.
    pub(super) fn next(&mut self, now: SystemTime) -> Option<(Arc<str>, usize)> {
        let room = self.limits.total.max(1).saturating_sub(self.active);
        if room == 0 {
            return None;
        }
        while let Some((at, name)) = self.later.pop_first() {
            if at > now {
                self.later.insert((at, name));
                break;
            }
            let Some(destination) = self.destinations.get_mut(&name) else { continue };
            if destination.due.is_some() {
                let proven = destination.is_proven(now);
                destination.filed = Filed::Ready { proven };
                self.ready.push(name, proven);
            } else {
                // It was remembered, and nobody has asked for it since.
                self.destinations.remove(&name);
            }
        }
        let shared = self.limits.shared().saturating_sub(self.sharing);
        while let Some(name) = self.ready.pop(shared > 0) {
            let Some(destination) = self.destinations.get_mut(&name) else { continue };
            let proven = destination.is_proven(now);
            if !proven && shared == 0 {
                // It answered when it came into line, and that was long ago.
                destination.filed = Filed::Ready { proven };
                self.ready.push(name, proven);
                continue;
            }
            let room = if proven { room } else { room.min(shared) };
            let max = destination.room().min(room).min(AT_ONCE);
            destination.filed = Filed::Nowhere;
            destination.leasing = max;
            destination.due = None;
            self.active += max;
            if !proven {
                destination.sharing += max;
                self.sharing += max;
            }
            return Some((name, max));
        }
        None
    }

    /// So many of `asked` jobs were taken, and more are due at `next`.
    pub(super) fn leased(
        &mut self,
        name: &Arc<str>,
        asked: usize,
        taken: usize,
        next: Option<SystemTime>,
        now: SystemTime,
    ) {
        self.active = self.active.saturating_sub(asked.saturating_sub(taken));
        let destination = of(&mut self.destinations, &self.limits, name);
        destination.leasing = 0;
        destination.active += taken;
        self.sharing -= destination.give_back(now);
        // Something may have come while the others were taken.
        destination.due = [destination.due, next].into_iter().flatten().min();
        self.file(name, now);
    }

    /// Jobs of this destination cannot be taken before then.
    pub(super) fn not_before(&mut self, name: &Arc<str>, until: SystemTime, now: SystemTime) {
        of(&mut self.destinations, &self.limits, name).leave_alone_until(until);
        self.waits(name, until, now);
    }

    /// A delivery has ended.
    pub(super) fn ended(&mut self, name: &Arc<str>, health: Health, now: SystemTime) {
        self.active = self.active.saturating_sub(1);
        let destination = of(&mut self.destinations, &self.limits, name);
        destination.active = destination.active.saturating_sub(1);
        match health {
            Health::Answers => {
                destination.answered(name, &self.limits);
                destination.proven(now, &self.limits);
            }
            Health::AnswersLate => destination.answered(name, &self.limits),
            Health::Fails => destination.failed(now, &self.limits),
            Health::Unknown => {}
        }
        self.sharing -= destination.give_back(now);
        self.file(name, now);
    }

    /// Whether there is no room for more deliveries, whoever has something due.
    pub(super) fn is_full(&self) -> bool {
        self.active >= self.limits.total.max(1)
    }

    /// When there is something to do, if nothing happens before.
    pub(super) fn wake_at(&self) -> Option<SystemTime> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Puts a destination where it belongs.
    fn file(&mut self, name: &Arc<str>, now: SystemTime) {
        let Some(destination) = self.destinations.get_mut(name) else { return };
        let idle = destination.is_idle(now);
        let place = match destination.at().filter(|_| !idle) {
            None => Filed::Nowhere,
            Some(at) if at <= now => Filed::Ready { proven: destination.is_proven(now) },
            Some(at) => Filed::Later(at),
        };
        let before = std::mem::replace(&mut destination.filed, place);
        if before != place {
            match before {
                Filed::Nowhere => {}
                Filed::Ready { proven } => self.ready.remove(name, proven),
                Filed::Later(at) => {
                    self.later.remove(&(at, name.clone()));
                }
            }
            match place {
                Filed::Nowhere => {}
                Filed::Ready { proven } => self.ready.push(name.clone(), proven),
                Filed::Later(at) => {
                    self.later.insert((at, name.clone()));
                }
            }
        }
        if idle {
            self.destinations.remove(name);
        }
    }
}

fn of<'a>(
    destinations: &'a mut HashMap<Arc<str>, Destination>,
    limits: &Limits,
    name: &Arc<str>,
) -> &'a mut Destination {
    destinations.entry(name.clone()).or_insert_with(|| Destination::new(name, limits))
}
