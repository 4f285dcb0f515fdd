use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// One deadline at a time, over one timer entry for the life of the connection.
///
/// Most waits end long before their deadline, and the next deadline lies behind it: the entry
/// stays where it is then, and is moved only when it fires too early. A wait that ends in time
/// costs one look at the clock.
pub(super) struct Timer {
    entry: Option<Pin<Box<Sleep>>>,
    deadline: Option<Instant>,
    /// No wait ends later.
    limit: Option<Instant>,
}

impl Timer {
    pub(super) fn new() -> Self {
        Self { entry: None, deadline: None, limit: None }
    }

    /// The wait is over; the next one gets a deadline of its own.
    pub(super) fn clear(&mut self) {
        self.deadline = None;
    }

    /// Ends every wait `timeout` from now at the latest, until it is lifted by `None`.
    pub(super) fn limit(&mut self, timeout: Option<Duration>) {
        self.limit = timeout.map(|timeout| Instant::now() + timeout);
    }

    /// Ready once `timeout` has passed since the wait began, which is the first poll after
    /// [`clear`](Self::clear).
    pub(super) fn poll_elapsed(&mut self, timeout: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = match self.deadline {
            // A task that has used up its budget is told by the entry that it is too early, over and
            // over: the clock is asked as well.
            Some(deadline) if Instant::now() >= deadline => return Poll::Ready(()),
            Some(deadline) => deadline,
            None => {
                let deadline = Instant::now() + timeout;
                let deadline = self.limit.map_or(deadline, |limit| limit.min(deadline));
                *self.deadline.insert(deadline)
            }
        };
        let entry = self.entry.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if entry.deadline() > deadline {
            entry.as_mut().reset(deadline);
        }
        loop {
            ready!(entry.as_mut().poll(cx));
            if entry.deadline() >= deadline {
                return Poll::Ready(());
            }
            entry.as_mut().reset(deadline);
        }
    }
}
