use serde_json::{Map, Value};
use smtp_core::{Envelope, Session};

use crate::TraceId;

/// The envelope, as JSON.
pub(super) fn envelope(envelope: &Envelope, session: &Session) -> String {
    let mut object = Map::new();
    let from = envelope.sender.path.mailbox().map(|mailbox| Value::String(mailbox.to_string()));
    object.insert("from".to_owned(), from.unwrap_or_default());
    let to = envelope.recipients.iter().map(|recipient| Value::String(super::form::address(recipient)));
    object.insert("to".to_owned(), to.collect());
    object.insert("utf8".to_owned(), envelope.sender.needs_utf8().into());
    let known = [
        ("client_address", session.peer_ip().map(|address| address.to_string())),
        ("helo", session.hello().map(ToString::to_string)),
        ("user", session.identity().map(|identity| identity.authenticated_name().to_owned())),
        ("trace_id", session.transaction().get::<TraceId>().map(|id| id.to_string())),
    ];
    for (name, value) in known {
        object.extend(value.map(|value| (name.to_owned(), Value::String(value))));
    }
    Value::Object(object).to_string()
}
