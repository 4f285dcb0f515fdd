use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::ClientNameService;

/// Finds out what each client is called, before it is greeted.
pub struct ClientNameLayer<L> {
    lookup: Arc<L>,
    limit: Duration,
}

impl<L> ClientNameLayer<L> {
    /// Looks up there, for up to five seconds; who has no name by then has none.
    pub fn new(lookup: L) -> Self {
        Self { lookup: Arc::new(lookup), limit: Duration::from_secs(5) }
    }

    /// How long a lookup may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}

impl<L, S> Layer<S> for ClientNameLayer<L> {
    type Service = ClientNameService<S, L>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientNameService::new(inner, Arc::clone(&self.lookup), self.limit)
    }
}

impl<L> Clone for ClientNameLayer<L> {
    fn clone(&self) -> Self {
        Self { lookup: Arc::clone(&self.lookup), limit: self.limit }
    }
}

impl<L> fmt::Debug for ClientNameLayer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientNameLayer").field("limit", &self.limit).finish_non_exhaustive()
    }
}
