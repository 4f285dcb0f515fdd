//! A queue in front of a Postfix that is stopped and started again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use smtp_server::delivery::queue::{Limits, MemoryStore, Queue, RetrySchedule};
use smtp_server::delivery::relay::Pool;
use smtp_server::testing::{domain, facts, recipient, sender};
use smtp_server::{Envelope, Message, Route};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::unbounded_channel;
use tower::{ServiceExt as _, service_fn};

use crate::postfix::Postfix;
use crate::{as_stored, assert_same, content, split_at};

const MESSAGES: usize = 100;
const STOPS: usize = 2;
/// How many may be passed on up to a stop and while it lasts: some are under way when it comes.
const BEFORE: usize = 30;
/// How many may be behind it, so that there is something left to fail.
const BEHIND: usize = 10;

fn number(number: usize) -> String {
    format!("X-Number: {number:03}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_reaches_a_postfix_that_is_stopped_in_the_middle() {
    // A stop may find Postfix delivering: what it puts off then is to come soon.
    let mut postfix = Postfix::start(
        "smtpd_recipient_restrictions = reject_unauth_destination\ntransport_retry_time = 1s\n\
         queue_run_delay = 1s\nminimal_backoff_time = 1s\nmaximal_backoff_time = 2s\n",
    );
    let relay = postfix.relay().name(domain("relay.example")).pool(Pool::default());
    let (said, mut replies) = unbounded_channel();
    // A quick machine would be done before the first stop: what may succeed is counted out.
    let permits = Arc::new(Semaphore::new(0));
    let permit = Arc::clone(&permits);
    let relay = service_fn(move |message: Message| {
        let (relay, said, permits) = (relay.clone(), said.clone(), Arc::clone(&permit));
        async move {
            let permit = permits.acquire().await.expect("nobody closes it");
            let reply = relay.oneshot(message).await?.fold();
            if reply.is_positive() {
                permit.forget();
            }
            // Behind the last stop nobody listens.
            let _ = said.send(reply.is_positive());
            Ok::<_, smtp_server::BodyError>(reply.into())
        }
    });
    let mut schedule = RetrySchedule::default();
    (schedule.first, schedule.longest) = (Duration::from_millis(10), Duration::from_millis(100));
    let mut limits = Limits::default();
    (limits.back_off, limits.longest_back_off) = (Duration::from_millis(10), Duration::from_millis(50));
    (limits.initial, limits.destination) = (2, 2);
    let (queue, worker) = Queue::builder(MemoryStore::new()).schedule(schedule).limits(limits).build(relay);
    for count in 0..MESSAGES {
        let mut envelope = Envelope::new(sender("sender@example.com"));
        envelope.recipients.push(recipient("jane@example.net").routed(Route::Relay));
        let content = [number(count).as_bytes(), &content()].concat();
        let message = Message::new(Arc::new(envelope), content.into(), facts().session().clone());
        assert_eq!(queue.clone().oneshot(message).await.expect("the body is whole").fold().code(), 250);
    }
    let worker = tokio::spawn(worker.run());
    let mut wait_for = async |good: bool, count: usize| {
        let mut seen = 0;
        while seen < count {
            seen += usize::from(replies.recv().await.expect("the worker is there") == good);
        }
    };
    for _ in 0..STOPS {
        permits.add_permits(BEFORE);
        wait_for(true, BEFORE / 2).await;
        postfix.stop();
        permits.add_permits(BEHIND);
        wait_for(false, 3).await;
        postfix.start_again();
    }
    permits.add_permits(MESSAGES);
    queue.handle().drained().await;
    worker.abort();
    let mut arrived: HashMap<usize, usize> = HashMap::new();
    while arrived.len() < MESSAGES {
        postfix.logs("status=sent");
        arrived.clear();
        for mail in postfix.mails() {
            let of = |count: &usize| split_at(&mail, number(*count).trim_end().as_bytes()).is_some();
            let count = (0..MESSAGES).find(of).expect("nobody else writes");
            *arrived.entry(count).or_default() += 1;
            let expected = as_stored(&[number(count).as_bytes(), &content()].concat());
            assert_same(split_at(&mail, &expected[..10]).expect("it is there"), &expected);
        }
    }
    // A stop may come between the dot and its answer, for those that were under way.
    assert!(arrived.values().sum::<usize>() <= MESSAGES + 2 * STOPS, "{arrived:?}");
}
