//! Whom everybody may write to (RFC 5321 section 4.5.1).

use smtp_core::{ForwardPath, Recipient};

/// Whether that is a postmaster.
pub(crate) fn is(recipient: &Recipient) -> bool {
    match &recipient.path {
        ForwardPath::Postmaster => true,
        ForwardPath::Mailbox(mailbox) => mailbox.local_part().unquoted().eq_ignore_ascii_case("postmaster"),
    }
}
