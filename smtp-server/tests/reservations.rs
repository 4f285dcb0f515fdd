//! A layer that answers in the place of the stack below holds no place in that stack's limits.

use std::time::Duration;

use smtp_server::auth::{AuthLayer, Verdict, verify_fn};
use smtp_server::policy::{ExpandLayer, RelayLayer, StaticDirectory, from_fn, policy_fn};
use smtp_server::testing::{RecordingDelivery, connect, transcript};
use smtp_server::tls::StartTlsLayer;
use smtp_server::{
    BoxError, Command, Deliver, Mail, Reply, Request, Session, SmtpService, Transport, Upgraded,
};
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower::{Service, ServiceBuilder};

async fn no_handshake(_: Transport) -> Result<Upgraded, BoxError> {
    Err("no handshake here".into())
}

/// All layers over a service that takes one command at a time, of all clients together.
fn stack() -> impl SmtpService + Clone {
    let one = ServiceBuilder::new()
        .layer(TimeoutLayer::new(Duration::from_secs(5)))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(Deliver::new(RecordingDelivery::new()));
    ServiceBuilder::new()
        .layer(StartTlsLayer::new(no_handshake))
        .layer(AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Refused) })).allow_plaintext_without_tls())
        .layer(policy_fn(|mail: Mail, _: Session| async move {
            if mail.path.is_null() { Err(Reply::new(550, "5.7.1 no")) } else { Ok(()) }
        }))
        .layer(from_fn(|request: Request, next: smtp_server::policy::Next| async move {
            if matches!(request.command, Command::Help(_)) {
                return Ok(Reply::new(214, "2.0.0 none"));
            }
            next.run(request).await
        }))
        .layer(RelayLayer::new())
        .layer(ExpandLayer::new(StaticDirectory::new()))
        .service(one)
}

async fn holds_nothing<S: SmtpService + Clone>(stack: S, holder: &str) {
    let first = transcript(connect(stack.clone()), "S: 220 ...\nC: EHLO client.example\nS: 250*").await;
    let first = transcript(first, holder).await;
    transcript(connect(stack), "S: 220 ...\nC: NOOP\nS: 250 2.0.0 OK").await;
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn after_an_answer_of_its_own() {
    for holder in [
        "C: MAIL FROM:<>\nS: 550 5.7.1 no",
        "C: HELP\nS: 214 ...",
        "C: VRFY joe\nS: 550 5.7.1 ...",
        "C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\nS: 250 ...\nS: 550 5.7.1 ...",
        "C: AUTH NONE\nS: 504 5.5.4 ...",
    ] {
        holds_nothing(stack(), holder).await;
    }
}

#[tokio::test(start_paused = true)]
async fn within_a_dialogue() {
    holds_nothing(stack(), "C: AUTH PLAIN\nS: 334 ...").await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_held_is_missed_by_others() {
    let stack = stack();
    let mut holder = stack.clone();
    std::future::poll_fn(|cx| Service::<Request>::poll_ready(&mut holder, cx))
        .await
        .map_err(Into::into)
        .unwrap();
    let starved = transcript(connect(stack), "");
    assert!(
        tokio::time::timeout(Duration::from_secs(60), async {
            transcript(starved.await, "S: 220 ...").await
        })
        .await
        .is_err()
    );
}
