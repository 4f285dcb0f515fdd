use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use smtp_core::extension::{ByMode, HoldFor, HoldUntil, Priority, TypedParameter};
use smtp_core::{BodyError, BoxFuture, DeliveryService, Expansion, Mail, Message, Outcomes, Reply, Session};
use tower_service::Service;

use super::builder::LOCAL;
use super::judge;
use super::schedule::later;
use super::shared::{News, Shared};
use super::store::NewMessage;
use super::{Builder, Entry, Job, Origin, Pending, QueueHandle, Store, StoreError, Worker};
use crate::TraceId;
use crate::bounce::Written;

/// The front of a queue: stores messages and answers. Cheap to clone. See the [module](super).
///
/// The answer is `250 2.0.0 queued as ..` for all recipients, once the message is durable; 452 4.3.1
/// where the queue or the disk is full, 451 4.3.0 where the store fails.
#[derive(Debug, Clone)]
pub struct Queue(Arc<Shared>);

/// That a message has its name already: of two that a layer made of one, the second gets another.
#[derive(Debug, Clone, Copy)]
struct Named;

impl Queue {
    /// A queue in `store` before `inner`, with defaults: the front, and the worker that the application
    /// runs.
    pub fn new<D: DeliveryService + Clone>(store: impl Store, inner: D) -> (Self, Worker<D>) {
        Self::builder(store).build(inner)
    }

    /// A queue with other settings than the defaults.
    pub fn builder(store: impl Store) -> Builder {
        Builder::new(store)
    }

    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> Arc<Shared> {
        self.0.clone()
    }

    /// For the operator.
    pub fn handle(&self) -> QueueHandle {
        QueueHandle::of(self.0.clone())
    }

    async fn take(self, message: Message) -> Result<Outcomes, BodyError> {
        let Message { envelope, body, session } = message;
        if envelope.recipients.is_empty() {
            return Ok(Reply::new(554, "5.5.1 no valid recipients").into());
        }
        // What the queue itself says is always taken: a full queue that cannot tell the senders of what fails
        // would never be rid of it. There are at most a few of these for each message that was let in.
        let is_ours =
            session.transaction().get::<Written>().is_some_and(|written| written != Written::ByOthers);
        if !is_ours && self.is_full() {
            tracing::warn!("queue is full");
            return Ok(Reply::new(452, "4.3.1 queue is full, try again later").into());
        }
        let new = self.prepare(envelope.sender.clone(), &envelope.recipients, &session);
        let id = new.entry.id;
        let arrival = Arrival::of(&self.0.news, &new);
        let octets = match self.0.store.insert(new, body).await {
            Ok(octets) => octets,
            Err(error) => {
                arrival.failed();
                if let StoreError::Body(error) = error {
                    return Err(error);
                }
                tracing::error!(%error, "message not stored");
                return Ok(error.reply().into());
            }
        };
        drop(arrival);
        // Of that the sender hears once, however many messages were made of one.
        session.transaction().remove::<Expansion>();
        let (sender, recipients) = (&envelope.sender, envelope.recipients.len());
        tracing::info!(%id, %sender, recipients, octets, "queued");
        Ok(Reply::new(250, format!("2.0.0 queued as {id}")).into())
    }

    fn is_full(&self) -> bool {
        let usage = self.0.store.usage();
        usage.messages >= self.0.capacity.messages || usage.octets >= self.0.capacity.octets
    }

    fn prepare(
        &self,
        mut sender: Mail,
        recipients: &[smtp_core::Recipient],
        session: &Session,
    ) -> NewMessage {
        let now = self.0.now();
        let release = released(&mut sender, now);
        let schedule = &self.0.schedule;
        let lifetime = if sender.path.is_null() { schedule.notification_lifetime } else { schedule.lifetime };
        let priority = typed(&sender).map_or(0, Priority::get);
        let origin = Origin::of(session);
        let whose = origin.account.clone().unwrap_or_else(|| sender.path.to_string().to_lowercase());
        let expires = later(release, lifetime);
        let written = session.transaction().get::<Written>().unwrap_or_default();
        let id = name(session, now);
        let expanded = session.transaction().get::<Expansion>();
        let expanded = expanded.map_or_else(Vec::new, |expansion| judge::expanded(&expansion, &sender));
        let mut entry = Entry { id, sender, origin, arrival: now, release, expires, priority, written };
        entry.expires = entry.deadline(ByMode::Return).map_or(expires, |by| by.min(expires));
        let notice = self.0.next_notice(&entry, None);
        let mut jobs: Vec<Job> = Vec::new();
        for recipient in recipients {
            let destination = (self.0.destination)(recipient);
            if let Some(job) = jobs.iter_mut().find(|job| job.destination == destination) {
                job.recipients.push(recipient.clone().into());
                continue;
            }
            jobs.push(Job {
                number: u32::try_from(jobs.len()).unwrap_or(u32::MAX),
                turn: self.0.turns.next(&destination, whose.clone(), now),
                destination,
                recipients: vec![recipient.clone().into()],
                due: release,
                notice,
                attempts: 0,
                told: None,
            });
        }
        if !expanded.is_empty() {
            jobs.push(self.telling(expanded, jobs.len(), now));
        }
        NewMessage { entry, jobs }
    }

    /// The job of telling of recipients that have met with their fate by coming here.
    fn telling(&self, recipients: Vec<Pending>, number: usize, now: SystemTime) -> Job {
        Job {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            destination: LOCAL.into(),
            recipients,
            due: later(now, judge::UNTRIED),
            notice: now,
            turn: 0,
            attempts: 0,
            told: None,
        }
    }
}

/// Tells the worker of a message, when it is dropped: whoever gives up waiting for the store does not know
/// whether it is there.
struct Arrival<'a> {
    news: &'a News,
    /// The destinations, when something is due there, and when the sender has to hear something.
    waiting: Vec<(Arc<str>, SystemTime, SystemTime)>,
}

impl<'a> Arrival<'a> {
    fn of(news: &'a News, new: &NewMessage) -> Self {
        let waiting = new.jobs.iter().map(|job| (job.destination.clone(), job.due, job.notice));
        Self { news, waiting: waiting.collect() }
    }

    fn failed(mut self) {
        self.waiting.clear();
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        for (destination, due, notice) in self.waiting.drain(..) {
            self.news.waits(destination, due, Some(notice));
        }
    }
}

/// When a message that is held for a time is let go (RFC 4865). Whoever gets it then is not to hold it
/// again.
fn released(sender: &mut Mail, now: SystemTime) -> SystemTime {
    let hold_for = typed(sender).map(|time: HoldFor| later(now, Duration::from_secs(time.seconds().into())));
    let hold_until = typed(sender).map(|HoldUntil(time)| time);
    sender.parameters.remove(HoldFor::KEYWORD);
    sender.parameters.remove(HoldUntil::KEYWORD);
    hold_for.or(hold_until).map_or(now, |release| later(release, Duration::ZERO).max(now))
}

fn typed<T: TypedParameter>(sender: &Mail) -> Option<T> {
    sender.parameters.typed().ok().flatten()
}

/// The name under which the message is known already, if it is the only one to have it.
fn name(session: &Session, now: SystemTime) -> TraceId {
    let transaction = session.transaction();
    match transaction.get::<TraceId>() {
        Some(id) if transaction.insert(Named).is_none() => id,
        _ => TraceId::new(Timestamp::try_from(now).unwrap_or_default()),
    }
}

impl Service<Message> for Queue {
    type Response = Outcomes;
    type Error = BodyError;
    type Future = BoxFuture<Result<Outcomes, BodyError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        Box::pin(self.clone().take(message))
    }
}
