//! What a policy that accepts changes, and how that is kept until there is a message.

use std::sync::Arc;

use bytes::Bytes;
use smtp_core::{Command, Envelope, Extensions, Recipient, Reply, Request, Session};

use super::stage::Scope;

/// Puts a value into a map.
pub(super) type Tag = Box<dyn FnOnce(&Extensions) + Send>;

#[derive(Default)]
pub(super) struct Changes {
    pub(super) fields: Vec<Bytes>,
    pub(super) tags: Vec<Tag>,
    pub(super) recipients: Option<Vec<Recipient>>,
}

impl Changes {
    pub(super) fn and(mut self, later: Self) -> Self {
        self.fields.extend(later.fields);
        self.tags.extend(later.tags);
        Self { recipients: later.recipients.or(self.recipients), ..self }
    }
}

/// What is to be done with a message that is still to come: in the map of its transaction, or in that of its
/// connection for all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    pub(super) fields: Vec<Bytes>,
    pub(super) recipients: Option<Vec<Recipient>>,
    pub(super) discarded: bool,
}

/// Stands in the transaction once the notes of the connection were followed.
struct Followed;

impl Notes {
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.recipients.is_none() && !self.discarded
    }

    /// Keeps them where they belong.
    pub(super) fn keep(self, scope: Scope, session: &Session) {
        scope.map(session).with(|notes: &mut Self| {
            notes.fields.extend(self.fields);
            notes.recipients = self.recipients.or(notes.recipients.take());
            notes.discarded |= self.discarded;
        });
    }

    /// Those that are there when the message comes. The first who asks follows them.
    pub(super) fn take(session: &Session) -> Option<Self> {
        let of_transaction = session.transaction().remove::<Self>();
        let of_connection = session.connection().get::<Self>();
        let of_connection =
            of_connection.filter(|notes| notes.discarded || session.transaction().insert(Followed).is_none());
        match (of_connection, of_transaction) {
            (Some(mut all), Some(one)) => {
                all.fields.extend(one.fields);
                let recipients = one.recipients.or(all.recipients);
                Some(Self { recipients, discarded: all.discarded || one.discarded, ..all })
            }
            (all, one) => all.or(one),
        }
    }
}

/// Puts fields in front of the message.
pub(super) fn add_fields(request: &mut Request, fields: Vec<Bytes>) {
    if let Command::Data(body) = &mut request.command {
        *body = fields
            .into_iter()
            .fold(std::mem::replace(body, smtp_core::Body::empty()), smtp_core::Body::prepend);
    }
}

/// Sends the message to these.
pub(super) fn redirect(request: &mut Request, recipients: Vec<Recipient>) {
    if let Some(envelope) = request.session.envelope() {
        let envelope = Envelope { sender: envelope.sender.clone(), recipients };
        request.session = request.session.with_envelope(Arc::new(envelope));
    }
}

/// What is left to do once the stack below has answered.
pub(super) struct After {
    /// Kept if the answer is positive.
    pub(super) notes: Notes,
    pub(super) scope: Scope,
    pub(super) session: Session,
    /// RCPT: who takes the place of whom the client named.
    pub(super) recipient: Option<Recipient>,
    /// The message went to others: what became of each is not what became of those whom the client named.
    pub(super) redirected: bool,
}

impl After {
    pub(super) fn finish(self, reply: Reply) -> Reply {
        let reply = if self.redirected { reply.without_each() } else { reply };
        if !reply.is_positive() {
            return reply;
        }
        if !self.notes.is_empty() {
            self.notes.keep(self.scope, &self.session);
        }
        match self.recipient {
            Some(recipient) if reply.effects().is_none_or(|effects| effects.recipient.is_none()) => {
                reply.and_recipient(recipient)
            }
            _ => reply,
        }
    }
}
