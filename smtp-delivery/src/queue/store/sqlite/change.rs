use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::StoreError;
use super::state::State;

/// Something that the writer does, together with others in one transaction.
pub(super) trait Change: Send + 'static {
    type Answer: Send + 'static;

    /// Whether it takes room on the disk: then it is refused while there is none.
    const GROWS: bool = false;

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
    fn grows(&self) -> bool;
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
    fn grows(&self) -> bool {
        C::GROWS
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
            // Whoever does not wait any more drops it.
            let _ = caller.send(Ok(answer));
        }
    }

    fn failed(self: Box<Self>, error: StoreError) {
        let _ = self.caller.send(Err(error));
    }
}
