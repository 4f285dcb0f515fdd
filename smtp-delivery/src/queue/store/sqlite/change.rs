use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::StoreError;
use super::state::State;

/// How much room on the disk a change takes: what it may have when there is hardly any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    /// Little, or it makes room: it may use the reserve up.
    Little,
    /// As much as a notification, of which room comes: what it is about can go. It may use a part of the reserve.
    Notification,
    /// As much as anybody sends: it is refused.
    Much,
}

/// Who waits for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    /// Somebody who waits for the disk.
    Durable,
    /// Somebody who can wait a little longer, so that it does not need a wait for the disk of its own.
    Patient,
    /// Somebody who only wants to know: as a rule nothing is written for it.
    Reads,
}

/// Something that the writer does, together with others in one transaction.
pub(super) trait Change: Send + 'static {
    type Answer: Send + 'static;

    /// How much room on the disk it takes.
    fn room(&self) -> Room {
        Room::Little
    }

    /// Who waits for it.
    fn haste(&self) -> Haste {
        Haste::Durable
    }

    /// The statements. They may come to nothing, and be done again: whatever else has to happen is for
    /// [`committed`](Self::committed); of an answer that comes to nothing no more is seen than its drop.
    fn run(&mut self, connection: &Connection, state: &Arc<State>) -> rusqlite::Result<Self::Answer>;

    /// Whether files belong to it that have to be durable first.
    fn has_file(&self) -> bool {
        false
    }

    /// It is durable.
    fn committed(self, _: &mut Self::Answer, _: &State)
    where
        Self: Sized,
    {
    }
}

/// A change of whatever sort, for the writer.
pub(super) trait Operation: Send {
    fn room(&self) -> Room;
    fn haste(&self) -> Haste;
    fn has_file(&self) -> bool;
    /// Nobody waits for it any more.
    fn is_given_up(&self) -> bool;
    fn run(&mut self, connection: &Connection, state: &Arc<State>) -> rusqlite::Result<()>;
    /// What was done came to nothing.
    fn undo(&mut self);
    fn committed(self: Box<Self>, state: &State);
    fn failed(self: Box<Self>, error: StoreError);
}

/// A change, and who waits for its answer.
pub(super) struct Call<C: Change> {
    change: C,
    answer: Option<C::Answer>,
    caller: oneshot::Sender<Result<C::Answer, StoreError>>,
}

impl<C: Change> Call<C> {
    pub(super) fn new(change: C) -> (Self, oneshot::Receiver<Result<C::Answer, StoreError>>) {
        let (caller, answer) = oneshot::channel();
        (Self { change, answer: None, caller }, answer)
    }
}

impl<C: Change> Operation for Call<C> {
    fn room(&self) -> Room {
        self.change.room()
    }

    fn haste(&self) -> Haste {
        self.change.haste()
    }

    fn has_file(&self) -> bool {
        self.change.has_file()
    }

    fn is_given_up(&self) -> bool {
        self.caller.is_closed()
    }

    fn run(&mut self, connection: &Connection, state: &Arc<State>) -> rusqlite::Result<()> {
        self.answer = Some(self.change.run(connection, state)?);
        Ok(())
    }

    fn undo(&mut self) {
        self.answer = None;
    }

    fn committed(self: Box<Self>, state: &State) {
        let Self { change, answer, caller } = *self;
        if let Some(mut answer) = answer {
            change.committed(&mut answer, state);
            if caller.send(Ok(answer)).is_err() {
                // Whoever wanted it does not wait any more, and nobody else knows what has happened.
                state.changed.notify_one();
            }
        }
    }

    fn failed(self: Box<Self>, error: StoreError) {
        let _ = self.caller.send(Err(error));
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use tokio::sync::Notify;

    use super::*;
    use crate::queue::store::Usage;
    use crate::queue::store::sqlite::bodies::Bodies;
    use crate::queue::store::sqlite::fresh::Fresh;
    use crate::queue::store::sqlite::state::{Counters, Leases};

    struct Nothing;

    impl Change for Nothing {
        type Answer = ();

        fn run(&mut self, _: &Connection, _: &Arc<State>) -> rusqlite::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_done_for_nobody_does_not_stay_unheard_of() {
        let directory = tempfile::tempdir().unwrap();
        let state = Arc::new(State {
            leases: Leases::default(),
            fresh: Fresh::default(),
            usage: Counters::new(Usage::default()),
            bodies: Bodies::new(directory.path()).unwrap(),
            changed: Notify::new(),
        });
        let connection = Connection::open_in_memory().unwrap();
        for waits in [true, false] {
            let (mut call, answer) = Call::new(Nothing);
            call.run(&connection, &state).unwrap();
            let answer = waits.then_some(answer);
            Box::new(call).committed(&state);
            assert_eq!(state.changed.notified().now_or_never().is_none(), waits);
            drop(answer);
        }
    }
}
