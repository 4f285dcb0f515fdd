use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use smtp_core::Recipient;
use tokio::sync::Notify;

use super::notices::{Notices, Telling};
use super::schedule::later;
use super::turns::Turns;
use super::{Capacity, Entry, Limits, RetrySchedule, Store};

pub(super) type ByRecipient<T> = Arc<dyn Fn(&Recipient) -> T + Send + Sync>;
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What the two halves of a queue and its handles have in common.
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) schedule: RetrySchedule,
    pub(super) limits: Limits,
    pub(super) capacity: Capacity,
    pub(super) destination: ByRecipient<Arc<str>>,
    pub(super) notices: Notices,
    pub(super) turns: Turns,
    pub(super) news: News,
    pub(super) clock: Clock,
}

impl Shared {
    pub(super) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// What is to be told of a message, whose content is at hand or not.
    pub(super) fn telling<'a>(&'a self, entry: &'a Entry, content: Option<Bytes>) -> Telling<'a> {
        let Self { notices, schedule, store, .. } = self;
        Telling { notices, schedule, store: &**store, entry, content, now: self.now() }
    }

    /// What is so much later than now.
    pub(super) fn after(&self, wait: Duration) -> SystemTime {
        later(self.now(), wait)
    }

    /// When the sender of a message is to hear of a job next, who was `told` last that it is late: of that,
    /// or that it has expired.
    pub(super) fn next_notice(&self, entry: &Entry, told: Option<SystemTime>) -> SystemTime {
        let delay = self.notices.next_delay(entry, told, &self.schedule);
        delay.map_or(entry.expires, |delay| delay.min(entry.expires))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("schedule", &self.schedule).finish_non_exhaustive()
    }
}

/// What the worker has to hear: the destinations that something was stored for.
#[derive(Debug, Default)]
pub(super) struct News {
    waiting: Mutex<Items>,
    arrived: Notify,
    /// Something was settled.
    pub(super) settled: Notify,
}

/// More destinations than this are not kept in mind: perhaps there is no worker. It looks into the store then.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Items {
    /// When the first is due, by destination.
    pub(super) due: HashMap<Arc<str>, SystemTime>,
    /// There are more, which only the store knows.
    pub(super) more_due: bool,
    /// When the first sender has to hear something.
    pub(super) notice: Option<SystemTime>,
    /// Those that an operator wants tried whatever was learnt of them.
    pub(super) forgiven: HashSet<Arc<str>>,
    /// There were more: it is best to take it for all.
    pub(super) all_forgiven: bool,
}

impl News {
    pub(super) fn waits(&self, destination: Arc<str>, due: SystemTime, notice: Option<SystemTime>) {
        let mut items = self.lock();
        if !items.more_due {
            let first = items.due.entry(destination).or_insert(due);
            *first = due.min(*first);
            if items.due.len() > MOST {
                (items.due, items.more_due) = (HashMap::new(), true);
            }
        }
        items.notice = [items.notice, notice].into_iter().flatten().min();
        drop(items);
        self.arrived.notify_one();
    }

    pub(super) fn forgiven(&self, destinations: Vec<Arc<str>>) {
        let mut items = self.lock();
        if !items.all_forgiven {
            items.forgiven.extend(destinations);
            if items.forgiven.len() > MOST {
                (items.forgiven, items.all_forgiven) = (HashSet::new(), true);
                items.more_due = true;
            }
        }
        drop(items);
        self.arrived.notify_one();
    }

    /// Waits until there is something, and takes it.
    pub(super) async fn take(&self) -> Items {
        self.arrived.notified().await;
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Items> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn news_that_nobody_takes_are_bounded() {
        let (news, now) = (News::default(), SystemTime::now());
        let name = |number: usize| Arc::<str>::from(format!("d{number}.example"));
        for number in 0..3 * MOST {
            news.waits(name(number), now, Some(now));
            news.forgiven(vec![name(number)]);
        }
        let items = news.lock();
        assert!(items.due.len() <= MOST && items.forgiven.len() <= MOST);
        drop(items);
        let items = news.take().now_or_never().unwrap();
        assert!(items.more_due && items.all_forgiven && items.notice == Some(now));
        // What comes behind that is told one by one again.
        news.waits(name(0), now, None);
        let items = news.take().now_or_never().unwrap();
        assert!(!items.more_due && items.due.contains_key(&name(0)));
    }
}
