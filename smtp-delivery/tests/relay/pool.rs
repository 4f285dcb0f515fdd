//! Connections that serve several messages.

use std::sync::Arc;
use std::time::Duration;

use smtp_core::client::TlsDecision;
use smtp_core::testing::{domain, facts, recipient, sender};
use smtp_core::{Body, Envelope, Message};
use smtp_delivery::Relay;
use smtp_delivery::relay::{Pool, PoolOptions, Timeouts};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::next_hop::relays;
use super::{BROKEN, as_text};

const HELLO: &str = "S: 220 mx\n C: EHLO server.example\n S: 250-mx\n S: 250 PIPELINING\n";
const MESSAGE: &str = "C: MAIL FROM:<joe@example.com>\n C: RCPT TO:<jane@example.org>\n C: DATA\n
    S: 250 OK\n S: 250 OK\n S: 354 go\n C: hello\n C: .\n S: 250 2.0.0 queued\n";
const RSET: &str = "C: RSET\n S: 250 OK\n";
const QUIT: &str = "C: QUIT\n S: 221 bye\n";
/// Good-bye of who does not wait for an answer.
const LEAVE: &str = "C: QUIT\n";
const QUEUED: [&str; 1] = ["250 2.0.0 queued"];

fn message(body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients.push(recipient("jane@example.org"));
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

async fn send(relay: &Relay) -> Vec<String> {
    send_body(relay, "hello\r\n").await
}

async fn send_body(relay: &Relay, body: impl Into<Body>) -> Vec<String> {
    as_text(&relay.clone().oneshot(message(body)).await.expect("the body is whole"))
}

fn pooled(scripts: &[&str], limits: impl FnOnce(&mut PoolOptions)) -> (Relay, Pool, Vec<JoinHandle<()>>) {
    let mut options = PoolOptions::default();
    limits(&mut options);
    let pool = Pool::new(options);
    let (relay, tasks) = relays(scripts);
    (relay.pool(pool.clone()), pool, tasks)
}

async fn all_followed(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("the relay follows the script");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_follow_each_other_over_one_connection() {
    let script = format!("{HELLO}{MESSAGE}{RSET}{MESSAGE}{RSET}{MESSAGE}{QUIT}");
    let (relay, pool, tasks) = pooled(&[&script], |_| {});
    for _ in 0..3 {
        assert_eq!(send(&relay).await, QUEUED);
        assert_eq!(pool.idle(), 1);
    }
    pool.clear().await;
    assert_eq!(pool.idle(), 0);
    all_followed(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_serves_so_many_messages() {
    let script = format!("{HELLO}{MESSAGE}{RSET}{MESSAGE}{QUIT}");
    let (relay, _, tasks) = pooled(&[&script, &script], |options| options.max_messages = 2);
    for _ in 0..4 {
        assert_eq!(send(&relay).await, QUEUED);
    }
    all_followed(tasks).await;
    // Or as many as the next hop says.
    let told = HELLO.replace("S: 250 PIPELINING", "S: 250-LIMITS MAILMAX=1\n S: 250 PIPELINING");
    let script = format!("{told}{MESSAGE}{QUIT}");
    let (relay, _, tasks) = pooled(&[&script, &script], |_| {});
    for _ in 0..2 {
        assert_eq!(send(&relay).await, QUEUED);
    }
    all_followed(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_different_has_a_connection_of_its_own() {
    let one = format!("{HELLO}{MESSAGE}{QUIT}");
    let other = format!("{HELLO}{MESSAGE}{RSET}{MESSAGE}{QUIT}").replace("server.example", "other.example");
    let (relay, pool, tasks) = pooled(&[&one, &other, &one, "S: 220 mx\n close"], |_| {});
    assert_eq!(send(&relay).await, QUEUED);
    assert_eq!(send(&relay.clone().name(domain("other.example"))).await, QUEUED);
    // To say the same again changes nothing; to say anything else about TLS may.
    assert_eq!(send(&relay.clone().name(domain("other.example"))).await, QUEUED);
    assert_eq!(send(&relay.clone().tls(TlsDecision::Never)).await, QUEUED);
    assert_eq!(pool.idle(), 3);
    let mut demanding = message("hello\r\n");
    let mut envelope = (*demanding.envelope).clone();
    envelope.sender.parameters.insert(smtp_core::Parameter::parse("REQUIRETLS").unwrap());
    demanding.envelope = Arc::new(envelope);
    assert_eq!(as_text(&relay.oneshot(demanding).await.unwrap()), [BROKEN]);
    pool.clear().await;
    all_followed(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_dead_is_not_used() {
    let fresh = format!("{HELLO}{MESSAGE}{QUIT}");
    for end in [
        "close",
        "S~ 421 4.4.2 idle for too long\\r\\n\n close",
        "S~ 250 hello?\\r\\n\n",
        "C: RSET\n S: 421 no",
    ] {
        let dead = format!("{HELLO}{MESSAGE}{end}");
        let (relay, pool, tasks) = pooled(&[&dead, &fresh], |_| {});
        assert_eq!(send(&relay).await, QUEUED);
        // The next hop has its say.
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(send(&relay).await, QUEUED, "{end}");
        pool.clear().await;
        all_followed(tasks).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_gets_no_more_time_to_be_alive_than_for_a_sender() {
    let silent = format!("{HELLO}{MESSAGE}C: RSET\n hang");
    let fresh = format!("{HELLO}{MESSAGE}{QUIT}");
    let (relay, pool, tasks) = pooled(&[&silent, &fresh], |_| {});
    let mut timeouts = Timeouts::default();
    timeouts.mail = Duration::from_millis(100);
    let relay = relay.timeouts(timeouts);
    assert_eq!(send(&relay).await, QUEUED);
    let second = tokio::time::timeout(Duration::from_secs(1), send(&relay)).await;
    assert_eq!(second.expect("it does not wait for long"), QUEUED);
    pool.clear().await;
    all_followed(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_goes_over_a_new_connection_if_an_old_one_breaks() {
    let fresh = format!("{HELLO}{MESSAGE}{QUIT}");
    let up_to_data = "C: MAIL FROM:<joe@example.com>\n C: RCPT TO:<jane@example.org>\n C: DATA\n";
    for end in [
        "C: MAIL FROM:<joe@example.com>\n close",
        &format!("{up_to_data} S: 421 4.3.2 going down\n close"),
        &format!("{up_to_data} S: 250 OK\n S: 250 OK\n S: 354 go\n close"),
    ] {
        let dead = format!("{HELLO}{MESSAGE}{RSET}{end}");
        let (relay, pool, tasks) = pooled(&[&dead, &fresh], |_| {});
        assert_eq!(send(&relay).await, QUEUED);
        assert_eq!(send(&relay).await, QUEUED, "{end}");
        pool.clear().await;
        all_followed(tasks).await;
    }
    // Nobody gets a message twice that may have arrived, nor one that cannot be read again.
    let end = format!("{up_to_data} S: 250 OK\n S: 250 OK\n S: 354 go\n C: hello\n C: .\n close");
    let (relay, _, tasks) = pooled(&[&format!("{HELLO}{MESSAGE}{RSET}{end}"), &fresh], |_| {});
    assert_eq!(send(&relay).await, QUEUED);
    assert_eq!(send(&relay).await, [BROKEN]);
    tasks[1].abort();
    let end = format!("{up_to_data} S: 250 OK\n S: 250 OK\n S: 354 go\n C: hello\n close");
    let (relay, _, tasks) = pooled(&[&format!("{HELLO}{MESSAGE}{RSET}{end}"), &fresh], |_| {});
    assert_eq!(send(&relay).await, QUEUED);
    assert_eq!(send_body(&relay, "hello\r\n".repeat(200_000).into_bytes()).await, [BROKEN]);
    tasks[1].abort();
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_is_followed_by_others() {
    let refused = "C: MAIL FROM:<joe@example.com>\n C: RCPT TO:<jane@example.org>\n C: DATA\n
        S: 250 OK\n S: 550 5.1.1 no\n S: 503 no\n";
    let script = format!("{HELLO}{refused}{RSET}{MESSAGE}{QUIT}");
    let (relay, pool, tasks) = pooled(&[&script], |_| {});
    assert_eq!(send(&relay).await, ["550 5.1.1 no"]);
    assert_eq!(send(&relay).await, QUEUED);
    pool.clear().await;
    all_followed(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_waits_for_so_long() {
    let once = format!("{HELLO}{MESSAGE}{LEAVE}");
    let (relay, pool, tasks) =
        pooled(&[&once, &once], |options| options.idle_timeout = Duration::from_secs(5));
    assert_eq!(send(&relay).await, QUEUED);
    tokio::time::sleep(Duration::from_secs(6)).await;
    // It is closed when the pool is used.
    assert_eq!(pool.idle(), 1);
    assert_eq!(send(&relay).await, QUEUED);
    assert_eq!(pool.idle(), 1);
    // Or when its time has come, if somebody looks.
    let looking = pool.clone();
    let maintained = tokio::spawn(async move { looking.maintain().await });
    all_followed(tasks).await;
    assert_eq!(pool.idle(), 0);
    maintained.abort();
    let script = format!("{HELLO}{MESSAGE}{QUIT}");
    let (relay, pool, tasks) = pooled(&[&script], |options| options.max_age = Duration::ZERO);
    assert_eq!(send(&relay).await, QUEUED);
    assert_eq!(pool.idle(), 0);
    all_followed(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn maintenance_learns_of_connections_that_come_later() {
    let (relay, pool, tasks) = pooled(&[&format!("{HELLO}{MESSAGE}{QUIT}")], |_| {});
    let looking = pool.clone();
    let maintained = tokio::spawn(async move { looking.maintain().await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(send(&relay).await, QUEUED);
    all_followed(tasks).await;
    assert_eq!(pool.idle(), 0);
    maintained.abort();
}

#[tokio::test(start_paused = true)]
async fn so_many_connections_wait() {
    for (all, of_one, left) in [(10, 2, 2), (2, 10, 2), (0, 10, 0), (10, 0, 0), (1, 1, 1)] {
        let script = format!("{HELLO}{MESSAGE}{LEAVE}");
        let (relay, pool, tasks) = pooled(&[&*script; 4], |options| {
            (options.max_idle, options.max_idle_per_destination) = (all, of_one);
        });
        let four = futures::future::join_all((0..4).map(|_| send(&relay))).await;
        assert!(four.iter().all(|outcome| *outcome == QUEUED), "{four:?}");
        assert_eq!(pool.idle(), left);
        pool.clear().await;
        // Those that had to give way have said good-bye too.
        all_followed(tasks).await;
    }
}
