//! What a cache remembers, and for how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use smtp_auth::{Cached, CredentialStore, PasswordLogin, StoreError, Verdict};
use smtp_core::testing::facts;
use smtp_core::{ConnectionInfo, Peer, Session, SessionFacts};
use tokio::sync::Semaphore;
use tokio::time::advance;

/// Knows `alice` with `pencil` and `old` with an expired one, is away for `away`, and counts.
#[derive(Clone)]
struct Counting {
    asked: Arc<AtomicUsize>,
    /// Each answer takes one.
    answers: Arc<Semaphore>,
}

impl Counting {
    fn new() -> Self {
        Self { asked: Arc::default(), answers: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)) }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl CredentialStore for Counting {
    async fn verify_password(&self, login: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.answers.acquire().await.map_err(StoreError::new)?.forget();
        match (&*login.name, login.password.expose()) {
            ("away", _) => Err(StoreError::new("away")),
            ("alice", b"pencil") => Ok(Verdict::Accepted),
            ("ALICE", b"pencil") => Ok(Verdict::AcceptedAs("alice".to_owned())),
            ("old", b"pencil") => Ok(Verdict::Expired),
            _ => Ok(Verdict::Refused),
        }
    }
}

fn from(peer: &str) -> SessionFacts {
    let peer = Peer::Ip(peer.parse().expect("an address"));
    SessionFacts::new(ConnectionInfo::new(peer, facts().session().server_name().clone()))
}

async fn ask(store: &impl CredentialStore, name: &str, password: &str) -> Option<Verdict> {
    ask_from(store, name, password, &facts()).await
}

async fn ask_from(
    store: &impl CredentialStore,
    name: &str,
    password: &str,
    facts: &SessionFacts,
) -> Option<Verdict> {
    store.verify_password(PasswordLogin::new(name, password.into()), facts.session()).await.ok()
}

#[tokio::test(start_paused = true)]
async fn answers_are_remembered_for_their_time_and_errors_are_not() {
    let store = Counting::new();
    let cached = Cached::new(store.clone());
    for (name, password, verdict, seconds) in [
        ("alice", "pencil", Some(Verdict::Accepted), 300),
        ("ALICE", "pencil", Some(Verdict::AcceptedAs("alice".to_owned())), 300),
        ("alice", "pencils", Some(Verdict::Refused), 5),
        ("old", "pencil", Some(Verdict::Expired), 5),
    ] {
        let before = store.asked();
        for _ in 0..3 {
            assert_eq!(ask(&cached, name, password).await, verdict);
        }
        advance(Duration::from_secs(seconds) - Duration::from_millis(1)).await;
        assert_eq!(ask(&cached, name, password).await, verdict);
        assert_eq!(store.asked(), before + 1, "{name} {password}");
        advance(Duration::from_millis(1)).await;
        assert_eq!(ask(&cached, name, password).await, verdict);
        assert_eq!(store.asked(), before + 2, "{name} {password}");
    }
    let before = store.asked();
    for _ in 0..3 {
        assert_eq!(ask(&cached, "away", "pencil").await, None);
    }
    assert_eq!(store.asked(), before + 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_forgotten_is_asked_again() {
    let store = Counting::new();
    let cached = Cached::new(store.clone());
    for name in ["alice", "ALICE", "bob"] {
        ask(&cached, name, "pencil").await;
    }
    cached.clone().forget("al\u{ad}ice");
    ask(&cached, "bob", "pencil").await;
    assert_eq!(store.asked(), 3);
    ask(&cached, "alice", "pencil").await;
    ask(&cached, "ALICE", "pencil").await;
    assert_eq!(store.asked(), 5);
    cached.forget_all();
    ask(&cached, "bob", "pencil").await;
    assert_eq!(store.asked(), 6);
}

#[tokio::test(start_paused = true)]
async fn the_same_login_at_once_is_asked_once() {
    let store = Counting { answers: Arc::new(Semaphore::new(0)), ..Counting::new() };
    let cached = Cached::new(store.clone());
    for (name, password, verdict) in [
        ("alice", "pencil", Some(Verdict::Accepted)),
        ("alice", "wrong", Some(Verdict::Refused)),
        ("away", "pencil", None),
    ] {
        let before = store.asked();
        let mut flood = tokio::task::JoinSet::new();
        for _ in 0..1000 {
            let cached = cached.clone();
            flood.spawn(async move { ask(&cached, name, password).await });
        }
        let other = cached.clone();
        let other = tokio::spawn(async move { ask(&other, "bob", password).await });
        while store.asked() < before + 2 {
            tokio::task::yield_now().await;
        }
        store.answers.add_permits(2);
        while let Some(answer) = flood.join_next().await {
            assert_eq!(answer.unwrap(), verdict);
        }
        assert_eq!(other.await.unwrap(), Some(Verdict::Refused));
        assert_eq!(store.asked(), before + 2, "{name} {password}");
        advance(Duration::from_secs(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_takes_nobody_along() {
    let store = Counting { answers: Arc::new(Semaphore::new(0)), ..Counting::new() };
    let cached = Cached::new(store.clone());
    let spawn = || {
        let cached = cached.clone();
        tokio::spawn(async move { ask(&cached, "alice", "pencil").await })
    };
    let first = spawn();
    while store.asked() < 1 {
        tokio::task::yield_now().await;
    }
    let (second, third) = (spawn(), spawn());
    tokio::task::yield_now().await;
    first.abort();
    while store.asked() < 2 {
        tokio::task::yield_now().await;
    }
    store.answers.add_permits(1);
    assert_eq!(second.await.unwrap(), Some(Verdict::Accepted));
    assert_eq!(third.await.unwrap(), Some(Verdict::Accepted));
    assert_eq!(store.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_before_is_not_remembered() {
    let store = Counting { answers: Arc::new(Semaphore::new(0)), ..Counting::new() };
    let cached = Cached::new(store.clone());
    let asking = tokio::spawn({
        let cached = cached.clone();
        async move { ask(&cached, "alice", "pencil").await }
    });
    while store.asked() < 1 {
        tokio::task::yield_now().await;
    }
    cached.forget("alice");
    store.answers.add_permits(2);
    assert_eq!(asking.await.unwrap(), Some(Verdict::Accepted));
    ask(&cached, "alice", "pencil").await;
    assert_eq!(store.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn another_client_is_another_question_unless_told() {
    let store = Counting::new();
    let (here, there) = (from("192.0.2.1:1000"), from("192.0.2.2:1000"));
    let cached = Cached::new(store.clone());
    ask_from(&cached, "alice", "pencil", &here).await;
    ask_from(&cached, "alice", "pencil", &from("192.0.2.1:1001")).await;
    assert_eq!(store.asked(), 1);
    ask_from(&cached, "alice", "pencil", &there).await;
    assert_eq!(store.asked(), 2);
    let cached = Cached::new(store.clone()).for_all_peers();
    ask_from(&cached, "alice", "pencil", &here).await;
    ask_from(&cached, "alice", "pencil", &there).await;
    assert_eq!(store.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_wrong_passwords_drives_nobody_out() {
    let store = Counting::new();
    let cached = Cached::new(store.clone()).capacity(10);
    ask(&cached, "alice", "pencil").await;
    for number in 0..1000 {
        ask(&cached, "alice", &number.to_string()).await;
    }
    let before = store.asked();
    assert_eq!(ask(&cached, "alice", "pencil").await, Some(Verdict::Accepted));
    assert_eq!(store.asked(), before);
    assert!(!format!("{cached:?}").contains("pencil"));
}
