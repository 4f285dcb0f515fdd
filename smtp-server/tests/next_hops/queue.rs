//! A queue in front of a Postfix that is stopped and started again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use smtp_server::delivery::queue::{Limits, MemoryStore, Queue, RetrySchedule};
use smtp_server::delivery::relay::Pool;
use smtp_server::testing::{domain, facts, recipient, sender};
use smtp_server::{Envelope, Message, Route};
use tokio::sync::mpsc::unbounded_channel;
use tower::{ServiceExt as _, service_fn};

use crate::postfix::Postfix;
use crate::{as_stored, assert_same, content, split_at};

const MESSAGES: usize = 60;
const STOPS: usize = 2;

fn number(number: usize) -> String {
    format!("X-Number: {number:03}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_reaches_a_postfix_that_is_stopped_in_the_middle() {
    let mut postfix = Postfix::start("smtpd_recipient_restrictions = reject_unauth_destination\n");
    let relay = postfix.relay().name(domain("relay.example")).pool(Pool::default());
    let (said, mut replies) = unbounded_channel();
    let relay = service_fn(move |message: Message| {
        let (relay, said) = (relay.clone(), said.clone());
        async move {
            let reply = relay.oneshot(message).await?.fold();
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
    for _ in 0..STOPS {
        for (good, count) in [(true, MESSAGES / (STOPS + 2)), (false, 3)] {
            let mut seen = 0;
            while seen < count {
                seen += usize::from(replies.recv().await.expect("the worker is there") == good);
            }
            if good { postfix.stop() } else { postfix.start_again() }
        }
    }
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
