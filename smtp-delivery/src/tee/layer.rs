use smtp_core::Recipient;
use tower_layer::Layer;

use super::Tee;
use crate::SpoolOptions;

/// Gives a copy of each message to a second delivery; see the [module](super).
///
/// Without more, the copy is made of what was delivered: for the recipients that the main delivery took
/// the message for, after it has. If it fails, that is logged, and changes no outcome.
///
/// The message is read whole first, through [`Spooled`](crate::Spooled).
#[derive(Debug, Clone)]
pub struct TeeLayer<C> {
    pub(super) copy: C,
    pub(super) recipients: Option<Vec<Recipient>>,
    pub(super) required: bool,
    pub(super) spool: SpoolOptions,
}

impl<C> TeeLayer<C> {
    /// Copies go to `copy`.
    pub fn new(copy: C) -> Self {
        Self { copy, recipients: None, required: false, spool: SpoolOptions::default() }
    }

    /// The copy is for these recipients rather than for those of the message.
    #[must_use]
    pub fn recipients(mut self, recipients: impl IntoIterator<Item = Recipient>) -> Self {
        self.recipients = Some(recipients.into_iter().collect());
        self
    }

    /// Nothing is delivered of which there is no copy: the copy is made first, and where one of its
    /// recipients does not get it, the message is deferred with 451 4.3.0. Whoever tries again sends
    /// another copy; what the main delivery refuses has one, too.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// How messages are spooled.
    #[must_use]
    pub fn spool(mut self, options: SpoolOptions) -> Self {
        self.spool = options;
        self
    }
}

impl<S, C: Clone> Layer<S> for TeeLayer<C> {
    type Service = Tee<S, C>;

    fn layer(&self, inner: S) -> Tee<S, C> {
        Tee { inner, settings: self.clone() }
    }
}
