use std::time::SystemTime;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use smtp_core::ForwardPath;

use super::{Original, Report, Written, field};

/// What a notification tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The sender: who does not get the message.
    Failure,
    /// The sender: who did not get it yet.
    Delay,
    /// The sender, who asked for it: who got it, and where it went on.
    Success,
    /// The postmaster: a notification of this server that cannot be delivered.
    DoubleBounce,
}

/// One notification that is to be sent: what it tells, to whom, and of which recipients.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    pub(super) kind: Kind,
    pub(super) to: ForwardPath,
    pub(super) original: &'a Original<'a>,
    pub(super) reports: Vec<&'a Report<'a>>,
    pub(super) now: SystemTime,
    pub(super) zone: TimeZone,
    pub(super) host: String,
    pub(super) postmaster: String,
    /// What its `Message-ID`, its envelope identifier and its boundary are made of.
    pub(super) id: String,
}

impl<'a> Notice<'a> {
    /// What it tells.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Who gets it.
    pub fn to(&self) -> &ForwardPath {
        &self.to
    }

    /// The message that it is about.
    pub fn original(&self) -> &'a Original<'a> {
        self.original
    }

    /// The recipients that it tells of, in the order in which they were given.
    pub fn reports(&self) -> impl ExactSizeIterator<Item = &'a Report<'a>> {
        self.reports.iter().copied()
    }

    /// The name of this server.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The postmaster's address.
    pub fn postmaster(&self) -> &str {
        &self.postmaster
    }

    /// What it is itself, if it cannot be delivered in turn: for
    /// [`Original::written`](super::Original::written).
    pub fn written(&self) -> Written {
        match self.kind {
            Kind::DoubleBounce => Written::AsDoubleBounce,
            _ => Written::AsNotification,
        }
    }

    /// When it is written.
    pub fn time(&self) -> SystemTime {
        self.now
    }

    /// Whether the sender wanted the message delivered by now.
    pub fn is_overdue(&self) -> bool {
        self.original.late_at().is_some_and(|late| late <= self.now)
    }

    /// A time as header fields have it (RFC 5322 section 3.3); empty for one that no calendar has.
    pub fn date(&self, time: SystemTime) -> String {
        self.zoned(time).map(|time| field::date(&time)).unwrap_or_default()
    }

    /// How many lines each recipient may have of `most` that it has where there are few: what is written
    /// does not grow with the recipients and with what is said of each.
    pub(super) fn share_of(&self, most: usize) -> usize {
        (10 * most / self.reports.len().max(1)).clamp(1, most)
    }

    fn zoned(&self, time: SystemTime) -> Option<Zoned> {
        // Fractions of a second are not written.
        Timestamp::try_from(time).ok().map(|time| time.to_zoned(self.zone.clone()))
    }
}

/// How much of the original a notification gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returned {
    /// All of it.
    Whole,
    /// Its header, which is all that was wanted, or called for.
    Header,
    /// Its header, because it is too long, or its content is nothing that can be sent on.
    HeaderOnly,
    /// As much of its header as there is room for.
    PartOfHeader,
    /// Nothing: it has none, or it cannot be read.
    Nothing,
}
