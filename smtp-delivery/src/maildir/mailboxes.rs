use std::path::PathBuf;

use smtp_core::Recipient;

/// Says which mailbox is whose.
///
/// Closures `Fn(&Recipient) -> Option<PathBuf>` implement it. It is asked within the task of the
/// session: it must not block. Whoever builds a path from an address must keep in mind that a
/// local part may have slashes and dots in it; [`MailboxTree`](super::MailboxTree) does.
pub trait Mailboxes: Send + Sync + 'static {
    /// The directory of the recipient's mailbox, whether it exists yet or not; `None` if there is
    /// no such recipient, which is answered with 550 5.1.1.
    fn mailbox(&self, recipient: &Recipient) -> Option<PathBuf>;
}

impl<F> Mailboxes for F
where
    F: Fn(&Recipient) -> Option<PathBuf> + Send + Sync + 'static,
{
    fn mailbox(&self, recipient: &Recipient) -> Option<PathBuf> {
        self(recipient)
    }
}
