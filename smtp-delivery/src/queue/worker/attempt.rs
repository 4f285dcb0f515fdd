use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use smtp_core::extension::{ByMode, DeliverByTime};
use smtp_core::{Body, BoxDelivery, DeliveryService, EnhancedStatus, Envelope, Message, Reply};
use tokio::time::Instant;

use crate::outcome;
use crate::queue::judge::{self, Judgement};
use crate::queue::scheduler::Health;
use crate::queue::shared::Shared;
use crate::queue::store::{LeasedJob, Settlement};
use crate::queue::{Entry, Job};

/// When somebody is told again who could not be told.
const TELL_AGAIN: Duration = Duration::from_mins(5);
/// Between two attempts to note down what became of a job.
const SETTLE_AGAIN: Duration = Duration::from_secs(5);
/// When a content is read again that could not be: the store may have been away for a moment. Behind a second time it
/// waits like whatever fails.
const READ_AGAIN: Duration = Duration::from_secs(10);

/// Who takes longer to answer may mean to: it is what a client waits for the answer to a command (RFC 5321 section
/// 4.5.3.2).
const IN_TIME: Duration = Duration::from_mins(5);

/// One job on its way: everything from its lease to its settlement.
pub(super) struct Attempt<D> {
    pub(super) shared: Arc<Shared>,
    pub(super) inner: D,
    /// The way of notifications.
    pub(super) through: BoxDelivery,
    pub(super) leased: LeasedJob,
}

impl<D: DeliveryService> Attempt<D> {
    /// Tries to deliver.
    pub(super) async fn deliver(mut self) -> Health {
        let entry = self.leased.entry.clone();
        let waits = self.leased.job.recipients.iter().any(|pending| pending.ended.is_none());
        // The sender wants back what comes late.
        if !waits || entry.deadline(ByMode::Return).is_some_and(|by| by <= self.shared.now()) {
            return self.notice().await;
        }
        let unreadable = Unreadable::default();
        let begun = Instant::now();
        let replies = self.replies(&unreadable).await;
        let mut judgement = judge::attempted(&self.shared, &entry, self.leased.job.clone(), replies);
        if judgement.health == Health::Answers && begun.elapsed() > IN_TIME {
            judgement.health = Health::AnswersLate;
        }
        if unreadable.is_found() {
            // Nothing was learnt of the destination, and others do not wait for this.
            judgement.health = Health::Unknown;
            if !was_unreadable(&self.leased.job) {
                judgement.try_soon(&self.leased.job, self.shared.after(READ_AGAIN));
            }
        }
        self.settle(judgement).await
    }

    /// Looks whether the sender has to hear something.
    pub(super) async fn notice(self) -> Health {
        let judgement = judge::noticed(&self.shared, &self.leased.entry, self.leased.job.clone());
        self.settle(judgement).await
    }

    /// What the delivery says of each recipient.
    async fn replies(&mut self, unreadable: &Unreadable) -> Vec<Reply> {
        let envelope = envelope(&self.leased.entry, &self.leased.job, self.shared.now());
        let count = envelope.recipients.len();
        let Some(body) = content(&self.shared, &self.leased, unreadable).await else {
            return outcome::into_each(cannot_be_read().into(), count);
        };
        let entry = &self.leased.entry;
        let message = Message::new(Arc::new(envelope), body, entry.origin.session());
        message.session.transaction().insert(entry.id);
        let ready = std::future::poll_fn(|cx| self.inner.poll_ready(cx)).await;
        let outcomes = match ready {
            Ok(()) => self.inner.call(message).await,
            Err(error) => Err(error),
        };
        let outcomes = outcomes.unwrap_or_else(|error| outcome::from_error(error.into()).into());
        let mut replies = outcome::into_each(outcomes, count);
        for reply in &mut replies {
            // What is neither of the three is a mistake of the delivery.
            if !(reply.is_positive() || reply.is_transient() || reply.is_permanent()) {
                *reply = Reply::new(451, "4.3.0 the delivery gave no outcome");
            } else if reply.is_transient() && unreadable.is_found() {
                // Whatever that was to the delivery.
                *reply = cannot_be_read();
            }
        }
        replies
    }

