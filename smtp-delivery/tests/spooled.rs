//! Bodies that are read several times.

use std::fs;

use bytes::Bytes;
use smtp_core::{Body, BodyError, BodyErrorKind, Reply};
use smtp_delivery::{SpoolOptions, Spooled};

async fn content(mut body: Body) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(chunk) = body.next().await {
        content.extend_from_slice(&chunk.expect("a whole body"));
    }
    content
}

fn chunks(size: usize) -> (Body, Vec<u8>) {
    let octets: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
    let chunks: Vec<_> = octets.chunks(1777).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    (Body::from_stream(futures::stream::iter(chunks)), octets)
}

#[tokio::test]
async fn reads_any_number_of_times_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let options = SpoolOptions::default().threshold(10_000).directory(directory.path());
    for size in [0, 1, 9_999, 10_000, 10_001, 65_536, 700_000] {
        let (body, expected) = chunks(size);
        let spooled = Spooled::read(body, &options).await.unwrap();
        assert_eq!((spooled.len(), spooled.is_empty()), (size as u64, size == 0));
        let (first, second) = (spooled.body(), spooled.clone().body());
        drop(spooled);
        let (first, second) = tokio::join!(content(first), content(second));
        assert!(first == expected && second == expected, "{size}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn only_a_large_message_needs_the_directory() {
    let missing = tempfile::tempdir().unwrap().path().join("missing");
    let options = SpoolOptions::default().threshold(10).directory(missing);
    assert!(Spooled::read(Body::from("small"), &options).await.is_ok());
    let error = Spooled::read(Body::from("larger than that"), &options).await.unwrap_err();
    let reply = error.downcast_ref::<Reply>().unwrap();
    assert_eq!(reply.to_string(), "451 4.3.0 local storage error, try again later");
}

#[tokio::test]
async fn a_body_that_breaks_is_passed_on_as_it_is() {
    for threshold in [0, 1000] {
        let kind = BodyErrorKind::BareLineEnding;
        let chunks = [Ok(Bytes::from("hello")), Err(BodyError::from(kind))];
        let body = Body::from_stream(futures::stream::iter(chunks));
        let options = SpoolOptions::default().threshold(threshold);
        let error = Spooled::read(body, &options).await.unwrap_err();
        assert_eq!(error.downcast_ref::<BodyError>().unwrap().kind(), kind);
    }
}
