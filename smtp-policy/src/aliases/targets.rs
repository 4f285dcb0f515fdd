//! Programs and files as members: who delivers there.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use smtp_core::{BoxDelivery, Message, Outcomes, Reply};
use tower_service::Service;

use super::Target;

/// Chooses a delivery for each program and file.
#[derive(Clone)]
pub(super) struct Targets(Arc<Choose>);

type Choose = dyn Fn(&Target) -> Option<BoxDelivery> + Send + Sync;

impl Targets {
    pub(super) fn new(choose: impl Fn(&Target) -> Option<BoxDelivery> + Send + Sync + 'static) -> Self {
        Self(Arc::new(choose))
    }

    /// What became of a message for one of them.
    pub(super) async fn deliver(&self, target: &Target, message: Message) -> Reply {
        let Some(mut delivery) = (self.0)(target) else {
            tracing::error!(%target, "there is no delivery for a member of an alias");
            return Reply::new(451, "4.3.5 the alias cannot be followed now");
        };
        let outcomes = async {
            poll_fn(|cx| delivery.poll_ready(cx)).await?;
            delivery.call(message).await
        };
        outcomes.await.map(Outcomes::fold).unwrap_or_else(|error| {
            tracing::error!(%target, %error, "a member of an alias cannot be delivered to");
            Reply::new(451, "4.3.0 the alias cannot be followed now")
        })
    }
}

impl Default for Targets {
    /// None for any.
    fn default() -> Self {
        Self::new(|_| None)
    }
}

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Targets")
    }
}
