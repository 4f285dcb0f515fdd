use std::time::{Duration, SystemTime};

use smtp_server::delivery::TraceId;
use smtp_server::delivery::bounce::Written;
use smtp_server::delivery::queue::store::NewMessage;
use smtp_server::delivery::queue::{Entry, Job, Origin};
use smtp_server::{ConnectionInfo, ForwardPath, Mail, Peer, Recipient, ReversePath, Route, SessionFacts};

/// A message of this number for one destination, due at once.
///
/// # Panics
/// Never: the names are well-formed.
pub fn message(number: usize, destination: &str) -> NewMessage {
    let now = SystemTime::now();
    let id: TraceId = format!("{number:018}").parse().expect("digits are letters of names");
    let path = ReversePath::from_utf8("<joe@example.org>").expect("a path");
    let sender = Mail { path, parameters: Default::default() };
    let server_name = "mx.example.org".parse::<smtp_server::Domain>().expect("a domain");
    let facts = SessionFacts::new(ConnectionInfo::new(Peer::Local, server_name));
    let to = ForwardPath::from_utf8(&format!("<jane{number}@{destination}>")).expect("a path");
    let entry = Entry {
        id,
        sender,
        origin: Origin::of(facts.session()),
        arrival: now,
        release: now,
        expires: now + Duration::from_hours(24),
        priority: 0,
        written: Written::ByOthers,
    };
    let job = Job {
        number: 0,
        destination: destination.into(),
        recipients: vec![Recipient::new(to).routed(Route::Relay).into()],
        due: now,
        notice: now + Duration::from_hours(4),
        turn: i64::try_from(number).unwrap_or(i64::MAX),
        attempts: 0,
        told: None,
    };
    NewMessage { entry, jobs: vec![job] }
}
