//! Mailboxes as people mean them.

use smtp_core::{Host, Mailbox};

/// A mailbox as the key of a table: local parts without regard to case, as every host that has mailboxes
/// of its own may take them (RFC 5321 section 2.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AddressKey {
    local_part: String,
    host: Host,
}

impl AddressKey {
    pub(crate) fn of(mailbox: &Mailbox) -> Self {
        Self::new(&mailbox.local_part().unquoted(), mailbox.host())
    }

    pub(crate) fn new(local_part: &str, host: &Host) -> Self {
        Self { local_part: local_part.to_lowercase(), host: host.clone() }
    }
}

/// The user and the detail of a local part (RFC 5233), where the separator stands between them.
pub(crate) fn split_detail(local_part: &str, separator: Option<char>) -> Option<(&str, &str)> {
    let (user, detail) = local_part.split_once(separator?)?;
    (!user.is_empty()).then_some((user, detail))
}
