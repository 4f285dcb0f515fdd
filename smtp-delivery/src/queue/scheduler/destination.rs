use std::time::SystemTime;

use crate::queue::Limits;
use crate::queue::schedule::later;

/// What is known of one destination.
#[derive(Debug)]
pub(super) struct Destination {
    /// When there is something to take for it, as far as it is known.
    pub(super) due: Option<SystemTime>,
    /// Deliveries under way.
    pub(super) active: usize,
    /// As many of them, and of those that jobs are being taken for, have places of those who share.
    pub(super) sharing: usize,
    /// So many jobs are being taken for it, if there are as many.
    pub(super) leasing: usize,
    /// Where it stands in line.
    pub(super) filed: Filed,
    /// How many deliveries at once it gets.
    window: usize,
    /// How often it failed in a row.
    failures: u32,
    /// Until when it is left alone.
    alone_until: Option<SystemTime>,
    /// Until when its failures are remembered, whether something waits or not.
    remembered_until: SystemTime,
    /// Until when it counts that it has answered.
    proven_until: SystemTime,
    /// Somebody knows it, and said what it gets.
    named: bool,
}

/// Where a destination stands in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filed {
    Nowhere,
    /// Among those that have lately answered, or among the others.
    Ready {
        proven: bool,
    },
    Later(SystemTime),
}

impl Destination {
    pub(super) fn new(name: &str, limits: &Limits) -> Self {
        Self {
            due: None,
            active: 0,
            sharing: 0,
            leasing: 0,
            filed: Filed::Nowhere,
            window: limits.first(name),
            failures: 0,
            alone_until: None,
            remembered_until: SystemTime::UNIX_EPOCH,
            proven_until: SystemTime::UNIX_EPOCH,
            named: limits.is_named(name),
        }
    }

    /// Whether it has lately shown that it answers.
    pub(super) fn is_proven(&self, now: SystemTime) -> bool {
        self.named || self.proven_until > now
    }

    /// Gives back the places of those who share that it does not have any more, or does not need.
    pub(super) fn give_back(&mut self, now: SystemTime) -> usize {
        // What was taken with a place of its own ends first, for all that is known.
        let kept = if self.is_proven(now) { 0 } else { self.sharing.min(self.active + self.leasing) };
        std::mem::replace(&mut self.sharing, kept) - kept
    }

    /// How many more deliveries it may get now.
    pub(super) fn room(&self) -> usize {
        self.window.saturating_sub(self.active)
    }

    /// When it is its turn, or when it can be forgotten; `None` if something has to happen first.
    pub(super) fn at(&self) -> Option<SystemTime> {
        if self.leasing > 0 || self.room() == 0 {
            return None;
        }
        match self.due {
            Some(due) => Some(self.alone_until.map_or(due, |until| until.max(due))),
            None => (self.active == 0).then_some(self.kept_until()),
        }
    }

    /// Whether nothing is lost if it is forgotten.
    pub(super) fn is_idle(&self, now: SystemTime) -> bool {
        self.due.is_none() && self.active == 0 && self.leasing == 0 && self.kept_until() <= now
    }

    fn kept_until(&self) -> SystemTime {
        self.remembered_until.max(self.proven_until)
    }

    pub(super) fn answered(&mut self, name: &str, limits: &Limits) {
        self.forgive();
        self.window = (self.window + 1).min(limits.most(name));
    }

    /// It has answered in time.
    pub(super) fn proven(&mut self, now: SystemTime, limits: &Limits) {
        self.proven_until = later(now, limits.proof);
    }

    pub(super) fn failed(&mut self, now: SystemTime, limits: &Limits) {
        self.failures = self.failures.saturating_add(1);
        self.window = (self.window / 2).max(1);
        self.remembered_until = later(now, limits.longest_back_off);
        self.proven_until = SystemTime::UNIX_EPOCH;
        // What was under way when it was left alone says nothing new.
        if self.alone_until.is_some_and(|until| until > now) {
            self.failures -= 1;
        } else if let Some(alone) = limits.alone(self.failures) {
            self.window = 1;
            self.alone_until = Some(later(now, alone));
        }
    }

    pub(super) fn leave_alone_until(&mut self, until: SystemTime) {
        self.alone_until = Some(until);
    }

    /// The clock was set back: what was to be over by now is, at the latest, when it would be if it began now.
    pub(super) fn set_back(&mut self, now: SystemTime, limits: &Limits) {
        let latest = later(now, limits.longest_back_off);
        self.alone_until = self.alone_until.map(|until| until.min(latest));
        self.remembered_until = self.remembered_until.min(latest);
        self.proven_until = self.proven_until.min(later(now, limits.proof));
    }

    pub(super) fn forgive(&mut self) {
        self.failures = 0;
        self.alone_until = None;
        self.remembered_until = SystemTime::UNIX_EPOCH;
    }
}
