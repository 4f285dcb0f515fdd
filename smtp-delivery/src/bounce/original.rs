use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use smtp_core::extension::{ByMode, DeliverByTime};
use smtp_core::{Mail, Session};

/// What is known of the message that a notification is about.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Original<'a> {
    /// Its sender, with what it asked for.
    pub sender: &'a Mail,
    /// When it arrived here.
    pub arrived: SystemTime,
    /// How the client that brought it called itself.
    pub received_from: Option<&'a str>,
    /// That client's address.
    pub client: Option<IpAddr>,
    /// By what it is found in the log: the name of the message in the queue, say.
    pub id: Option<&'a str>,
    /// Whether it is a notification itself.
    pub written: Written,
}

/// By whom a message was written. Whoever keeps messages keeps this with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Written {
    /// By anybody.
    #[default]
    ByOthers,
    /// By this server, as a notification.
    AsNotification,
    /// By this server, to the postmaster, of a notification that could not be delivered.
    AsDoubleBounce,
}

/// By when a message is to be delivered (RFC 2852).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// The time.
    pub time: SystemTime,
    /// What happens to the message if it is over.
    pub mode: ByMode,
}

impl<'a> Original<'a> {
    /// A message of this sender that arrived at this time.
    pub fn new(sender: &'a Mail, arrived: SystemTime) -> Self {
        Self { sender, arrived, received_from: None, client: None, id: None, written: Written::ByOthers }
    }

    /// A message of this sender that came in this session.
    pub fn from_session(sender: &'a Mail, arrived: SystemTime, session: &'a Session) -> Self {
        Self {
            received_from: session.hello().map(|hello| hello.name()),
            client: session.peer_ip(),
            ..Self::new(sender, arrived)
        }
    }

    /// Who brought it: the name in the greeting, and the address.
    #[must_use]
    pub fn received_from(mut self, name: &'a str, address: Option<IpAddr>) -> Self {
        self.received_from = Some(name);
        self.client = address;
        self
    }

    /// By what it is found in the log.
    #[must_use]
    pub fn id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// Says that it is a notification of this server itself: see [`Notice::written`](super::Notice::written).
    #[must_use]
    pub fn written(mut self, written: Written) -> Self {
        self.written = written;
        self
    }

    /// By when the sender wants it delivered, if it said so. With [`ByMode::Return`] a message that is late
    /// has failed, with [`Fate::OutOfTime`](super::Fate::OutOfTime); with [`ByMode::Notify`] its sender
    /// is told that it is delayed.
    pub fn deadline(&self) -> Option<Deadline> {
        let by = self.deliver_by()?;
        let distance = Duration::from_secs(by.seconds().unsigned_abs().into());
        let time = if by.seconds() < 0 {
            self.arrived.checked_sub(distance)
        } else {
            self.arrived.checked_add(distance)
        };
        Some(Deadline { time: time?, mode: by.mode() })
    }

    pub(super) fn deliver_by(&self) -> Option<DeliverByTime> {
        self.sender.parameters.typed().ok().flatten()
    }

    /// When it is late, if its sender wants to be told of that; not before it arrived.
    pub(super) fn late_at(&self) -> Option<SystemTime> {
        let deadline = self.deadline().filter(|deadline| deadline.mode == ByMode::Notify)?;
        Some(deadline.time.max(self.arrived))
    }
}
