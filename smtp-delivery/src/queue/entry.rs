//! What a queue keeps of a message.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use smtp_core::extension::{ByMode, DeliverByTime};
use smtp_core::{ConnectionInfo, Hello, Host, Identity, Mail, Peer, Recipient, Reply, Session, SessionFacts};

use super::schedule::later;
use crate::TraceId;
use crate::bounce::{Fate, Written};

/// A message in the queue, apart from its content and its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: TraceId,
    /// The sender, with the parameters that deliveries need.
    pub sender: Mail,
    /// Where it came from.
    pub origin: Origin,
    /// When it came.
    pub arrival: SystemTime,
    /// Since when its delivery is tried: its arrival, unless the sender had it held (RFC 4865).
    pub release: SystemTime,
    /// Until when its delivery is tried.
    pub expires: SystemTime,
    /// How urgent it is, from -9 to 9 (RFC 6710).
    pub priority: i8,
    /// Whether it is a notification of this queue: that one cannot be delivered is for the postmaster.
    pub written: Written,
}

impl Entry {
    /// By when the sender wants it delivered, if this is what is to happen else.
    pub(super) fn deadline(&self, mode: ByMode) -> Option<SystemTime> {
        let by = self.sender.parameters.typed::<DeliverByTime>().ok().flatten();
        let by = by.filter(|by| by.mode() == mode)?;
        Some(later(self.release, Duration::from_secs(u64::try_from(by.seconds()).unwrap_or(0))))
    }
}

/// Where a message came from: what notifications and deliveries want to know of the session that is
/// over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// As what this server received it.
    pub server_name: Host,
    /// How the client greeted.
    pub hello: Option<Host>,
    /// The client's address.
    pub client: Option<IpAddr>,
    /// As whom the client authenticated.
    pub account: Option<String>,
}

impl Origin {
    /// Keeps of a session what has to be kept.
    pub fn of(session: &Session) -> Self {
        Self {
            server_name: session.server_name().clone(),
            hello: session.hello().and_then(|hello| hello.host.clone()),
            client: session.peer_ip(),
            account: session.identity().map(|identity| identity.name().to_owned()),
        }
    }

    /// A session in the place of the one that is over, with what is known of it.
    pub fn session(&self) -> Session {
        let peer = self.client.map_or(Peer::Local, |address| Peer::Ip((address, 0).into()));
        let info = ConnectionInfo::new(peer, self.server_name.clone()).listener("queue");
        let mut facts = SessionFacts::new(info);
        if let Some(host) = &self.hello {
            facts.set_hello(Hello::extended(host.clone()), Default::default());
        }
        if let Some(account) = &self.account {
            facts.set_identity(Identity::new(account.as_str(), "QUEUE"));
        }
        facts.session().clone()
    }
}

/// The recipients of a message that have the same destination: what is delivered at once, and tried
/// again at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which it is of its message's.
    pub number: u32,
    /// Where it goes: what connections, limits and back-off are kept apart by.
    pub destination: Arc<str>,
    /// Who still waits for it, or to be told of.
    pub recipients: Vec<Pending>,
    /// When it may be tried next.
    pub due: SystemTime,
    /// When the sender is to hear of it next, be it tried or not: that it is late, or that it has failed.
    pub notice: SystemTime,
    /// Its place among those that are due with the same priority: the smaller is first.
    pub turn: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// When the sender was last told that it is late, if it was.
    pub told: Option<SystemTime>,
}

/// One recipient who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Who.
    pub recipient: Recipient,
    /// What was said when it was last tried.
    pub last: Option<Arc<Reply>>,
    /// What became of it, if it is not tried any more, and somebody has yet to hear of that.
    pub ended: Option<Ended>,
}

impl From<Recipient> for Pending {
    fn from(recipient: Recipient) -> Self {
        Self { recipient, last: None, ended: None }
    }
}

/// What became of a recipient, for who has yet to hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What became of it.
    pub fate: Fate,
    /// Who hears of it, if that is not the message's sender: who wrote to a list, which has an owner.
    pub sender: Option<Arc<Mail>>,
}

/// The name of a job: its message and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey {
    /// The message.
    pub id: TraceId,
    /// The number of the job among the message's.
    pub number: u32,
}
