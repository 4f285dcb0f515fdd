use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{
    BoxDelivery, BoxError, BoxFuture, DeliveryService, Expansion, Message, Outcomes, Reply, Spool,
};
use tower_layer::Layer;
use tower_service::Service;

use super::copies::Copier;
use super::expanded::{Expansions, empty};
use super::targets::Targets;
use super::{AliasDirectory, Target, Users};

/// Sends a message to the members in the place of the aliases among its recipients: a layer of the delivery
/// tier. Each member gets it once. Members here have `Route::Local`, others `Route::Relay`.
///
/// What becomes of an alias is the worst that becomes of its members. The members of a list with an owner get
/// the message from the owner: one that goes to others, too, is delivered once from each sender.
///
/// Of what the sender wants to hear (RFC 3461 section 5.2.7), members of an alias have all, with the alias as
/// the original recipient, but success where they are several; those of a list have nothing. Those who are
/// expanded so are left to whoever keeps the message, as an [`Expansion`].
pub struct AliasLayer<U> {
    directory: AliasDirectory<U>,
    copier: Copier,
    targets: Targets,
}

impl<U: Users> AliasLayer<U> {
    /// Looks up in this directory.
    pub fn new(directory: AliasDirectory<U>) -> Self {
        Self { directory, copier: Copier::default(), targets: Targets::default() }
    }

    /// Where the content of a message is kept that is delivered from several senders: `SpoolOptions` of
    /// `smtp-delivery`, say. Without this it is kept in memory, and a message of more than 1 MiB has the
    /// outcome 452 4.5.3.
    #[must_use]
    pub fn spool(mut self, spool: impl Spool) -> Self {
        self.copier = Copier::new(spool);
        self
    }

    /// Delivers to programs and files, where [`AliasOptions`](super::AliasOptions) let members be those:
    /// `choose` gives a delivery for each, that of a program for example. The recipient of the message is the
    /// alias then. Without this, and where `choose` gives none, the outcome is 451 4.3.5.
    #[must_use]
    pub fn targets(
        mut self,
        choose: impl Fn(&Target) -> Option<BoxDelivery> + Send + Sync + 'static,
    ) -> Self {
        self.targets = Targets::new(choose);
        self
    }
}

impl<D, U> Layer<D> for AliasLayer<U> {
    type Service = AliasService<D, U>;

    fn layer(&self, inner: D) -> Self::Service {
        let Self { directory, copier, targets } = self.clone();
        AliasService { inner, directory, copier, targets }
    }
}

/// The service of an [`AliasLayer`].
pub struct AliasService<D, U> {
    inner: D,
    directory: AliasDirectory<U>,
    copier: Copier,
    targets: Targets,
}

impl<D, U> Service<Message> for AliasService<D, U>
where
    D: DeliveryService + Clone,
    U: Users,
{
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, message: Message) -> Self::Future {
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, stays);
        let directory = self.directory.clone();
        let copier = self.copier.clone();
        let targets = self.targets.clone();
        Box::pin(async move {
            let Message { envelope, body, session } = message;
            let mut expansions = Expansions::of(&envelope, &directory).await?;
            if !expansions.expanded.is_empty() {
                let (sender, recipients) =
                    (envelope.sender.clone(), std::mem::take(&mut expansions.expanded));
                session.transaction().insert(Expansion { sender, recipients });
            }
            let mut envelopes = std::mem::take(&mut expansions.envelopes).into_iter().map(Arc::new);
            let (first, second) = (envelopes.next(), envelopes.next());
            let first = match (first, &second, expansions.targets.is_empty()) {
                (None, _, true) => return Ok(empty().into()),
                (Some(only), None, true) => {
                    let replies = deliver(&mut ready, Message::new(only, body, session)).await?;
                    return Ok(expansions.fold(&[replies], &[]));
                }
                (first, ..) => first,
            };
            let copies = copier.copies(body).await?;
            let mut replies = Vec::new();
            // One after the other: they may want the same of what is limited.
            for envelope in first.into_iter().chain(second).chain(envelopes) {
                let count = envelope.recipients.len();
                let message = Message::new(envelope, copies(), session.clone());
                let outcomes = async {
                    poll_fn(|cx| ready.poll_ready(cx)).await.map_err(Into::into)?;
                    deliver(&mut ready, message).await
                };
                replies.push(outcomes.await.unwrap_or_else(|error| each(&failed(error), count)));
            }
            let mut of_targets = Vec::with_capacity(expansions.targets.len());
            for (target, envelope) in &expansions.targets {
                let message = Message::new(Arc::new(envelope.clone()), copies(), session.clone());
                of_targets.push(targets.deliver(target, message).await);
            }
            Ok(expansions.fold(&replies, &of_targets))
        })
    }
}

/// Delivers to the recipients of one envelope; each has an outcome.
async fn deliver(service: &mut impl DeliveryService, message: Message) -> Result<Vec<Reply>, BoxError> {
    let count = message.envelope.recipients.len();
    Ok(match service.call(message).await.map_err(Into::into)? {
        Outcomes::All(reply) => each(&reply, count),
        Outcomes::Each(replies) => replies,
    })
}

fn each(reply: &Reply, count: usize) -> Vec<Reply> {
    (0..count).map(|_| reply.without_effects()).collect()
}

/// What an error of one delivery of several means to its recipients.
fn failed(error: BoxError) -> Reply {
    match error.downcast::<Reply>() {
        Ok(reply) => *reply,
        Err(error) => {
            tracing::warn!(%error, "delivery failed");
            Reply::new(451, "4.3.0 delivery failed, try again later")
        }
    }
}

impl<D: Clone, U> Clone for AliasService<D, U> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            directory: self.directory.clone(),
            copier: self.copier.clone(),
            targets: self.targets.clone(),
        }
    }
}

impl<U> Clone for AliasLayer<U> {
    fn clone(&self) -> Self {
        Self { directory: self.directory.clone(), copier: self.copier.clone(), targets: self.targets.clone() }
    }
}

impl<D, U> fmt::Debug for AliasService<D, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AliasService").finish_non_exhaustive()
    }
}

impl<U> fmt::Debug for AliasLayer<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AliasLayer").finish_non_exhaustive()
    }
}
