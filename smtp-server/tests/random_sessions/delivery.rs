//! Deliveries that behave in all the ways that a service may.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use proptest::option;
use proptest::prelude::*;
use smtp_server::{Body, BodyError, BoxError, DeliveryService, Envelope, Message, Outcomes, Reply};
use tokio::time::sleep;
use tower::service_fn;

use crate::when_woken::WhenWoken;

/// What a delivery does with one message.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    /// It takes its time before it touches the body.
    delay: Duration,
    /// It polls the body once and gives this poll up.
    abandons_poll: bool,
    /// How many chunks it reads; `None` for all.
    reads: Option<usize>,
    /// After how many of them another task goes on.
    moves_after: Option<usize>,
    /// It takes its time behind each chunk.
    pause: Duration,
    /// It is polled by a combinator that does so only when it is woken.
    has_own_waker: bool,
    /// It drops the body a while before it answers.
    drops_body: bool,
    /// It answers as if the body had not failed.
    overlooks_errors: bool,
    answer: Answer,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Accept,
    Refuse,
    Fail,
}

pub(crate) fn behaviour() -> impl Strategy<Value = Behaviour> {
    let time = |most: u64| prop_oneof![3 => Just(0), 1 => 0..most].prop_map(Duration::from_millis);
    let reads = prop_oneof![3 => Just(None), 1 => (0..4_usize).prop_map(Some)];
    let answer = prop_oneof![6 => Just(Answer::Accept), 2 => Just(Answer::Refuse), 1 => Just(Answer::Fail)];
    let facts = (time(100), reads, option::of(0..4_usize), time(20), any::<[bool; 4]>(), answer);
    facts.prop_map(|(delay, reads, moves_after, pause, flags, answer)| {
        let [abandons_poll, has_own_waker, drops_body, overlooks_errors] = flags;
        Behaviour {
            delay,
            abandons_poll,
            reads,
            moves_after,
            pause,
            has_own_waker,
            drops_body,
            overlooks_errors,
            answer,
        }
    })
}

impl Behaviour {
    pub(crate) fn accepts(&self) -> bool {
        matches!(self.answer, Answer::Accept)
    }

    pub(crate) fn reads_all(&self) -> bool {
        self.reads.is_none()
    }

    async fn deliver(self, id: usize, body: Body, log: Log) -> Result<Outcomes, BoxError> {
        if self.has_own_waker {
            WhenWoken::new(self.answer(id, body, log)).await
        } else {
            self.answer(id, body, log).await
        }
    }

    async fn answer(self, id: usize, body: Body, log: Log) -> Result<Outcomes, BoxError> {
        wait(self.delay).await;
        let log = Some(log).filter(|_| self.accepts());
        let mut reading = Reading { id, body, content: Vec::new(), ended: false, failed: None, log };
        if self.abandons_poll {
            reading.poll_once().await;
            wait(self.pause).await;
        }
        let all = self.reads.unwrap_or(usize::MAX);
        let here = self.moves_after.unwrap_or(all).min(all);
        reading.chunks(here, self.pause).await;
        if self.moves_after.is_some() {
            let moved = async move {
                reading.chunks(all - here, self.pause).await;
                reading
            };
            reading = tokio::spawn(moved).await?;
        }
        if self.drops_body {
            drop(reading.body);
            sleep(Duration::from_millis(50)).await;
        }
        match (reading.failed, self.answer) {
            (Some(error), _) if !self.overlooks_errors => Err(error.into()),
            (_, Answer::Accept) => Ok(Reply::new(250, "2.0.0 accepted").into()),
            (_, Answer::Refuse) => Ok(Reply::new(550, "5.7.1 refused").into()),
            (_, Answer::Fail) => Err("the disk is full".into()),
        }
    }
}

/// Does not yield where there is nothing to wait for.
async fn wait(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

struct Reading {
    id: usize,
    body: Body,
    content: Vec<u8>,
    /// The end of the whole body was seen.
    ended: bool,
    failed: Option<BodyError>,
    /// Where a message goes once it was read whole, by whichever task.
    log: Option<Log>,
}

impl Reading {
    async fn chunks(&mut self, count: usize, pause: Duration) {
        for _ in 0..count {
            if self.ended || self.failed.is_some() {
                return;
            }
            let chunk = self.body.next().await;
            self.take(chunk);
            wait(pause).await;
        }
    }

    async fn poll_once(&mut self) {
        if let Poll::Ready(chunk) = poll_fn(|cx| Poll::Ready(pin!(self.body.next()).poll(cx))).await {
            self.take(chunk);
        }
    }

    fn take<T: AsRef<[u8]>>(&mut self, chunk: Option<Result<T, BodyError>>) {
        match chunk {
            Some(Ok(octets)) => self.content.extend_from_slice(octets.as_ref()),
            Some(Err(error)) => self.failed = Some(error),
            None => {
                self.ended = true;
                if let Some(log) = self.log.take() {
                    log.delivered(self.id, std::mem::take(&mut self.content));
                }
            }
        }
    }
}

/// The contents that were delivered whole, by the number of the message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<BTreeMap<usize, Vec<Vec<u8>>>>>);

impl Log {
    fn delivered(&self, id: usize, content: Vec<u8>) {
        self.0.lock().expect("no panic").entry(id).or_default().push(content);
    }

    pub(crate) fn of(&self, id: usize) -> Vec<Vec<u8>> {
        self.0.lock().expect("no panic").get(&id).cloned().unwrap_or_default()
    }
}

/// The delivery of all messages of a session: each says in its sender which one it is.
pub(crate) fn delivery(behaviours: Vec<Behaviour>, log: Log) -> impl DeliveryService + Clone {
    service_fn(move |message: Message| {
        let id = id(&message.envelope);
        behaviours[id].clone().deliver(id, message.body, log.clone())
    })
}

fn id(envelope: &Envelope) -> usize {
    let sender = envelope.sender.path.mailbox().expect("a sender");
    sender.local_part().as_str().parse().expect("a number")
}
