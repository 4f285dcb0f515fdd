//! Deliveries that treat their messages in different ways.

use std::sync::{Arc, Mutex};

use smtp_server::{BoxError, DeliveryService, Dialect, Message, Outcomes, Reply};
use tower::service_fn;

/// What a delivery does with each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behaviour {
    Accept,
    /// Accepts before anything was read of it.
    AcceptUnread,
    /// Refuses before anything was read of it: DATA is not answered with 354 then.
    RefuseUnread,
    /// Reads one piece and refuses.
    RefuseEarly,
    Refuse,
    Fail,
    /// A reply of its own for each recipient; the last one's is a refusal.
    RefuseLast,
}

impl Behaviour {
    pub(super) fn pick(octet: u8) -> Self {
        use Behaviour::*;
        [Accept, AcceptUnread, RefuseUnread, RefuseEarly, Refuse, Fail, RefuseLast][usize::from(octet) % 7]
    }
}

/// The contents of the messages that were accepted for at least one recipient.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<Vec<u8>>>>);

impl Log {
    fn push(&self, content: Vec<u8>) {
        self.0.lock().expect("no panic").push(content);
    }

    pub(super) fn messages(&self) -> Vec<Vec<u8>> {
        self.0.lock().expect("no panic").clone()
    }
}

pub(super) fn delivery(behaviour: Behaviour, log: Log) -> impl DeliveryService + Clone {
    service_fn(move |message: Message| deliver(behaviour, log.clone(), message))
}

async fn deliver(behaviour: Behaviour, log: Log, message: Message) -> Result<Outcomes, BoxError> {
    let Message { envelope, mut body, session } = message;
    assert!(!envelope.recipients.is_empty(), "a message without recipients");
    let accepted = || Reply::new(250, "2.0.0 accepted");
    let refused = || Reply::new(550, "5.7.1 refused");
    let mut content = Vec::new();
    match behaviour {
        Behaviour::AcceptUnread => {
            log.push(content);
            return Ok(accepted().into());
        }
        Behaviour::RefuseUnread => return Ok(refused().into()),
        Behaviour::RefuseEarly => {
            let _ = body.next().await;
            return Ok(refused().into());
        }
        _ => {}
    }
    while let Some(piece) = body.next().await {
        content.extend_from_slice(&piece?);
    }
    match behaviour {
        Behaviour::Refuse => Ok(refused().into()),
        Behaviour::Fail => Err("the disk is full".into()),
        Behaviour::RefuseLast if envelope.recipients.len() > 1 => {
            // SMTP has room for the worst outcome only.
            if session.info().dialect == Dialect::Lmtp {
                log.push(content);
            }
            let mut replies: Vec<Reply> = envelope.recipients.iter().map(|_| accepted()).collect();
            replies.pop();
            replies.push(refused());
            Ok(Outcomes::Each(replies))
        }
        _ => {
            log.push(content);
            Ok(accepted().into())
        }
    }
}
