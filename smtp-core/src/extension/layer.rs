use tower_layer::Layer;

use super::ExtensionService;

/// Brings an [`Extension`](super::Extension) into a stack: offers it and refuses parameters that it
/// does not like.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExtensionLayer<E> {
    extension: E,
}

impl<E> ExtensionLayer<E> {
    /// Offers `extension`.
    pub fn new(extension: E) -> Self {
        Self { extension }
    }
}

impl<S, E: Clone> Layer<S> for ExtensionLayer<E> {
    type Service = ExtensionService<S, E>;

    fn layer(&self, inner: S) -> Self::Service {
        ExtensionService { inner, extension: self.extension.clone() }
    }
}
