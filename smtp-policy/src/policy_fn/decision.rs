use std::borrow::Cow;
use std::fmt;

use smtp_core::{Extensions, Recipient, Reply};

use super::changes::{Changes, Tag};

/// What a policy says.
///
/// A function that has no more to say than yes or no returns `Result<(), Reply>`; the rest is here.
///
/// ```
/// use smtp_core::{Mail, Reply, Session};
/// use smtp_policy::{Decision, policy_fn};
///
/// let bulk = policy_fn(|mail: Mail, _: Session| async move {
///     match mail.path.mailbox().map(|mailbox| mailbox.host().to_string()).as_deref() {
///         Some("spam.example") => Decision::discard(),
///         Some("bulk.example") => Decision::accept().add_header("Precedence", "bulk"),
///         Some("gone.example") => Decision::refuse(Reply::new(550, "5.7.1 goodbye").and_close()),
///         _ => Decision::accept(),
///     }
/// });
/// # let _ = tower::ServiceBuilder::new().layer(bulk);
/// ```
#[must_use = "a decision is to be returned"]
pub struct Decision {
    pub(super) verdict: Verdict,
    /// The policy that said so, where several were asked.
    pub(super) by: Option<Cow<'static, str>>,
    pub(super) changes: Option<Box<Changes>>,
}

pub(super) enum Verdict {
    /// The command goes on.
    Accept,
    /// It is answered here.
    Answer(Reply),
    /// The message, or that for one recipient, is accepted and thrown away.
    Discard,
}

impl Decision {
    fn new(verdict: Verdict) -> Self {
        Self { verdict, by: None, changes: None }
    }

    /// The command goes on into the stack, which may still refuse it.
    pub fn accept() -> Self {
        Self::new(Verdict::Accept)
    }

    /// The command is answered with this reply, and the stack below does not see it. A reply with
    /// [`Reply::and_close`], or with code 421, ends the connection too. With a positive reply the policy
    /// accepts in the place of the stack below.
    pub fn refuse(reply: Reply) -> Self {
        Self::new(Verdict::Answer(reply))
    }

    /// The client hears that all is well, and the message is thrown away: at RCPT for this recipient, at the
    /// other stages of a message for all of them, and at those of the connection all its messages. For VRFY
    /// and EXPN, where there is no message, it is the same as [`accept`](Self::accept).
    pub fn discard() -> Self {
        Self::new(Verdict::Discard)
    }

    /// The message goes to others than the client named: at RCPT to this recipient in the place of that one,
    /// at all other stages to these in the place of all, for example to one who looks at what is suspicious.
    ///
    /// At RCPT it is one. Without a route, the layers within say where it goes; behind RCPT nobody
    /// does any more, so give them one: [`Recipient::routed`].
    pub fn redirect(recipients: impl IntoIterator<Item = Recipient>) -> Self {
        let mut decision = Self::accept();
        decision.changes_mut().recipients = Some(recipients.into_iter().collect());
        decision
    }

    /// Puts a field in front of the message. Where it is said before there is one, it waits for it: said of a
    /// connection it goes into all its messages.
    ///
    /// The value may be of any origin: it is folded, and encoded where it is not ASCII. A name that is none
    /// is a bug of the caller: it panics in debug builds and is left out in release builds.
    pub fn add_header(mut self, name: &str, value: &str) -> Self {
        let field = crate::header::encode(name, value);
        debug_assert!(field.is_some(), "{name:?} is no name of a header field");
        self.changes_mut().fields.extend(field);
        self
    }

    /// Leaves a note for later layers: in [`Session::transaction`](smtp_core::Session::transaction), or, at
    /// stages that belong to none, in [`Session::connection`](smtp_core::Session::connection). The layers
    /// within see it with this command already.
    pub fn tag<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        let tag: Tag = Box::new(|map: &Extensions| drop(map.insert(value)));
        self.changes_mut().tags.push(tag);
        self
    }

    /// Whether the command, or the message, is taken: also where it is thrown away.
    pub fn accepts(&self) -> bool {
        match &self.verdict {
            Verdict::Accept | Verdict::Discard => true,
            Verdict::Answer(reply) => reply.is_positive(),
        }
    }

    /// The reply, if the command is answered here.
    pub fn reply(&self) -> Option<&Reply> {
        match &self.verdict {
            Verdict::Answer(reply) => Some(reply),
            Verdict::Accept | Verdict::Discard => None,
        }
    }

    /// Which policy decided, where one with a name did.
    pub fn decided_by(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// The same, decided by this policy unless one within it did.
    pub(super) fn named(mut self, name: Cow<'static, str>) -> Self {
        self.by.get_or_insert(name);
        self
    }

    /// The same, decided by whom that one was decided by.
    pub(super) fn decided_as(self, other: Self) -> Self {
        Self { by: other.by, ..self }
    }

    /// Both, where both accept; the later one's name, as it had the last word.
    pub(super) fn and(mut self, later: Self) -> Self {
        if matches!(later.verdict, Verdict::Answer(_)) {
            return later;
        }
        let verdict = match self.verdict {
            Verdict::Accept => later.verdict,
            other => other,
        };
        let changes = match (self.changes.take(), later.changes) {
            (Some(first), Some(second)) => Some(Box::new(first.and(*second))),
            (first, second) => first.or(second),
        };
        Self { verdict, by: later.by.or(self.by), changes }
    }

    fn changes_mut(&mut self) -> &mut Changes {
        self.changes.get_or_insert_default()
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = match &self.verdict {
            Verdict::Accept => f.debug_struct("Accept"),
            Verdict::Discard => f.debug_struct("Discard"),
            Verdict::Answer(reply) => {
                let mut debug = f.debug_struct("Refuse");
                debug.field("reply", reply);
                debug
            }
        };
        debug.field("by", &self.by).finish_non_exhaustive()
    }
}

/// What the function of a policy may return: a `Result<(), Reply>`, or a [`Decision`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no decision of a policy",
    label = "a policy must return a decision",
    note = "return a `Result<(), Reply>`, where `Ok` lets the command pass and `Err` answers it, or a \
            `Decision`"
)]
pub trait IntoDecision: sealed::Sealed + Send {
    /// The decision.
    fn into_decision(self) -> Decision;
}

impl IntoDecision for Decision {
    fn into_decision(self) -> Decision {
        self
    }
}

// For this type alone: with others the compiler could not tell the type of `Ok(())` in a closure.
impl IntoDecision for Result<(), Reply> {
    fn into_decision(self) -> Decision {
        self.map_or_else(Decision::refuse, |()| Decision::accept())
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Decision {}
    impl Sealed for Result<(), smtp_core::Reply> {}
}
