//! What the delivery tier takes and gives.

use std::sync::Arc;

use crate::{Body, Envelope, Reply, Session};

/// A message on its way.
#[derive(Debug)]
pub struct Message {
    /// The sender, and the recipients that this delivery is for.
    pub envelope: Arc<Envelope>,
    /// The content: octets with CRLF line ends, without dot-stuffing.
    pub body: Body,
    /// The session in which it came.
    pub session: Session,
}

impl Message {
    /// Joins the three.
    pub fn new(envelope: Arc<Envelope>, body: Body, session: Session) -> Self {
        Self { envelope, body, session }
    }
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcomes {
    /// The same for all recipients.
    All(Reply),
    /// One for each recipient, in the order of the envelope.
    Each(Vec<Reply>),
}

impl Outcomes {
    /// The outcome as one reply, as SMTP wants it: the worst of them. The client then tries again
    /// or tells the sender; who already has the message may get it twice, but nobody loses it.
    pub fn fold(self) -> Reply {
        match self {
            Self::All(reply) => reply,
            Self::Each(mut replies) => {
                let worst = [Reply::is_transient, Reply::is_permanent]
                    .iter()
                    .find_map(|failed| replies.iter().position(failed))
                    .unwrap_or(0);
                if replies.is_empty() {
                    Reply::new(451, "4.3.0 the delivery gave no outcome")
                } else {
                    replies.swap_remove(worst)
                }
            }
        }
    }
}

impl Outcomes {
    /// The outcome as one reply that also has each recipient's, as LMTP wants it.
    pub fn into_each(self) -> Reply {
        match self {
            Self::All(reply) => reply,
            Self::Each(replies) => {
                let copies = replies.iter().map(Reply::without_effects).collect();
                Self::Each(replies).fold().and_each(copies)
            }
        }
    }
}

impl From<Reply> for Outcomes {
    fn from(reply: Reply) -> Self {
        Self::All(reply)
    }
}
