use smtp_core::testing::{RecordingDelivery, recipient};
use smtp_core::{Body, BodyErrorKind};
use smtp_delivery::{SpoolOptions, TeeLayer};
use tower::{Layer, ServiceExt};

use super::{answering, message, recipients, texts, unasked};

#[tokio::test]
async fn the_copy_is_of_what_was_delivered() {
    let copies = RecordingDelivery::new();
    let tee = TeeLayer::new(copies.clone()).spool(SpoolOptions::default().threshold(1));
    let main = answering(&["550 5.1.1 a", "250 2.0.0 b", "451 4.2.0 c"]);
    let outcomes = tee.layer(main).oneshot(message(&["a@x", "b@x", "c@x"], "hello\r\n")).await.unwrap();
    assert_eq!(texts(outcomes, 3), ["550 5.1.1 a", "250 2.0.0 b", "451 4.2.0 c"]);
    assert_eq!(recipients(&copies), [["<b@x>"]]);
    assert_eq!(copies.messages()[0].content, b"hello\r\n");
}

#[tokio::test]
async fn there_is_no_copy_of_what_was_not_delivered() {
    let tee = TeeLayer::new(unasked()).recipients([recipient("archive@x")]);
    let outcomes = tee.layer(answering(&["451 4.2.0 a"])).oneshot(message(&["a@x"], "hello\r\n")).await;
    assert_eq!(texts(outcomes.unwrap(), 1), ["451 4.2.0 a"]);
}

#[tokio::test]
async fn a_copy_that_fails_changes_nothing() {
    for copy in [answering(&["550 5.2.1 no"]), answering(&["451 4.2.0 later"]), answering(&[])] {
        let main = RecordingDelivery::new();
        let outcomes =
            TeeLayer::new(copy).layer(main.clone()).oneshot(message(&["a@x"], "x\r\n")).await.unwrap();
        assert_eq!(texts(outcomes, 1), ["250 2.0.0 recorded"]);
        assert_eq!(main.messages().len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_delivered_without_a_copy_that_is_required() {
    let deferred = "451 4.3.0 no copy can be kept now, try again later";
    for copy in [answering(&["550 5.2.1 no"]), answering(&["250 2.0.0 a", "451 4.2.0 b"])] {
        let tee = TeeLayer::new(copy).required();
        let outcomes = tee.layer(unasked()).oneshot(message(&["a@x", "b@x"], "x\r\n")).await.unwrap();
        assert_eq!(texts(outcomes, 2), [deferred, deferred]);
    }
    let copies = RecordingDelivery::new();
    let tee = TeeLayer::new(copies.clone()).required().recipients([recipient("archive@x")]);
    let main = answering(&["550 5.1.1 a", "250 2.0.0 b"]);
    let outcomes = tee.layer(main).oneshot(message(&["a@x", "b@x"], "x\r\n")).await.unwrap();
    assert_eq!(texts(outcomes, 2), ["550 5.1.1 a", "250 2.0.0 b"]);
    assert_eq!(recipients(&copies), [["<archive@x>"]]);
}

#[tokio::test]
async fn a_body_that_breaks_goes_nowhere() {
    let (mut writer, body) = Body::channel();
    writer.fail(BodyErrorKind::Disconnected);
    let outcome = TeeLayer::new(unasked()).layer(unasked()).oneshot(message(&["a@x"], body)).await;
    assert!(outcome.unwrap_err().is::<smtp_core::BodyError>());
}
