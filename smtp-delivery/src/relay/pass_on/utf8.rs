//! SMTPUTF8 (RFC 6531).

use smtp_core::extension::{SmtpUtf8Option, TypedParameter as _};
use smtp_core::{Envelope, Mail, Mailbox, Parameter, Recipient, Reply};

use super::Passed;
use crate::relay::connection::Connection;

/// Whether an address needs the extension.
fn is_utf8(mailbox: Option<&Mailbox>) -> bool {
    mailbox.is_some_and(|mailbox| !mailbox.is_ascii())
}

/// Without the extension at the next hop, a message whose client declared it goes no further: its
/// header may need it, and has not been seen yet (section 3.5 has the codes).
pub(super) fn of_mail(connection: &Connection, envelope: &Envelope) -> Passed {
    let sender = &envelope.sender;
    let declared = sender.parameters.get(SmtpUtf8Option::KEYWORD).is_some();
    let offered = connection.offers.has(SmtpUtf8Option::KEYWORD);
    let of_recipient = |recipient: &Recipient| is_utf8(recipient.path.mailbox());
    if !declared && !is_utf8(sender.path.mailbox()) {
        // Recipients that need it are refused by themselves where it is not offered.
        let needed = offered && envelope.recipients.iter().any(of_recipient);
        return Ok(Parameter::parse(SmtpUtf8Option::KEYWORD).filter(|_| needed));
    }
    if offered {
        return Ok(Parameter::parse(SmtpUtf8Option::KEYWORD));
    }
    Err(Reply::new(550, "5.6.7 next hop does not take internationalised mail"))
}

pub(super) fn of_rcpt(connection: &Connection, _: &Mail, recipient: &Recipient) -> Passed {
    if !is_utf8(recipient.path.mailbox()) || connection.offers.has(SmtpUtf8Option::KEYWORD) {
        return Ok(None);
    }
    Err(Reply::new(553, "5.6.7 next hop does not take internationalised addresses"))
}
