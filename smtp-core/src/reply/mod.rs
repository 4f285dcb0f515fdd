//! Replies (RFC 5321 section 4.2) and the effects that the driver applies with them.

mod code;
mod effects;
mod remote;
mod text;
mod wire;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

pub use code::{EnhancedStatus, ReplyCode, Severity};
pub use effects::{Effects, UpgradeFn};
pub use remote::{Acceptance, Remote};
use text::clean;
pub use wire::ReplyParser;

use crate::{Capabilities, ConnectionInfo, Identity, Mail, Recipient, Upgrade};

/// What a command is answered with: a code, an enhanced status code (RFC 3463), lines of text,
/// and effects on the session.
///
/// An enhanced status code in front of the text becomes the reply's status; line feeds in the
/// text divide it into lines. Text of any origin is safe: what could break the line discipline
/// is replaced, and what is not ASCII is escaped on the wire, unless the client said that it takes
/// UTF-8.
///
/// ```
/// use smtp_core::Reply;
///
/// let reply = Reply::new(550, "5.1.1 no such user\nask the postmaster");
/// assert_eq!(reply.code().get(), 550);
/// assert_eq!(reply.status().unwrap().to_string(), "5.1.1");
/// assert_eq!(reply.lines().collect::<Vec<_>>(), ["no such user", "ask the postmaster"]);
/// ```
///
/// A reply is also an error, so that a service may return a refusal with `?`.
pub struct Reply {
    code: ReplyCode,
    status: Option<EnhancedStatus>,
    /// Lines divided by line feeds; otherwise printable.
    text: Cow<'static, str>,
    effects: Option<Box<Effects>>,
    remote: Option<Box<Remote>>,
    /// In seconds; 0 for none.
    retry_after: u32,
}

impl Reply {
    /// A reply with this code and text.
    ///
    /// The class of a status in front of the text is made that of the code: `550` with `2.1.0` is
    /// `5.1.0`.
    ///
    /// A code outside 200 to 599 is a bug of the caller: it panics in debug builds and becomes
    /// 451 in release builds.
    pub fn new(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        let code = ReplyCode::new(code);
        debug_assert!(code.is_some(), "reply code outside 200..=599");
        let code = code.unwrap_or(ReplyCode::LOCAL_ERROR);
        let text = text.into();
        let (status, text) = match EnhancedStatus::split_from(&text) {
            None => (None, text),
            Some((status, skip)) => (
                Some(status.with_severity(code.severity())),
                match text {
                    Cow::Borrowed(text) => Cow::Borrowed(&text[skip..]),
                    Cow::Owned(mut text) => {
                        text.drain(..skip);
                        Cow::Owned(text)
                    }
                },
            ),
        };
        let status = status.filter(|_| code.severity() != Severity::Intermediate);
        Self { code, status, text: clean(text), effects: None, remote: None, retry_after: 0 }
    }

    /// The reply code.
    pub fn code(&self) -> ReplyCode {
        self.code
    }

    /// The enhanced status code.
    pub fn status(&self) -> Option<EnhancedStatus> {
        self.status
    }

