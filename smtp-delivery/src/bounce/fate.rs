use std::time::SystemTime;

use smtp_core::extension::{Notify, OriginalRecipient};
use smtp_core::{Acceptance, Expanded, Recipient, Reply};

use super::Original;

/// What became of a message for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// It is in the mailbox.
    Delivered,
    /// It went to a server that knows nothing of notifications: nothing more is heard of it.
    Relayed,
    /// It went to a server that notifies in our stead (RFC 3461 section 5.2.1).
    PassedOn,
    /// The recipient stands for several others, to whom it goes on (RFC 3461 section 5.2.7.3).
    Expanded,
    /// It was refused for good.
    Failed,
    /// It was tried for as long as messages are tried.
    Expired,
    /// It was not delivered by the time by which its sender wanted it back (`BY=..;R`, RFC 2852).
    OutOfTime,
    /// It was not delivered yet, and is tried again.
    Delayed,
}

impl Fate {
    /// What an outcome means.
    ///
    /// ```
    /// use smtp_core::{Acceptance, Remote, Reply};
    /// use smtp_delivery::bounce::Fate;
    ///
    /// assert_eq!(Fate::of(&Reply::new(250, "2.0.0 in the mailbox")), Fate::Delivered);
    /// let remote = Remote::new("mx.example.com", Acceptance::Relayed);
    /// assert_eq!(Fate::of(&Reply::new(250, "2.0.0 queued").from_remote(remote)), Fate::Relayed);
    /// assert_eq!(Fate::of(&Reply::new(450, "4.2.0 later")), Fate::Delayed);
    /// ```
    pub fn of(reply: &Reply) -> Self {
        if reply.is_permanent() {
            return Self::Failed;
        }
        if !reply.is_positive() {
            return Self::Delayed;
        }
        match reply.remote().map(|remote| remote.acceptance) {
            None | Some(Acceptance::Delivered) => Self::Delivered,
            Some(Acceptance::Relayed) => Self::Relayed,
            Some(Acceptance::PassedOn) => Self::PassedOn,
        }
    }

    /// The value of `Action` (RFC 3464 section 2.3.3).
    pub fn action(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Relayed | Self::PassedOn => "relayed",
            Self::Expanded => "expanded",
            Self::Failed | Self::Expired | Self::OutOfTime => "failed",
            Self::Delayed => "delayed",
        }
    }
}

/// What is known of one recipient.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report<'a> {
    /// The recipient, with what the sender asked for.
    pub recipient: &'a Recipient,
    /// What became of the message.
    pub fate: Fate,
    /// What was said of it last.
    pub reply: Option<&'a Reply>,
    /// When it was tried last.
    pub last_attempt: Option<SystemTime>,
    /// Until when it is tried again, if it is.
    pub retried_until: Option<SystemTime>,
}

impl<'a> Report<'a> {
    /// A recipient of whom nothing else is known.
    pub fn new(recipient: &'a Recipient, fate: Fate) -> Self {
        Self { recipient, fate, reply: None, last_attempt: None, retried_until: None }
    }

    /// A recipient with this outcome.
    pub fn of(recipient: &'a Recipient, reply: &'a Reply) -> Self {
        Self { reply: Some(reply), ..Self::new(recipient, Fate::of(reply)) }
    }

    /// A recipient that was expanded on its way here (see [`Expansion`](smtp_core::Expansion)). To a list it
    /// was delivered with that (RFC 3461 section 5.2.7.1).
    pub fn of_expanded(expanded: &'a Expanded) -> Self {
        Self::new(&expanded.recipient, if expanded.is_list { Fate::Delivered } else { Fate::Expanded })
    }

    /// What was said last.
    #[must_use]
    pub fn reply(mut self, reply: &'a Reply) -> Self {
        self.reply = Some(reply);
        self
    }

    /// When it was tried last.
    #[must_use]
    pub fn last_attempt(mut self, time: SystemTime) -> Self {
        self.last_attempt = Some(time);
        self
    }

    /// Until when it is tried again.
    #[must_use]
    pub fn retried_until(mut self, time: SystemTime) -> Self {
        self.retried_until = Some(time);
        self
    }

    /// Whether nobody keeps the time any more by which its sender wants to be told (`BY=..;N`), where it went.
    pub(super) fn is_untimed(&self, original: &Original<'_>) -> bool {
        let remote = self.reply.and_then(Reply::remote).filter(|remote| !remote.keeps_time);
        original.late_at().is_some()
            && remote.is_some_and(|remote| remote.acceptance != Acceptance::Delivered)
    }

    /// What the sender wants to hear; `None` if it did not say.
    pub(super) fn notify(&self) -> Option<Notify> {
        self.recipient.parameters.typed().ok().flatten()
    }

    /// The recipient that the sender wrote, if that is known.
    pub(super) fn original_recipient(&self) -> Option<OriginalRecipient> {
        self.recipient.parameters.typed().ok().flatten()
    }
}
