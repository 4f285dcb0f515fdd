use std::sync::Arc;

/// The server that gave a reply, where it is not this one: the outcome of a delivery that passed the
/// message on. Cheap to clone.
///
/// ```
/// use smtp_core::{Acceptance, Remote, Reply};
///
/// let reply = Reply::new(250, "2.0.0 queued").from_remote(Remote::new("mx.example.org", Acceptance::Relayed));
/// assert_eq!(&*reply.remote().unwrap().host, "mx.example.org");
/// assert_eq!(reply.to_string(), "250 2.0.0 queued");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Remote {
    /// Its name, or its address where it has none.
    pub host: Arc<str>,
    /// What it means that it accepts.
    pub acceptance: Acceptance,
    /// Whether it goes by the time until which a sender wants a message delivered (DELIVERBY, RFC 2852).
    pub keeps_time: bool,
}

/// What it means that a server accepts a message, for who is owed a notification (RFC 3461 section
/// 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acceptance {
    /// The message is in its mailbox: the server spoke LMTP, or is the end of the way.
    Delivered,
    /// It goes on from there, and nobody there knows of notifications.
    Relayed,
    /// It goes on from there, and so does the duty to notify.
    PassedOn,
}

impl Remote {
    /// This server, which knows nothing of DELIVERBY.
    pub fn new(host: impl Into<Arc<str>>, acceptance: Acceptance) -> Self {
        Self { host: host.into(), acceptance, keeps_time: false }
    }

    /// Says whether it knows DELIVERBY.
    #[must_use]
    pub fn keeping_time(mut self, keeps_time: bool) -> Self {
        self.keeps_time = keeps_time;
        self
    }
}
