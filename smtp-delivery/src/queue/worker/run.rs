use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use smtp_core::DeliveryService;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::Worker;
use super::attempt::Attempt;
use crate::queue::schedule::later;
use crate::queue::scheduler::{Health, Scheduler};
use crate::queue::shared::{Items, Shared};
use crate::queue::store::{LeaseRequest, Leased, LeasedJob, Rest, Settlement, Waiting, Which};
use crate::queue::{JobKey, StoreError};

/// How long a lease holds that is not renewed.
const LEASE: Duration = Duration::from_mins(2);
/// How often leases are renewed.
const RENEW: Duration = Duration::from_secs(40);
/// How many destinations jobs are taken for at the same time.
const LEASING: usize = 8;
/// How many notices are seen to at once.
const NOTICES: usize = 50;
/// How long to leave a store alone that failed.
const STORE_FAILED: Duration = Duration::from_secs(10);
/// Between a hint that something has changed and a look; the first wait for a store that is away.
const A_LITTLE: Duration = Duration::from_secs(1);
/// The longest sleep: a clock that is set takes effect within this time.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// A worker at work.
pub(super) struct Run<D> {
    worker: Worker<D>,
    scheduler: Scheduler,
    leasing: FuturesUnordered<BoxFuture<'static, Answer>>,
    deliveries: JoinSet<Health>,
    /// What each delivery is about.
    under_way: HashMap<Id, UnderWay>,
    /// When to look for senders who have to hear something.
    notices_at: Option<SystemTime>,
    /// How many jobs are seen to for that.
    noticing: usize,
    /// When to read from the store what waits.
    look_at: Option<Instant>,
    /// That is just being read.
    looking: bool,
    /// The latest time that was seen.
    latest: SystemTime,
}

struct UnderWay {
    key: JobKey,
    destination: Arc<str>,
    /// It is a delivery, rather than a look whether the sender has to hear something.
    delivers: bool,
    /// What is left of the job if the delivery panics.
    left: Rest,
}

/// What the store said.
enum Answer {
    Jobs(Arc<str>, usize, Result<Leased, StoreError>),
    Notices(usize, Result<Leased, StoreError>),
    Destinations(Result<Vec<Waiting>, StoreError>),
    Done,
}

