use smtp_core::testing::RecordingDelivery;
use smtp_core::{Body, BodyErrorKind, Outcomes};
use smtp_delivery::{Fallback, SpoolOptions};
use tower::{ServiceExt, service_fn};

use super::{answering, message, recipients, texts, unasked};

#[tokio::test]
async fn what_is_settled_stays_settled() {
    let first = answering(&["250 2.0.0 a", "550 5.1.1 b"]);
    let outcomes = Fallback::new(first, unasked()).oneshot(message(&["a@x", "b@x"], "x\r\n")).await.unwrap();
    assert_eq!(texts(outcomes, 2), ["250 2.0.0 a", "550 5.1.1 b"]);
}

#[tokio::test]
async fn what_is_deferred_goes_to_the_second() {
    let second = RecordingDelivery::new();
    let first = answering(&["250 2.0.0 a", "451 4.2.0 b", "550 5.1.1 c", "452 4.2.2 d"]);
    let fallback = Fallback::new(first, second.clone()).spool(SpoolOptions::default().threshold(1));
    let outcomes = fallback.oneshot(message(&["a@x", "b@x", "c@x", "d@x"], "hello\r\n")).await.unwrap();
    let expected = ["250 2.0.0 a", "250 2.0.0 recorded", "550 5.1.1 c", "250 2.0.0 recorded"];
    assert_eq!(texts(outcomes, 4), expected);
    assert_eq!(recipients(&second), [["<b@x>", "<d@x>"]]);
    assert_eq!(second.messages()[0].content, b"hello\r\n");
}

#[tokio::test]
async fn an_error_is_a_reason_to_go_on() {
    let broken = service_fn(|_| async { Err::<Outcomes, _>("broken") });
    let outcomes = Fallback::new(broken, answering(&["250 2.0.0 a", "550 5.1.1 b"]))
        .oneshot(message(&["a@x", "b@x"], "x\r\n"))
        .await
        .unwrap();
    assert_eq!(texts(outcomes, 2), ["250 2.0.0 a", "550 5.1.1 b"]);
}

#[tokio::test]
async fn a_body_that_breaks_goes_nowhere() {
    let (mut writer, body) = Body::channel();
    writer.fail(BodyErrorKind::Disconnected);
    let outcome = Fallback::new(unasked(), unasked()).oneshot(message(&["a@x"], body)).await;
    assert!(outcome.unwrap_err().is::<smtp_core::BodyError>());
}
