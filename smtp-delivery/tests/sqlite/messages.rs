//! Messages whose content tells whether it is whole.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures::stream;
use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, Envelope, Message, Route};
use smtp_delivery::TraceId;
use smtp_delivery::bounce::Written;
use smtp_delivery::queue::store::NewMessage;
use smtp_delivery::queue::{Entry, Job, Origin};

pub(crate) fn id(number: u64) -> TraceId {
    format!("{number:018}").parse().unwrap()
}

pub(crate) fn number(id: TraceId) -> u64 {
    id.as_str().parse().unwrap()
}

/// The content of a number; every seventh is too large for the database.
pub(crate) fn content(number: u64) -> Bytes {
    let size = if number.is_multiple_of(7) { 66_000 + number % 200_000 } else { number % 2000 };
    let mut octets = BytesMut::from(format!("Number: {number}\r\n").as_bytes());
    let lines = (0..size / 16).map(|line| format!("{:014x}\r\n", (line + number).wrapping_mul(0x9e37_79b9)));
    lines.for_each(|line| octets.extend_from_slice(line.as_bytes()));
    octets.freeze()
}

/// The number of this content, if it is whole.
pub(crate) fn whole(octets: &[u8]) -> Option<u64> {
    let line = octets.strip_prefix(b"Number: ")?.split(|octet| *octet == b'\r').next()?;
    let number = std::str::from_utf8(line).ok()?.parse().ok()?;
    (content(number) == octets).then_some(number)
}

/// The content in chunks, as it comes from a connection.
pub(crate) fn body(number: u64) -> Body {
    let octets = content(number);
    let chunks: Vec<_> =
        (0..octets.len()).step_by(8192).map(|at| Ok(octets.slice(at..octets.len().min(at + 8192)))).collect();
    Body::from_stream(stream::iter(chunks))
}

pub(crate) async fn read(mut body: Body) -> Vec<u8> {
    let mut octets = Vec::new();
    while let Some(chunk) = body.next().await {
        octets.extend_from_slice(&chunk.unwrap());
    }
    octets
}

/// A message for two destinations.
pub(crate) fn message(number: u64) -> NewMessage {
    let now = SystemTime::now();
    let entry = Entry {
        id: id(number),
        sender: sender("joe@example.org"),
        origin: Origin::of(facts().session()),
        arrival: now,
        release: now,
        expires: now + Duration::from_hours(1),
        priority: 0,
        written: Written::ByOthers,
    };
    let job = |number: u32, destination: &str| Job {
        number,
        destination: destination.into(),
        recipients: vec![recipient(&format!("jane@{destination}")).routed(Route::Relay).into()],
        due: now,
        notice: now + Duration::from_hours(1),
        turn: 0,
        attempts: 0,
        told: None,
    };
    NewMessage { entry, jobs: vec![job(0, "x.example"), job(1, "y.example")] }
}

/// A message for the front of a queue.
pub(crate) fn arriving(number: u64) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.org"));
    envelope.recipients.push(recipient("jane@x.example").routed(Route::Relay));
    Message::new(Arc::new(envelope), body(number), facts().session().clone())
}
