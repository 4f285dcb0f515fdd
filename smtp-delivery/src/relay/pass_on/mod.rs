//! What a client declared of a message, passed on to the next hop: each extension in a file of its
//! own, as a function from the next hop and the envelope to a parameter, to nothing, or to a refusal
//! where the message must not go on without.

mod auth;
mod body;
mod deliver_by;
mod dsn;
mod future_release;
mod priority;
mod require_tls;
mod size;
mod utf8;

use std::fmt::Write as _;

pub(super) use body::is_binary;
pub(super) use require_tls::demand;
use smtp_core::extension::TypedParameter;
use smtp_core::{Envelope, Mail, Parameter, Parameters, Recipient, Reply};

use super::connection::Connection;
use super::failure;

/// A parameter for the next hop, if it is to have one.
type Passed = Result<Option<Parameter>, Reply>;

const OF_MAIL: [fn(&Connection, &Envelope) -> Passed; 10] = [
    size::size,
    body::body,
    utf8::of_mail,
    dsn::ret,
    dsn::envid,
    auth::originator,
    require_tls::require_tls,
    priority::priority,
    deliver_by::deliver_by,
    future_release::hold,
];

const OF_RCPT: [fn(&Connection, &Mail, &Recipient) -> Passed; 3] = [utf8::of_rcpt, dsn::notify, dsn::orcpt];

/// What goes behind the sender.
///
/// # Errors
/// If the message must not go to this next hop.
pub(super) fn mail(connection: &Connection, envelope: &Envelope) -> Result<String, Reply> {
    written(connection, OF_MAIL.iter().map(|passed| passed(connection, envelope)))
}

/// What goes behind a recipient of this sender.
///
/// # Errors
/// If the message must not go to this next hop for this recipient.
pub(super) fn rcpt(connection: &Connection, sender: &Mail, recipient: &Recipient) -> Result<String, Reply> {
    connection.check_recipient(recipient)?;
    written(connection, OF_RCPT.iter().map(|passed| passed(connection, sender, recipient)))
}

fn written(connection: &Connection, parameters: impl Iterator<Item = Passed>) -> Result<String, Reply> {
    let mut text = String::new();
    for parameter in parameters {
        if let Some(parameter) = parameter.map_err(|refusal| failure::lacking(&connection.offers, refusal))? {
            // Writing into a string cannot fail.
            let _ = write!(text, " {parameter}");
        }
    }
    Ok(text)
}

/// The parameter as it was written. One that breaks its grammar is none: not every envelope comes
/// from a client whose parameters were checked.
fn declared<T: TypedParameter>(parameters: &Parameters) -> Option<&Parameter> {
    parameters.get(T::KEYWORD).filter(|parameter| T::from_value(parameter.value()).is_some())
}

/// A parameter that goes on where the extension is offered, and is left out where it is not.
fn where_offered<T: TypedParameter>(
    connection: &Connection,
    extension: &str,
    parameters: &Parameters,
) -> Passed {
    Ok(declared::<T>(parameters).filter(|_| connection.offers.has(extension)).cloned())
}