    /// Tells who has to be told, and notes down what is left.
    async fn settle(self, mut judgement: Judgement) -> Health {
        let LeasedJob { entry, job, content } = &self.leased;
        log(entry, job, &judgement);
        let telling = self.shared.telling(entry, content.clone());
        let untold = telling.tell(&judgement.events, &self.through).await;
        judgement.keep_untold(job, untold, self.shared.after(TELL_AGAIN));
        let waits = judgement.rest.as_ref().map(|rest| (rest.due, rest.notice));
        let settlement = Settlement { key: self.leased.key(), rest: judgement.rest };
        // Until that is noted down the message would be delivered once more.
        while let Err(error) = self.shared.store.settle(settlement.clone()).await {
            tracing::error!(id = %entry.id, %error, "outcome not stored, trying again");
            tokio::time::sleep(SETTLE_AGAIN).await;
        }
        if let Some((due, notice)) = waits {
            self.shared.news.waits(job.destination.clone(), due, Some(notice));
        }
        self.shared.news.settled.notify_waiters();
        judgement.health
    }
}

const CANNOT_BE_READ: &str = "the message cannot be read here";

fn cannot_be_read() -> Reply {
    Reply::new(451, CANNOT_BE_READ).with_status(EnhancedStatus::new(3, 0))
}

/// Whether that is how the attempt before ended.
fn was_unreadable(job: &Job) -> bool {
    let mut last = job.recipients.iter().filter_map(|pending| pending.last.as_ref());
    last.any(|reply| reply.text() == CANNOT_BE_READ)
}

/// The content, if it can at least begin to be read.
async fn content(shared: &Shared, leased: &LeasedJob, unreadable: &Unreadable) -> Option<Body> {
    if let Some(octets) = &leased.content {
        return Some(Bytes::clone(octets).into());
    }
    match shared.store.content(leased.entry.id).await {
        Ok(body) => Some(unreadable.watch(body)),
        Err(error) => {
            tracing::error!(id = %leased.entry.id, %error, "content cannot be read");
            unreadable.found();
            None
        }
    }
}

/// Whether the content of a message was found to be unreadable while it was delivered.
#[derive(Debug, Clone, Default)]
struct Unreadable(Arc<AtomicBool>);

impl Unreadable {
    fn watch(&self, body: Body) -> Body {
        let watched = (body, self.clone());
        Body::from_stream(futures::stream::unfold(watched, |(mut body, unreadable)| async {
            let chunk = body.next().await?;
            if chunk.is_err() {
                unreadable.found();
            }
            Some((chunk, (body, unreadable)))
        }))
    }

    fn found(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_found(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The envelope of a job, with what is left of the time that the sender gives (RFC 2852 section 4).
fn envelope(entry: &Entry, job: &Job, now: SystemTime) -> Envelope {
    let mut sender = entry.sender.clone();
    if let Ok(Some(by)) = sender.parameters.typed::<DeliverByTime>() {
        let passed = now.duration_since(entry.release).unwrap_or_default().as_secs();
        let passed = i32::try_from(passed).unwrap_or(i32::MAX);
        if let Some(left) = DeliverByTime::new(by.seconds().saturating_sub(passed), by.mode()) {
            sender.parameters.set(&if by.is_traced() { left.traced() } else { left });
        }
    }
    let waiting = job.recipients.iter().filter(|pending| pending.ended.is_none());
    Envelope { sender, recipients: waiting.map(|pending| pending.recipient.clone()).collect() }
}

fn log(entry: &Entry, job: &Job, judgement: &Judgement) {
    let (id, destination) = (entry.id, &job.destination);
    for event in judgement.events.iter().filter(|event| !event.is_old) {
        let (recipient, reply) = (&event.recipient, event.reply.as_ref().map(tracing::field::display));
        match event.fate.action() {
            "delayed" => {}
            "failed" => tracing::warn!(%id, %destination, %recipient, reply, "failed"),
            action => tracing::info!(%id, %destination, %recipient, reply, "{action}"),
        }
    }
    for pending in judgement.rest.iter().flat_map(|rest| &rest.recipients) {
        let (recipient, attempts) = (&pending.recipient, job.attempts + 1);
        if let Some(reply) = &pending.last {
            tracing::info!(%id, %destination, %recipient, %reply, attempts, "deferred");
        }
    }
}
