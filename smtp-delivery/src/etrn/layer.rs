use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::EtrnService;

/// Answers ETRN by a function of its argument and the session.
pub struct EtrnLayer<F> {
    answer: Arc<F>,
}

impl<F> EtrnLayer<F> {
    /// `answer` is an async function `Fn(Etrn, Session) -> Reply`. Who may ask is its decision.
    pub fn new(answer: F) -> Self {
        Self { answer: Arc::new(answer) }
    }
}

impl<S, F> Layer<S> for EtrnLayer<F> {
    type Service = EtrnService<S, F>;

    fn layer(&self, inner: S) -> Self::Service {
        EtrnService { inner, answer: Arc::clone(&self.answer) }
    }
}

impl<F> Clone for EtrnLayer<F> {
    fn clone(&self) -> Self {
        Self { answer: Arc::clone(&self.answer) }
    }
}

impl<F> fmt::Debug for EtrnLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EtrnLayer")
    }
}
