//! Layers that are there or not.
//!
//! With tower's `option_layer` the type of the stack has all that is inside twice, at each such layer anew: after a
//! dozen of them the compiler takes minutes and gigabytes. Here the types end at each.

use smtp_server::{BoxSmtpService, SmtpService};
use tower::Layer;
use tower::layer::{LayerFn, layer_fn};

/// A layer, if there is one. What is inside of it has to be [`boxed`], and what comes out is.
#[derive(Debug, Clone)]
pub(crate) struct Optional<L>(Option<L>);

pub(crate) fn optional<L>(layer: Option<L>) -> Optional<L> {
    Optional(layer)
}

impl<L> Layer<BoxSmtpService> for Optional<L>
where
    L: Layer<BoxSmtpService, Service: SmtpService + Clone + Sync>,
{
    type Service = BoxSmtpService;

    fn layer(&self, inner: BoxSmtpService) -> BoxSmtpService {
        match &self.0 {
            Some(layer) => BoxSmtpService::new(layer.layer(inner)),
            None => inner,
        }
    }
}

/// Ends the type of what is inside.
pub(crate) fn boxed<S: SmtpService + Clone + Sync>() -> LayerFn<fn(S) -> BoxSmtpService> {
    layer_fn(BoxSmtpService::new)
}