impl<D: DeliveryService + Clone> Run<D> {
    /// Begins with what is in the store; gives up when `shutdown` is ready.
    ///
    /// # Errors
    /// Those that no wait mends. Others are waited for.
    pub(super) async fn begin(
        worker: Worker<D>,
        shutdown: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Option<Self>, StoreError> {
        let shared = &worker.shared;
        let destinations = tokio::select! {
            biased;
            destinations = first_look(shared) => destinations?,
            () = shutdown => return Ok(None),
        };
        let now = shared.now();
        let mut run = Self {
            scheduler: Scheduler::new(worker.shared.limits.clone()),
            leasing: FuturesUnordered::new(),
            deliveries: JoinSet::new(),
            under_way: HashMap::new(),
            notices_at: Some(now),
            noticing: 0,
            look_at: None,
            looking: false,
            latest: now,
            worker,
        };
        run.wait_for(destinations);
        Ok(Some(run))
    }

    pub(super) async fn until(mut self, mut shutdown: Pin<&mut impl Future<Output = ()>>) {
        let shared = self.worker.shared.clone();
        let mut changed = shared.store.changed();
        let mut renewal = interval(RENEW);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ending = false;
        loop {
            if !ending {
                self.take_more();
            } else if self.deliveries.is_empty() && self.leasing.is_empty() {
                return;
            }
            let wake = self.wake_at();
            // Whoever ends takes nothing more.
            let look_at = self.look_at.filter(|_| !ending && !self.looking);
            tokio::select! {
                biased;
                () = &mut shutdown, if !ending => {
                    tracing::info!(deliveries = self.deliveries.len(), "queue is ending");
                    ending = true;
                }
                Some(ended) = self.deliveries.join_next_with_id() => self.ended(ended),
                Some(answer) = self.leasing.next() => self.answered(answer, ending),
                items = shared.news.take() => self.heard(items),
                change = &mut changed => {
                    match change {
                        Some(destinations) => self.wait_for(destinations),
                        None => self.look(A_LITTLE),
                    }
                    changed = shared.store.changed();
                    // Others may have settled what was left.
                    shared.news.settled.notify_waiters();
                }
                _ = renewal.tick() => self.renew(),
                () = sleep_until(look_at.unwrap_or(wake)), if look_at.is_some() => self.look_now(),
                // With no room for anything more, only an end makes a difference.
                () = sleep_until(wake), if !ending && self.has_room() => {}
            }
        }
    }

    /// Takes jobs for whichever destinations have their turn.
    fn take_more(&mut self) {
        let now = self.worker.shared.now();
        if now + LONGEST_SLEEP < self.latest {
            tracing::warn!(
                "the clock was set back: what was deferred by it is tried when it gets there again"
            );
            self.scheduler.set_back(now);
            self.notices_at = Some(now);
            self.latest = now;
        }
        self.latest = self.latest.max(now);
        while self.leasing.len() < LEASING {
            let Some((destination, max)) = self.scheduler.next(now) else { break };
            let lease = self.worker.shared.store.lease(LeaseRequest {
                which: Which::Due(destination.clone()),
                now,
                until: now + LEASE,
                max,
            });
            self.leasing.push(Box::pin(async move { Answer::Jobs(destination, max, lease.await) }));
        }
        if self.next_notices().is_some_and(|at| at <= now) {
            self.notices_at = None;
            let max = NOTICES - self.noticing;
            let request = LeaseRequest { which: Which::Notices, now, until: now + LEASE, max };
            let lease = self.worker.shared.store.lease(request);
            self.leasing.push(Box::pin(async move { Answer::Notices(max, lease.await) }));
        }
    }

    fn answered(&mut self, answer: Answer, ending: bool) {
        let now = self.worker.shared.now();
        match answer {
            Answer::Jobs(destination, asked, Ok(leased)) => {
                self.scheduler.leased(&destination, asked, leased.jobs.len(), leased.next, now);
                for job in leased.jobs {
                    self.start(job, true, ending);
                }
            }
            Answer::Jobs(destination, asked, Err(error)) => {
                tracing::error!(%error, "queue cannot be read, trying again");
                let again = now + STORE_FAILED;
                self.scheduler.leased(&destination, asked, 0, Some(again), now);
                self.scheduler.not_before(&destination, again, now);
            }
            Answer::Notices(asked, Ok(leased)) => {
                let full = leased.jobs.len() >= asked;
                let next = if full { Some(now) } else { leased.next };
                // Other nodes store messages too, of which nothing is heard here.
                let soon = Some(now + LONGEST_SLEEP);
                self.notices_at = [self.notices_at, next, soon].into_iter().flatten().min();
                for job in leased.jobs {
                    self.start(job, false, ending);
                }
            }
            Answer::Notices(_, Err(error)) => {
                tracing::error!(%error, "queue cannot be read, trying again");
                self.notices_at = Some(now + STORE_FAILED);
            }
            Answer::Destinations(answer) => {
                self.looking = false;
                match answer {
                    Ok(destinations) => self.wait_for(destinations),
                    Err(error) => {
                        tracing::error!(%error, "queue cannot be read, trying again");
                        self.look(STORE_FAILED);
                    }
                }
            }
            Answer::Done => {}
        }
    }

    /// Starts with a job that was taken; if everything is ending, it is put back.
    fn start(&mut self, leased: LeasedJob, delivers: bool, ending: bool) {
        let (key, destination) = (leased.key(), leased.job.destination.clone());
        let left = Rest::from(leased.job.clone());
        let Worker { shared, inner, through } = &self.worker;
        let task = if ending {
            let put_back = put_back(shared.clone(), key, left.clone());
            self.deliveries.spawn(async move {
                put_back.await;
                Health::Unknown
            })
        } else {
            let (shared, inner, through) = (shared.clone(), inner.clone(), through.clone());
            let attempt = Attempt { shared, inner, through, leased };
            self.deliveries
                .spawn(async move { if delivers { attempt.deliver().await } else { attempt.notice().await } })
        };
        self.noticing += usize::from(!delivers);
        self.under_way.insert(task.id(), UnderWay { key, destination, delivers, left });
    }

    fn ended(&mut self, ended: Result<(Id, Health), JoinError>) {
        let (id, health) = match ended {
            Ok((id, health)) => (id, Some(health)),
            Err(error) => (error.id(), None),
        };
        let Some(UnderWay { key, destination, delivers, left }) = self.under_way.remove(&id) else { return };
        let now = self.worker.shared.now();
        if delivers {
            self.scheduler.ended(&destination, health.unwrap_or(Health::Unknown), now);
        } else {
            self.noticing = self.noticing.saturating_sub(1);
        }
        if health.is_none() {
            self.panicked(key, left, destination, now);
        }
    }

    /// A delivery that panics has failed for now; the next attempt is not at once.
    fn panicked(&mut self, key: JobKey, mut rest: Rest, destination: Arc<str>, now: SystemTime) {
        tracing::error!(id = %key.id, "delivery panicked");
        let shared = self.worker.shared.clone();
        rest.attempts = rest.attempts.saturating_add(1);
        rest.due = later(now, shared.schedule.interval(rest.attempts));
        // It may be what its sender is told that panics.
        rest.notice = rest.notice.max(rest.due);
        let (due, notice) = (rest.due, rest.notice);
        let put_back = put_back(shared.clone(), key, rest);
        self.leasing.push(Box::pin(async move {
            put_back.await;
            shared.news.waits(destination, due, Some(notice));
            Answer::Done
        }));
    }

    fn heard(&mut self, items: Items) {
        let now = self.worker.shared.now();
        for (destination, due) in items.due {
            self.scheduler.waits(&destination, due, now);
        }
        self.notices_at = [self.notices_at, items.notice].into_iter().flatten().min();
        for destination in items.forgiven {
            self.scheduler.forgive(&destination, now);
        }
        if items.all_forgiven {
            self.scheduler.forgive_all(now);
        }
        if items.more_due {
            self.look(Duration::ZERO);
        }
    }

    fn wait_for(&mut self, destinations: Vec<Waiting>) {
        let now = self.worker.shared.now();
        for Waiting { destination, due } in destinations {
            self.scheduler.waits(&destination, due, now);
        }
    }

    /// Has what waits read from the store, so much later at the latest.
    fn look(&mut self, wait: Duration) {
        let at = Instant::now() + wait;
        self.look_at = Some(self.look_at.map_or(at, |other| other.min(at)));
    }

    fn look_now(&mut self) {
        (self.look_at, self.looking) = (None, true);
        let shared = self.worker.shared.clone();
        self.leasing.push(Box::pin(async move { Answer::Destinations(shared.store.destinations().await) }));
    }

    fn renew(&mut self) {
        let jobs: Vec<JobKey> = self.under_way.values().map(|under_way| under_way.key).collect();
        if jobs.is_empty() {
            return;
        }
        let shared = self.worker.shared.clone();
        self.leasing.push(Box::pin(async move {
            if let Err(error) = shared.store.renew(jobs, shared.now() + LEASE).await {
                tracing::error!(%error, "leases not renewed");
            }
            Answer::Done
        }));
    }

    /// When to look for senders who have to hear something, unless enough is done for that already.
    fn next_notices(&self) -> Option<SystemTime> {
        self.notices_at.filter(|_| self.noticing < NOTICES)
    }

    fn has_room(&self) -> bool {
        self.leasing.len() < LEASING && !self.scheduler.is_full()
    }

    fn wake_at(&self) -> Instant {
        let now = self.worker.shared.now();
        let at = [self.scheduler.wake_at(), self.next_notices()].into_iter().flatten().min();
        let wait = at.map_or(LONGEST_SLEEP, |at| at.duration_since(now).unwrap_or_default());
        Instant::now() + wait.min(LONGEST_SLEEP)
    }
}

/// Ends the leases of a worker before, and reads what waits, as soon as the store lets it.
async fn first_look(shared: &Shared) -> Result<Vec<Waiting>, StoreError> {
    let mut wait = A_LITTLE;
    loop {
        let look = async {
            shared.store.release_all().await?;
            shared.store.destinations().await
        };
        match look.await {
            Err(error) if !error.is_final() => {
                let seconds = wait.as_secs();
                tracing::error!(%error, seconds, "queue cannot be read, trying again");
                sleep(wait).await;
                wait = (2 * wait).min(LONGEST_SLEEP);
            }
            look => return look,
        }
    }
}

/// Gives a job back; until that is noted down, nobody takes it.
async fn put_back(shared: Arc<Shared>, key: JobKey, rest: Rest) {
    let settlement = Settlement { key, rest: Some(rest) };
    while let Err(error) = shared.store.settle(settlement.clone()).await {
        tracing::error!(id = %key.id, %error, "job not put back, trying again");
        sleep(STORE_FAILED).await;
    }
}
