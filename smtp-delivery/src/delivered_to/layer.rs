use tower_layer::Layer;

use super::DeliveredTo;
use crate::SpoolOptions;

/// Puts `Delivered-To: address` in front of each message, and refuses with 554 5.4.6 those that have one
/// with the same address already: they were delivered to it before, and came back. It belongs around local
/// deliveries.
///
/// Each recipient gets a message of its own, so that nobody learns who else got a copy; a message for
/// several is [spooled](crate::Spooled) for that.
#[derive(Debug, Clone, Default)]
pub struct DeliveredToLayer {
    pub(super) spool: SpoolOptions,
}

impl DeliveredToLayer {
    /// The layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// How messages for several recipients are spooled.
    #[must_use]
    pub fn spool(mut self, options: SpoolOptions) -> Self {
        self.spool = options;
        self
    }
}

impl<S> Layer<S> for DeliveredToLayer {
    type Service = DeliveredTo<S>;

    fn layer(&self, inner: S) -> DeliveredTo<S> {
        DeliveredTo { inner, spool: self.spool.clone() }
    }
}