    /// The lines of text; at least one, which may be empty.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n')
    }

    /// The text, its lines divided by line feeds.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the code is 2xx.
    pub fn is_positive(&self) -> bool {
        self.code.severity() == Severity::Positive
    }

    /// Whether the code is 4xx.
    pub fn is_transient(&self) -> bool {
        self.code.severity() == Severity::Transient
    }

    /// Whether the code is 5xx.
    pub fn is_permanent(&self) -> bool {
        self.code.severity() == Severity::Permanent
    }

    /// Sets the enhanced status code; its class is that of the reply code.
    #[must_use]
    pub fn with_status(mut self, status: EnhancedStatus) -> Self {
        self.status = Some(status.with_severity(self.code.severity()));
        self
    }

    /// Replaces the text and keeps everything else.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.text = clean(text.into());
        self
    }

    /// Closes the connection behind this reply. Code 421 does so by itself.
    #[must_use]
    pub fn and_close(mut self) -> Self {
        self.effects_mut().close = true;
        self
    }

    /// Hands the transport over once this reply is written; fits STARTTLS only.
    #[must_use]
    pub fn and_upgrade(mut self, upgrade: impl Upgrade) -> Self {
        self.effects_mut().upgrade = Some(UpgradeFn::new(upgrade));
        self
    }

    /// Begins the session anew as that of the client in `info`: the driver forgets what it knew but
    /// for TLS, and calls the stack with [`Command::Connect`](crate::Command::Connect), whose reply is
    /// the answer. Fits a positive reply to a verb of an extension only, XCLIENT for example.
    #[must_use]
    pub fn and_restart(mut self, info: ConnectionInfo) -> Self {
        self.effects_mut().restart = Some(Box::new(info));
        self
    }

    /// Makes `identity` that of the session; fits AUTH, and a session that begins anew, only.
    #[must_use]
    pub fn and_authenticate(mut self, identity: Identity) -> Self {
        self.effects_mut().identity = Some(identity);
        self
    }

    /// Puts this sender into the envelope rather than the one that the client wrote; fits MAIL
    /// only.
    #[must_use]
    pub fn and_sender(mut self, mail: Mail) -> Self {
        self.effects_mut().sender = Some(mail);
        self
    }

    /// Puts this recipient into the envelope rather than the one that the client wrote; fits
    /// RCPT only.
    #[must_use]
    pub fn and_recipient(mut self, recipient: Recipient) -> Self {
        self.effects_mut().recipient = Some(recipient);
        self
    }

    /// Answers for each recipient of a message by itself, in the order of RCPT; fits DATA only, and
    /// comes to effect in LMTP only (RFC 2033 section 4.2). The effects of these replies do not.
    #[must_use]
    pub fn and_each(mut self, replies: Vec<Reply>) -> Self {
        self.effects_mut().each = replies;
        self
    }

    /// Takes back what [`and_each`](Self::and_each) gave, where there is room for one reply only.
    #[must_use]
    pub fn without_each(mut self) -> Self {
        self.take_each();
        self
    }

    /// The capabilities that go out with this reply to EHLO, to be edited by each layer on its
    /// way out.
    pub fn capabilities_mut(&mut self) -> &mut Capabilities {
        &mut self.effects_mut().capabilities
    }

    /// Says that another server gave this reply.
    #[must_use]
    pub fn from_remote(mut self, remote: Remote) -> Self {
        self.remote = Some(Box::new(remote));
        self
    }

    /// The server that gave this reply, where it is not this one.
    pub fn remote(&self) -> Option<&Remote> {
        self.remote.as_deref()
    }

    /// Says that there is no use in another attempt for so long, in whole seconds, of which a part counts as
    /// one. For outcomes of deliveries: a queue tries such a message no earlier. Nothing of it goes over the wire.
    ///
    /// ```
    /// use std::time::Duration;
    /// use smtp_core::Reply;
    ///
    /// let busy = Reply::new(451, "4.3.2 try again later").with_retry_after(Duration::from_mins(10));
    /// assert_eq!(busy.retry_after(), Some(Duration::from_secs(600)));
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        self.retry_after = u32::try_from(seconds).unwrap_or(u32::MAX);
        self
    }

    /// For how long there is no use in another attempt, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        (self.retry_after > 0).then(|| Duration::from_secs(self.retry_after.into()))
    }

    /// The same without the effects: what goes over the wire, who said it, and when to try again.
    #[must_use]
    pub fn without_effects(&self) -> Self {
        Self {
            code: self.code,
            status: self.status,
            text: self.text.clone(),
            effects: None,
            remote: self.remote.clone(),
            retry_after: self.retry_after,
        }
    }

    /// The effects, for drivers and tests.
    pub fn effects(&self) -> Option<&Effects> {
        self.effects.as_deref()
    }

    /// Takes the effects out, for drivers.
    pub fn take_effects(&mut self) -> Effects {
        self.effects.take().map(|effects| *effects).unwrap_or_default()
    }

    pub(crate) fn take_each(&mut self) -> Vec<Reply> {
        self.effects.as_mut().map(|effects| std::mem::take(&mut effects.each)).unwrap_or_default()
    }

    fn effects_mut(&mut self) -> &mut Effects {
        self.effects.get_or_insert_default()
    }
}

impl PartialEq for Reply {
    /// Compares what goes over the wire; effects, who said it, and when to try again are no part of it.
    fn eq(&self, other: &Self) -> bool {
        (self.code, self.status, &self.text) == (other.code, other.status, &other.text)
    }
}

impl Eq for Reply {}

impl fmt::Display for Reply {
    /// The code, status and text in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        for line in self.lines() {
            write!(f, " {line}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("Reply");
        debug.field(&format_args!("{self}"));
        if let Some(effects) = &self.effects {
            debug.field(effects);
        }
        debug.finish()
    }
}

impl std::error::Error for Reply {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_the_line_discipline() {
        let reply = Reply::new(550, "no\r\n250 yes\rx\0\tz\u{e4}\u{85}\u{2028}\n");
        assert_eq!(reply.lines().collect::<Vec<_>>(), ["no?", "250 yes?x??z\u{e4}??"]);
    }

    #[test]
    fn the_class_of_the_status_is_that_of_the_code() {
        let reply = Reply::new(451, "5.7.1 later");
        assert_eq!(reply.to_string(), "451 4.7.1 later");
        let reply = Reply::new(354, "2.0.0 go ahead");
        assert_eq!(reply.status(), None);
    }

    #[test]
    fn a_number_in_the_text_is_no_status() {
        for text in ["5.1", "5.1.1.1 x", "5.1.1x", "1.2.3 x", "5..1 x", "5.1000.1 x", "5.1."] {
            assert_eq!(Reply::new(550, text).text(), text);
        }
        assert_eq!(Reply::new(550, "5.1.1").to_string(), "550 5.1.1 ");
    }
}
