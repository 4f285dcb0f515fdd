use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{
    BoxError, BoxFuture, DeliveryService, Envelope, Mailbox, Message, Outcomes, Recipient, Reply, Route,
};
use tower_layer::Layer;
use tower_service::Service;

use super::{AliasDirectory, Resolution, Users};

/// Sends a message to the members in the place of the aliases among its recipients: a layer of the delivery
/// tier. Each member gets it once. Members here have `Route::Local`, others `Route::Relay`.
///
/// What becomes of an alias is the worst that becomes of its members. Where all recipients are lists of one
/// owner, that is the sender.
pub struct AliasLayer<U> {
    directory: AliasDirectory<U>,
}

impl<U: Users> AliasLayer<U> {
    /// Looks up in this directory.
    pub fn new(directory: AliasDirectory<U>) -> Self {
        Self { directory }
    }
}

impl<D, U> Layer<D> for AliasLayer<U> {
    type Service = AliasService<D, U>;

    fn layer(&self, inner: D) -> Self::Service {
        AliasService { inner, directory: self.directory.clone() }
    }
}

/// The service of an [`AliasLayer`].
pub struct AliasService<D, U> {
    inner: D,
    directory: AliasDirectory<U>,
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

    fn call(&mut self, mut message: Message) -> Self::Future {
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, stays);
        let directory = self.directory.clone();
        Box::pin(async move {
            let expanded = Expanded::of(&message.envelope, &directory).await?;
            if expanded.envelope.recipients.is_empty() {
                return Ok(empty().into());
            }
            message.envelope = Arc::new(expanded.envelope);
            let outcomes = ready.call(message).await.map_err(Into::into)?;
            Ok(fold(outcomes, &expanded.members))
        })
    }
}

/// An envelope with members in the place of aliases.
struct Expanded {
    envelope: Envelope,
    /// For each recipient of before, the places of its members in the new envelope.
    members: Vec<Vec<usize>>,
}

impl Expanded {
    async fn of<U: Users>(envelope: &Envelope, directory: &AliasDirectory<U>) -> Result<Self, BoxError> {
        let mut expanded = Self { envelope: Envelope::new(envelope.sender.clone()), members: Vec::new() };
        let mut places = HashMap::new();
        let mut owners = Vec::new();
        for recipient in &envelope.recipients {
            let address = directory.address_of(&recipient.path);
            let resolution = match address.filter(|_| recipient.route == Some(Route::Local)) {
                Some(mailbox) => directory.resolve(&mailbox).await?,
                None => Resolution::Elsewhere,
            };
            let (members, owner) = match resolution {
                Resolution::Members { members, owner } => {
                    let recipients =
                        members.into_iter().map(|member| of_member(recipient, member, directory));
                    (recipients.collect(), owner)
                }
                _ => (vec![recipient.clone()], None),
            };
            owners.push(owner);
            let places = members.into_iter().map(|member| {
                *places.entry(member.path.to_string().to_ascii_lowercase()).or_insert_with(|| {
                    expanded.envelope.recipients.push(member);
                    expanded.envelope.recipients.len() - 1
                })
            });
            expanded.members.push(places.collect());
        }
        // Bounces of bounces go nowhere, whoever owns the list.
        if let Some(Some(owner)) = owners.first()
            && owners.iter().all(|other| other.as_ref() == Some(owner))
            && !envelope.sender.path.is_null()
        {
            expanded.envelope.sender.path = owner.clone().into();
        }
        Ok(expanded)
    }
}

/// The recipient for a member: with the parameters of the alias.
fn of_member<U: Users>(alias: &Recipient, member: Mailbox, directory: &AliasDirectory<U>) -> Recipient {
    let is_local = member.domain().is_some_and(|domain| directory.is_local(domain));
    let route = if is_local { Route::Local } else { Route::Relay };
    Recipient { path: member.into(), ..alias.clone() }.routed(route)
}

fn empty() -> Reply {
    Reply::new(550, "5.1.1 the list is empty")
}

/// The outcome of each recipient of before.
fn fold(outcomes: Outcomes, members: &[Vec<usize>]) -> Outcomes {
    let replies = match outcomes {
        Outcomes::All(reply) => return reply.into(),
        Outcomes::Each(replies) => replies,
    };
    let of_one = |places: &Vec<usize>| {
        if places.is_empty() {
            return empty();
        }
        let each = places.iter().filter_map(|place| replies.get(*place)).map(Reply::without_effects);
        Outcomes::Each(each.collect()).fold()
    };
    Outcomes::Each(members.iter().map(of_one).collect())
}

impl<D: Clone, U> Clone for AliasService<D, U> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), directory: self.directory.clone() }
    }
}

impl<U> Clone for AliasLayer<U> {
    fn clone(&self) -> Self {
        Self { directory: self.directory.clone() }
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
