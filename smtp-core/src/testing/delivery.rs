use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tower_service::Service;

use crate::{BodyError, BoxFuture, Envelope, Message, Outcomes, Reply, Session};

/// A delivery that keeps what it is given in memory.
#[derive(Debug, Clone, Default)]
pub struct RecordingDelivery {
    messages: Arc<Mutex<Vec<Recorded>>>,
}

/// One message that was delivered.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its envelope.
    pub envelope: Arc<Envelope>,
    /// Its content.
    pub content: Vec<u8>,
    /// The session in which it came.
    pub session: Session,
}

impl RecordingDelivery {
    /// Without messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was delivered so far.
    pub fn messages(&self) -> Vec<Recorded> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Service<Message> for RecordingDelivery {
    type Response = Outcomes;
    type Error = BodyError;
    type Future = BoxFuture<Result<Outcomes, BodyError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        let messages = self.messages.clone();
        Box::pin(async move {
            let Message { envelope, mut body, session } = message;
            let mut content = Vec::new();
            while let Some(chunk) = body.next().await {
                content.extend_from_slice(&chunk?);
            }
            let recorded = Recorded { envelope, content, session };
            messages.lock().unwrap_or_else(PoisonError::into_inner).push(recorded);
            Ok(Reply::new(250, "2.0.0 recorded").into())
        })
    }
}
