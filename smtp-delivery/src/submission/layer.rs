use std::fmt;
use std::sync::Arc;

use smtp_core::{Host, Session};
use tower_layer::Layer;

use super::Submission;

/// Sets messages of users right: adds `Date:` and `Message-ID:` where they lack (RFC 6409 sections 8.3
/// and 8.2), and takes `Bcc:` out. Nothing else is changed, unless it is asked for.
///
/// It belongs into stacks for users alone: who passes on mail of others must not change it (RFC 5321
/// section 6.4). Fields are added at the end of the header, below those that trace it. Of a header, 256
/// KiB are looked at; the rest of the message streams through. A longer one is refused with 552
/// 5.3.4, where `Bcc:` could be in what is not looked at; with [`Bcc::Keep`] nothing of it is changed.
#[derive(Clone)]
pub struct SubmissionLayer {
    pub(super) bcc: Bcc,
    pub(super) sender: bool,
    pub(super) strict: bool,
    pub(super) host: Option<Host>,
    pub(super) applies: Option<Condition>,
}

pub(super) type Condition = Arc<dyn Fn(&Session) -> bool + Send + Sync>;

/// What becomes of `Bcc:` and `Resent-Bcc:` (RFC 5322 section 3.6.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bcc {
    /// They go: nobody but the sender is to know who is named there.
    #[default]
    Remove,
    /// They go where `To:` or `Cc:` names somebody; otherwise they stay, but name nobody any more, so that
    /// the message still has a field for its recipients.
    EmptyIfAlone,
    /// They stay.
    Keep,
}

impl SubmissionLayer {
    /// `Date:` and `Message-ID:` where they lack, and no `Bcc:`.
    pub fn new() -> Self {
        Self { bcc: Bcc::Remove, sender: false, strict: false, host: None, applies: None }
    }

    /// What becomes of `Bcc:`.
    #[must_use]
    pub fn bcc(mut self, bcc: Bcc) -> Self {
        self.bcc = bcc;
        self
    }

    /// Adds `Sender:` with the address of the envelope's sender where there is none and `From:` does not
    /// name that address (RFC 6409 section 8.1): for servers that know that this is who sends.
    #[must_use]
    pub fn sender(mut self) -> Self {
        self.sender = true;
        self
    }

    /// Refuses with 554 5.6.0 what has no header as it has to be (RFC 6409 section 6.4): one with lines
    /// that are no fields, with more than is looked at, without `From:`, or with two of a field of which
    /// there may be one (RFC 5322 section 3.6).
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// The right-hand side of message identifiers; without this, the server's name.
    #[must_use]
    pub fn host(mut self, host: impl Into<Host>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Leaves the messages of sessions alone for which this does not hold.
    ///
    /// ```
    /// # use smtp_delivery::SubmissionLayer;
    /// let layer = SubmissionLayer::new().only_if(|session| session.identity().is_some());
    /// ```
    #[must_use]
    pub fn only_if(mut self, condition: impl Fn(&Session) -> bool + Send + Sync + 'static) -> Self {
        self.applies = Some(Arc::new(condition));
        self
    }
}

impl Default for SubmissionLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for SubmissionLayer {
    type Service = Submission<S>;

    fn layer(&self, inner: S) -> Submission<S> {
        Submission { inner, rules: self.clone() }
    }
}

impl fmt::Debug for SubmissionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmissionLayer")
            .field("bcc", &self.bcc)
            .field("sender", &self.sender)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}
