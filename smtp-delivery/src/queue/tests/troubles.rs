//! A queue whose store, notifications or clock are not as they should be.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;

use super::store::Troubled;
use super::*;
use crate::bounce::{Notifier, Text};

/// Puts a message into the queue and gives its name.
async fn put_named(queue: &Queue, to: &str) -> crate::TraceId {
    let reply = put(queue, sender("joe@example.org"), &[to]).await;
    reply.text().trim_start_matches("queued as ").parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_when_the_worker_begins_is_waited_for() {
    let (tried, delivery) = scripted(&[]);
    let (queue, worker) = builder(Troubled::default().away(3)).build(delivery);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    drained(&queue, worker).await;
    // After one second, two more, and four more.
    assert_eq!(tried.take(), log(&[("a", 7)]));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_store_that_is_away_at_the_end() {
    let (queue, worker) = builder(Troubled::default().away(usize::MAX)).build(scripted(&[]).1);
    put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    worker.run_until(tokio::time::sleep(Duration::from_hours(1))).await.unwrap();
    assert_eq!(queue.handle().usage().messages, 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_closed_ends_the_worker() {
    let (_queue, worker) = builder(Troubled::default().closed()).build(scripted(&[]).1);
    assert!(worker.run().await.unwrap_err().is_final());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_noted_down_is_delivered_once() {
    let (tried, delivery) = scripted(&[("b", &["550 5.1.1 nobody"])]);
    let (queue, worker) = builder(Troubled::default().full(20)).build(delivery);
    for name in ["a", "b", "c"] {
        put(&queue, sender("joe@example.org"), &[&format!("{name}@{name}.example")]).await;
    }
    drained(&queue, worker).await;
    let mut tried: Vec<String> = tried.take().into_iter().map(|(name, _)| name).collect();
    tried.sort_unstable();
    assert_eq!(tried, ["a", "b", "c", "joe"]);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_once_is_tried_again_as_soon_as_the_store_is_back() {
    for (store, expected) in [
        (Troubled::default().unread(1), 10),
        // Outcomes cannot be noted down either, for four times five seconds.
        (Troubled::default().unread(1).full(4), 20),
        // Then it waits as whatever fails.
        (Troubled::default().unread(2), 310),
    ] {
        let (tried, delivery) = scripted(&[]);
        let (queue, worker) = builder(store).build(delivery);
        put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
        drained(&queue, worker).await;
        assert_eq!(tried.take(), log(&[("a", expected)]));
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_cannot_be_read_keep_nobody_waiting() {
    let (seen, inner) = refusing(&[]);
    let read = service_fn(move |message: Message| {
        let inner = inner.clone();
        // As a client of SMTP, that loses its connection by that.
        async move {
            let broken = |_| Reply::new(451, "4.4.2 connection broke").into();
            Ok::<_, BoxError>(inner.oneshot(message).await.unwrap_or_else(broken))
        }
    });
    let store = Troubled::default();
    let limits = Limits { failures: 1, ..Limits::default() };
    let (queue, worker) = builder(store.clone()).limits(limits).build(read);
    for number in 0..20 {
        let id = put_named(&queue, "damaged@x.example").await;
        if number % 2 == 0 { store.damage(id) } else { store.lose(id) }
    }
    let front = queue.clone();
    let ends = async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        put(&front, sender("joe@example.org"), &["whole@x.example"]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    worker.run_until(ends).await.unwrap();
    let messages = seen.messages();
    assert_eq!(messages.len(), 1, "the one that is whole, and nothing else");
    assert_eq!(messages[0].content, b"\r\nhello\r\n");
    for listed in queue.handle().list(None, 99).await.unwrap() {
        let last = listed.jobs[0].job.recipients[0].last.as_ref().unwrap();
        assert!(last.to_string().starts_with("451 4.3.0 "), "{last}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_client_did_not_wait_is_delivered_all_the_same() {
    let (tried, delivery) = scripted(&[]);
    let (queue, worker) = builder(Troubled::default().mute(1)).build(delivery);
    let front = queue.clone();
    let ends = async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        // It is stored, and the session ends.
        let message = message(sender("joe@example.org"), &["a@x.example"]);
        assert!(front.clone().oneshot(message).now_or_never().is_none());
        front.handle().drained().await;
    };
    worker.run_until(ends).await.unwrap();
    assert_eq!(tried.take(), log(&[("a", 10)]));
}

#[tokio::test(start_paused = true)]
async fn the_last_message_may_be_removed() {
    let (queue, _worker) = builder(MemoryStore::new()).build(scripted(&[]).1);
    let id = put_named(&queue, "a@x.example").await;
    let handle = queue.handle();
    let drained = handle.drained();
    let remove = async { queue.handle().remove(id).await.unwrap() };
    let ((), removed) = futures::join!(drained, remove);
    assert!(removed);
}

#[tokio::test(start_paused = true)]
async fn few_senders_are_told_at_once() {
    let down: &[&str] = &["451 4.4.1 silent"; 1000];
    let (tried, delivery) = scripted(&[("down", down)]);
    let (queue, worker) = builder(MemoryStore::new()).build(delivery);
    for _ in 0..300 {
        put(&queue, sender("joe@example.org"), &["down@x.example"]).await;
    }
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (front, seen) = (queue.clone(), most.clone());
    let through = service_fn(move |message: Message| {
        let (front, now, most) = (front.clone(), now.clone(), seen.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
            now.fetch_sub(1, Ordering::Relaxed);
            front.oneshot(message).await
        }
    });
    let worker = worker.notices_through(BoxDelivery::new(through));
    worker.run_until(tokio::time::sleep(Duration::from_hours(5))).await.unwrap();
    assert_eq!(tried.take().iter().filter(|(name, _)| name == "joe").count(), 300);
    let most = most.load(Ordering::Relaxed);
    assert!((2..=100).contains(&most), "{most} at once");
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_panics_is_not_tried_over_and_over() {
    let written = Arc::new(AtomicUsize::new(0));
    let count = written.clone();
    let notifier = Notifier::new(smtp_core::testing::domain("mx.example.org")).text(move |_, _| -> Text {
        count.fetch_add(1, Ordering::Relaxed);
        panic!("as the test has it")
    });
    let (_, delivery) = scripted(&[("a", &["451 4.2.1 busy"; 9999])]);
    let (queue, worker) = builder(MemoryStore::new()).notifier(notifier).build(delivery);
    for _ in 0..100 {
        put(&queue, sender("joe@example.org"), &["a@x.example"]).await;
    }
    worker.run_until(tokio::time::sleep(Duration::from_hours(9))).await.unwrap();
    let written = written.load(Ordering::Relaxed);
    assert!((100..=500).contains(&written), "{written}");
}

#[tokio::test(start_paused = true)]
async fn absurd_settings_and_wishes_do_no_harm() {
    let mut limits = Limits { failures: 1, back_off: Duration::MAX, ..Limits::default() };
    limits.longest_back_off = Duration::MAX;
    let mut absurd = schedule();
    (absurd.first, absurd.longest, absurd.lifetime) = (Duration::MAX, Duration::MAX, Duration::MAX);
    absurd.delay_notice = Some(Duration::MAX);
    let (tried, delivery) = scripted(&[("a", &["451 4.4.1 silent"; 9])]);
    let (queue, worker) = builder(MemoryStore::new()).limits(limits).schedule(absurd).build(delivery);
    for parameters in [
        &["HOLDUNTIL=9999-12-30T00:00:00Z", "BY=999999999;N"][..],
        &["HOLDFOR=999999999", "BY=-999999999;N"],
        &["HOLDUNTIL=-009999-01-01T00:00:00Z", "BY=999999999;R"],
        &[],
    ] {
        let mut mail = sender("joe@example.org");
        for parameter in parameters {
            mail.parameters.insert(Parameter::parse(parameter).unwrap());
        }
        assert_eq!(put(&queue, mail, &["a@x.example"]).await.code(), 250);
    }
    worker.run_until(tokio::time::sleep(Duration::from_hours(1))).await.unwrap();
    assert_eq!(tried.take(), log(&[("a", 0), ("a", 0)]));
    assert_eq!(queue.handle().usage().messages, 4);
}
