use tower_layer::Layer;

use crate::{BoxSmtpService, SmtpService};

/// A layer of the session tier that is there or not, as the configuration says.
///
/// tower's `option_layer` does the same with a type that has all of the inner service in it twice, and twice
/// again at the next one: after a dozen the compiler takes minutes and gigabytes. With this one the type of a
/// stack ends at each, in a [`BoxSmtpService`]. That costs an allocation for each command; a layer that is not
/// there costs nothing if what is inside is boxed already, by an optional layer or otherwise.
///
/// ```
/// use smtp_core::extension::{ExtensionLayer, SmtpUtf8};
/// use smtp_core::{BoxSmtpService, OptionalLayer};
/// use tower_layer::Layer;
///
/// # fn stack(deliver: impl smtp_core::SmtpService + Clone + Sync, utf8: bool) -> BoxSmtpService {
/// OptionalLayer::new(utf8.then(|| ExtensionLayer::new(SmtpUtf8))).layer(deliver)
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct OptionalLayer<L>(Option<L>);

impl<L> OptionalLayer<L> {
    /// This layer, if there is one.
    pub fn new(layer: Option<L>) -> Self {
        Self(layer)
    }
}

impl<L, S> Layer<S> for OptionalLayer<L>
where
    S: SmtpService + Clone + Sync,
    L: Layer<S, Service: SmtpService + Clone + Sync>,
{
    type Service = BoxSmtpService;

    fn layer(&self, inner: S) -> BoxSmtpService {
        match &self.0 {
            Some(layer) => BoxSmtpService::new(layer.layer(inner)),
            None => BoxSmtpService::new(inner),
        }
    }
}

#[cfg(test)]
mod tests {
    use tower::{ServiceBuilder, ServiceExt as _, service_fn};

    use super::OptionalLayer;
    use crate::extension::{ExtensionLayer, SmtpUtf8};
    use crate::testing::{facts, request};
    use crate::{BoxError, Reply, Request};

    #[tokio::test]
    async fn what_is_there_answers_and_what_is_not_passes_on() {
        for there in [true, false] {
            let stack = ServiceBuilder::new()
                .layer(OptionalLayer::new(None::<ExtensionLayer<SmtpUtf8>>))
                .layer(OptionalLayer::new(there.then(|| ExtensionLayer::new(SmtpUtf8))))
                .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "ok")) }));
            let mut reply =
                stack.oneshot(request("EHLO client.example", facts().session())).await.expect("a reply");
            assert_eq!(reply.capabilities_mut().get("SMTPUTF8").is_some(), there);
        }
    }
}
