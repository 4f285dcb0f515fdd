//! The two halves together, over a store in memory and with time that is paused.

mod store;
mod troubles;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
use smtp_core::{
    Body, BodyErrorKind, BoxDelivery, BoxError, Envelope, Expanded, Expansion, Mail, Message, Outcomes,
    Parameter, Reply, Route,
};
use tokio::time::Instant;
use tower::{ServiceExt, service_fn};

use super::store::Selection;
use super::*;

/// What each recipient got, and when, in seconds from the start.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(String, u64)>>>);

impl Log {
    fn take(&self) -> Vec<(String, u64)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A delivery that answers each recipient by the script of its local part, a reply for each attempt;
/// 250 once that is over.
fn scripted(
    scripts: &[(&str, &[&'static str])],
) -> (Log, impl smtp_core::DeliveryService<Error = BoxError> + Clone) {
    let start = Instant::now();
    let log = Log::default();
    let scripts: HashMap<String, Vec<&'static str>> =
        scripts.iter().map(|(name, replies)| ((*name).to_owned(), replies.to_vec())).collect();
    let scripts = Arc::new(Mutex::new(scripts));
    let kept = log.clone();
    let service = service_fn(move |message: Message| {
        let mut scripts = scripts.lock().unwrap_or_else(PoisonError::into_inner);
        let replies = message.envelope.recipients.iter().map(|recipient| {
            let name = recipient.path.mailbox().unwrap().local_part().as_str();
            kept.0.lock().unwrap().push((name.to_owned(), start.elapsed().as_secs()));
            match scripts.get_mut(name).filter(|replies| !replies.is_empty()).map(|replies| replies.remove(0))
            {
                Some("panic") => panic!("as the script has it"),
                Some(text) => Reply::new(text[..3].parse().unwrap(), &text[4..]),
                None => Reply::new(250, "2.0.0 ok"),
            }
        });
        let outcomes = Outcomes::Each(replies.collect());
        async { Ok(outcomes) }
    });
    (log, service)
}

fn schedule() -> RetrySchedule {
    RetrySchedule { jitter: 0.0, ..RetrySchedule::default() }
}

/// A queue whose clock goes with the paused time.
fn builder(store: impl Store) -> Builder {
    let (start, started) = (SystemTime::now(), Instant::now());
    Queue::builder(store).schedule(schedule()).clock(move || start + started.elapsed())
}

fn message(mail: Mail, recipients: &[&str]) -> Message {
    let mut envelope = Envelope::new(mail);
    envelope.recipients = recipients.iter().map(|to| recipient(to).routed(Route::Relay)).collect();
    Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), facts().session().clone())
}

async fn put(queue: &Queue, mail: Mail, recipients: &[&str]) -> Reply {
    queue.clone().oneshot(message(mail, recipients)).await.unwrap().fold()
}

async fn drained<D: smtp_core::DeliveryService + Clone>(queue: &Queue, worker: Worker<D>) {
    let handle = queue.handle();
    worker.run_until(async move { handle.drained().await }).await.unwrap();
}

fn log(entries: &[(&str, u64)]) -> Vec<(String, u64)> {
    entries.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_recipient_is_tried_until_it_is_settled() {
    let (tried, delivery) =
        scripted(&[("b", &["451 4.2.1 busy", "451 4.2.1 busy"]), ("c", &["550 5.1.1 nobody"])]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    let reply = put(&queue, sender("joe@example.org"), &["a@x.example", "b@x.example", "c@x.example"]).await;
    assert!(reply.to_string().starts_with("250 2.0.0 queued as "), "{reply}");
    drained(&queue, worker).await;
    assert_eq!(tried.take(), log(&[("a", 0), ("b", 0), ("c", 0), ("joe", 0), ("b", 300), ("b", 900)]));
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_does_not_answer_keeps_nobody_waiting() {
    let down: &[&str] = &["451 4.4.1 silent"; 40];
    let (tried, delivery) = scripted(&[("down", down)]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    for _ in 0..30 {
        put(&queue, sender("joe@example.org"), &["down@dead.example"]).await;
    }
    for _ in 0..30 {
        put(&queue, sender("joe@example.org"), &["up@alive.example"]).await;
    }
    drained(&queue, worker).await;
    let tried = tried.take();
    assert!(tried.iter().filter(|(name, _)| name == "up").all(|(_, at)| *at == 0));
    let at_once = tried.iter().filter(|(name, at)| name == "down" && *at == 0).count();
    assert_eq!(at_once, 5);
    // One at a time finds out whether it is back.
    let minute = tried.iter().filter(|(name, at)| name == "down" && (1..120).contains(at)).count();
    assert_eq!(minute, 1);
    assert_eq!(tried.iter().filter(|(name, _)| name == "down").count(), 40 + 30);
}

#[tokio::test(start_paused = true)]
async fn a_domain_whose_name_is_local_keeps_no_mailbox_waiting() {
    let (tried, delivery) = scripted(&[("down", &["451 4.4.1 silent"; 9])]);
    let limits = Limits { failures: 1, ..Limits::default() };
    let (queue, worker) = builder(MemoryStore::new()).limits(limits).build(delivery);
    put(&queue, sender("joe@example.org"), &["down@local"]).await;
    let handle = queue.handle();
    let later = async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let mut here = message(sender("joe@example.org"), &["here@example.org"]);
        Arc::make_mut(&mut here.envelope).recipients[0].route = Some(Route::Local);
        queue.clone().oneshot(here).await.unwrap();
        handle.drained().await;
    };
    worker.run_until(later).await.unwrap();
    assert!(tried.take().contains(&("here".to_owned(), 10)));
}

#[tokio::test(start_paused = true)]
async fn what_expires_is_not_tried_for_ever() {
    let down: &[&str] = &["451 4.2.1 busy"; 1000];
    let (tried, delivery) = scripted(&[("a", down)]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    drained(&queue, worker).await;
    let last = tried.take().last().unwrap().1;
    assert_eq!(last, schedule().lifetime.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_panics_is_tried_again() {
    let (tried, delivery) = scripted(&[("a", &["panic"])]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    drained(&queue, worker).await;
    assert_eq!(tried.take(), log(&[("a", 0), ("a", 300)]));
}

#[tokio::test(start_paused = true)]
async fn what_is_held_waits_for_the_operator() {
    let (tried, delivery) = scripted(&[]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    let id = queue.handle().list(None, 9).await.unwrap()[0].entry.id;
    queue.handle().hold(Selection::Message(id)).await.unwrap();
    let handle = queue.handle();
    let operator = async move {
        tokio::time::sleep(Duration::from_hours(100)).await;
        assert!(handle.find(id).await.unwrap().unwrap().jobs[0].held);
        handle.release(Selection::All).await.unwrap();
        handle.drained().await;
    };
    worker.run_until(operator).await.unwrap();
    assert_eq!(tried.take(), log(&[("a", 360_000)]));
}

#[tokio::test(start_paused = true)]
async fn a_flush_tries_at_once_whatever_was_learnt() {
    let (tried, delivery) = scripted(&[("a", &["451 4.4.1 silent"; 3])]);
    let (queue, worker) =
        builder(MemoryStore::new()).limits(Limits { failures: 1, ..Limits::default() }).build(delivery);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    let handle = queue.handle();
    let operator = async move {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(10)).await;
            handle.flush(Selection::Destination("x.example".into())).await.unwrap();
        }
        handle.drained().await;
    };
    worker.run_until(operator).await.unwrap();
    assert_eq!(tried.take(), log(&[("a", 0), ("a", 10), ("a", 20), ("a", 30)]));
}

#[tokio::test(start_paused = true)]
async fn urgent_messages_go_first_and_many_let_one_pass() {
    let (tried, delivery) = scripted(&[]);
    let limits = Limits { destination: 1, ..Limits::default() };
    let (queue, worker) = builder(MemoryStore::new()).limits(limits).build(delivery);
    for _ in 0..3 {
        put(&queue, sender("many@example.org"), &["m@x.example"]).await;
    }
    put(&queue, sender("one@example.org"), &["o@x.example"]).await;
    let mut urgent = sender("many@example.org");
    urgent.parameters.insert(Parameter::parse("MT-PRIORITY=4").unwrap());
    put(&queue, urgent, &["u@x.example"]).await;
    drained(&queue, worker).await;
    let order: Vec<String> = tried.take().into_iter().map(|(name, _)| name).collect();
    assert_eq!(order, ["u", "m", "o", "m", "m"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_may_be_held_until_a_time() {
    let (tried, delivery) = scripted(&[]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    let mut later = sender("joe@example.org");
    later.parameters.insert(Parameter::parse("HOLDFOR=7200").unwrap());
    put(&queue, later, &["a@x.example"]).await;
    drained(&queue, worker).await;
    assert_eq!(tried.take(), log(&[("a", 7200)]));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_late_for_the_sender_is_given_up() {
    let (tried, delivery) = scripted(&[("a", &["451 4.2.1 busy"; 9])]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    let mut soon = sender("joe@example.org");
    soon.parameters.insert(Parameter::parse("BY=400;R").unwrap());
    put(&queue, soon, &["a@x.example"]).await;
    drained(&queue, worker).await;
    assert_eq!(tried.take(), log(&[("a", 0), ("a", 300), ("joe", 400)]));
}

#[tokio::test]
async fn a_full_queue_takes_nothing() {
    let capacity = Capacity { messages: 1, ..Capacity::default() };
    let (queue, _worker) = builder(MemoryStore::new()).capacity(capacity).build(scripted(&[]).1);
    assert_eq!(put(&queue, sender("joe@example.org"), &["a@x.example"]).await.code(), 250);
    let reply = put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    assert_eq!(reply.to_string(), "452 4.3.1 queue is full, try again later");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_tells_the_sender_of_failure_all_the_same() {
    let (kept, delivery) = refusing(&["b"]);
    let capacity = Capacity { messages: 1, ..Capacity::default() };
    let (queue, worker) = builder(MemoryStore::new()).capacity(capacity).build(delivery);
    put(&queue, sender("joe@example.org"), &["b@y.example"]).await;
    let ended = tokio::time::timeout(2 * schedule().lifetime, drained(&queue, worker)).await;
    assert!(ended.is_ok(), "{:?} is still in the queue", queue.handle().usage());
    assert_eq!(kept.messages()[0].envelope.recipients[0].to_string(), "<joe@example.org>");
}

#[tokio::test(start_paused = true)]
async fn the_time_that_a_message_was_held_is_none_of_what_it_has_to_arrive() {
    let (kept, delivery) = refusing(&[]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    let mut later = sender("joe@example.org");
    later.parameters.insert(Parameter::parse("HOLDFOR=7200").unwrap());
    later.parameters.insert(Parameter::parse("BY=600;N").unwrap());
    put(&queue, later, &["a@x.example"]).await;
    drained(&queue, worker).await;
    let messages = kept.messages();
    let by = messages[0].envelope.sender.parameters.get("BY").map(ToString::to_string);
    assert_eq!(by.as_deref(), Some("BY=600;N"));
}

#[tokio::test]
async fn nothing_is_kept_of_a_message_that_was_not_received() {
    let (queue, _worker) = builder(MemoryStore::new()).build(scripted(&[]).1);
    let mut broken = message(sender("joe@example.org"), &["a@x.example"]);
    broken.body = Body::from_stream(futures::stream::iter([
        Ok("half".into()),
        Err(BodyErrorKind::Disconnected.into()),
    ]));
    assert!(queue.clone().oneshot(broken).await.is_err());
    assert_eq!(queue.handle().usage(), Default::default());
}

#[tokio::test(start_paused = true)]
async fn an_end_waits_for_what_is_under_way() {
    let (begin, mut begun) = tokio::sync::mpsc::channel(1);
    let slow = service_fn(move |_: Message| {
        let begin = begin.clone();
        async move {
            begin.send(()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(100)).await;
            Ok::<_, BoxError>(Reply::new(250, "2.0.0 ok").into())
        }
    });
    let (queue, worker) = builder(MemoryStore::new()).build(slow);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    worker.run_until(async move { begun.recv().await.unwrap() }).await.unwrap();
    assert_eq!(queue.handle().usage().messages, 0);
}

/// A delivery that refuses these local parts, and keeps what else it gets.
fn refusing(names: &'static [&'static str]) -> (RecordingDelivery, BoxDelivery) {
    let kept = RecordingDelivery::new();
    let inner = kept.clone();
    let service = service_fn(move |message: Message| {
        let name =
            message.envelope.recipients[0].path.mailbox().map(|mailbox| mailbox.local_part().to_string());
        let refused = name.is_some_and(|name| names.contains(&&*name));
        let inner = inner.clone();
        async move {
            if refused { Ok(Reply::new(550, "5.1.1 nobody").into()) } else { inner.oneshot(message).await }
        }
    });
    (kept, BoxDelivery::new(service))
}

#[tokio::test(start_paused = true)]
async fn the_sender_hears_of_failure() {
    let (kept, delivery) = refusing(&["b"]);
    let (queue, worker) = builder(MemoryStore::new()).notice_route(|_| Route::Local).build(delivery);
    put(&queue, sender("joe@example.org"), &["a@x.example", "b@y.example"]).await;
    drained(&queue, worker).await;
    let messages = kept.messages();
    let notice = messages.iter().find(|message| message.envelope.sender.path.is_null()).unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(notice.envelope.recipients[0].to_string(), "<joe@example.org>");
    assert_eq!(notice.envelope.recipients[0].route, Some(Route::Local));
    let text = String::from_utf8_lossy(&notice.content);
    for part in
        ["Final-Recipient: rfc822; b@y.example\r\nAction: failed\r\n", "\r\nhello\r\n", "Status: 5.1.1"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_notification_that_fails_the_postmaster_hears_once() {
    let (kept, delivery) = refusing(&["b", "joe"]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    put(&queue, sender("joe@example.org"), &["b@y.example"]).await;
    put(&queue, Mail::new(smtp_core::ReversePath::Null), &["b@y.example"]).await;
    drained(&queue, worker).await;
    let to: Vec<String> =
        kept.messages().iter().map(|message| message.envelope.recipients[0].to_string()).collect();
    assert_eq!(to, ["<postmaster>"]);
}

#[tokio::test(start_paused = true)]
async fn the_sender_hears_once_of_delay_also_where_nothing_is_tried() {
    let down: &[&str] = &["451 4.4.1 silent"; 1000];
    let (tried, delivery) = scripted(&[("a", down), ("b", down)]);
    let mut limits = Limits { failures: 1, back_off: Duration::from_hours(1000), ..Limits::default() };
    limits.longest_back_off = limits.back_off;
    let (queue, worker) = builder(MemoryStore::new()).limits(limits).build(delivery);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    drained(&queue, worker).await;
    let hours: Vec<(String, u64)> = tried.take().into_iter().map(|(name, at)| (name, at / 3600)).collect();
    assert_eq!(hours, log(&[("a", 0), ("joe", 4), ("joe", 5 * 24)]));
}

/// The way of notifications into a queue that has no room for the first few of them.
fn full_for(notices: usize, queue: &Queue) -> BoxDelivery {
    let full = Arc::new(Mutex::new(notices));
    let front = queue.clone();
    BoxDelivery::new(service_fn(move |message: Message| {
        let mut full = full.lock().unwrap();
        let is_full = *full > 0;
        *full = full.saturating_sub(1);
        let front = front.clone();
        async move {
            if is_full { Ok(Reply::new(452, "4.3.1 full").into()) } else { front.oneshot(message).await }
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_told_now_is_told_later() {
    let (tried, delivery) = scripted(&[("a", &["550 5.1.1 nobody"; 2])]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    let through = full_for(1, &queue);
    drained(&queue, worker.notices_through(through)).await;
    // Once refused is enough.
    assert_eq!(tried.take(), log(&[("a", 0), ("joe", 300)]));
}

#[tokio::test(start_paused = true)]
async fn success_that_cannot_be_told_now_is_told_later_and_delivered_once() {
    let (tried, delivery) = scripted(&[("b", &["451 4.2.1 busy"; 2])]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    let mut message = message(sender("joe@example.org"), &["a@x.example", "b@x.example"]);
    let envelope = Arc::make_mut(&mut message.envelope);
    envelope.recipients[0].parameters.insert(Parameter::parse("NOTIFY=SUCCESS").unwrap());
    queue.clone().oneshot(message).await.unwrap();
    let through = full_for(3, &queue);
    drained(&queue, worker.notices_through(through)).await;
    let expected = log(&[("a", 0), ("b", 0), ("b", 300), ("b", 900), ("joe", 900)]);
    let mut tried = tried.take();
    tried.sort_by_key(|(name, at)| (*at, name.clone()));
    assert_eq!(tried, expected);
}

#[tokio::test(start_paused = true)]
async fn a_delay_that_cannot_be_told_now_is_told_later() {
    let (tried, delivery) = scripted(&[("a", &["451 4.2.1 busy"; 1000])]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    let through = full_for(1, &queue);
    drained(&queue, worker.notices_through(through)).await;
    let told: Vec<u64> =
        tried.take().into_iter().filter(|(name, _)| name == "joe").map(|(_, at)| at).collect();
    assert_eq!(told, [4 * 3600 + 300, 5 * 24 * 3600]);
}

#[tokio::test(start_paused = true)]
async fn mail_does_not_wait_for_senders_who_cannot_be_told() {
    let (tried, delivery) = scripted(&[("bad", &["550 5.1.1 nobody"; 1000])]);
    let limits = Limits { total: 2, destination: 1, ..Limits::default() };
    let (queue, worker) = builder(MemoryStore::new()).limits(limits).build(delivery);
    for _ in 0..500 {
        put(&queue, sender("joe@example.org"), &["bad@x.example"]).await;
    }
    let through = full_for(usize::from(u16::MAX), &queue);
    let worker = worker.notices_through(through);
    let later = queue.clone();
    let ends = async move {
        tokio::time::sleep(Duration::from_secs(1000)).await;
        put(&later, sender("joe@example.org"), &["good@x.example"]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    worker.run_until(ends).await.unwrap();
    let tried = tried.take();
    assert_eq!(tried.iter().filter(|(name, _)| name == "bad").count(), 500);
    assert_eq!(tried.last(), Some(&("good".to_owned(), 1000)));
    assert_eq!(queue.handle().usage().messages, 500);
}

#[tokio::test(start_paused = true)]
async fn the_sender_hears_of_aliases_if_it_asks() {
    let (tried, delivery) = scripted(&[]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    for notify in ["NOTIFY=SUCCESS", "NOTIFY=FAILURE"] {
        let message = message(sender("joe@example.org"), &["a@x.example"]);
        let mut recipient = recipient("staff@example.org");
        recipient.parameters.insert(Parameter::parse(notify).unwrap());
        let recipients = vec![Expanded { recipient, is_list: false }];
        message.session.transaction().insert(Expansion { sender: sender("joe@example.org"), recipients });
        queue.clone().oneshot(message).await.unwrap();
    }
    drained(&queue, worker).await;
    let tried = tried.take();
    assert_eq!(tried.iter().filter(|(name, _)| name == "joe").count(), 1, "{tried:?}");
}

#[tokio::test(start_paused = true)]
async fn one_dead_destination_among_thousands_slows_nobody() {
    let down: &[&str] = &["451 4.4.1 silent"; 2000];
    let (tried, delivery) = scripted(&[("down", down)]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    for number in 0..1000 {
        put(&queue, sender("joe@example.org"), &["down@dead.example"]).await;
        put(&queue, sender("joe@example.org"), &[&format!("up@d{number}.example")]).await;
    }
    worker.run_until(tokio::time::sleep(Duration::from_secs(1))).await.unwrap();
    let tried = tried.take();
    assert_eq!(tried.iter().filter(|(name, at)| name == "up" && *at == 0).count(), 1000);
    assert_eq!(tried.iter().filter(|(name, _)| name == "down").count(), 5);
}
