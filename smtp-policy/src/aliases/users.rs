use std::collections::HashSet;
use std::sync::Arc;

use smtp_core::{BoxError, Mailbox};

/// Who has a mailbox here. Implementations may be written with `async fn`.
pub trait Users: Send + Sync + 'static {
    /// Whether this address of a local domain has a mailbox of its own. Details behind a `+` were taken off
    /// where it is asked without them, too.
    ///
    /// # Errors
    /// If there is no telling now.
    fn has_mailbox(&self, mailbox: &Mailbox) -> impl Future<Output = Result<bool, BoxError>> + Send;
}

/// The address that a database is asked for.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) fn looked_up(mailbox: &Mailbox) -> Option<String> {
    let domain = mailbox.domain()?.to_ascii();
    Some(format!("{}@{domain}", mailbox.local_part().unquoted()).to_ascii_lowercase())
}

/// Those addresses alone, whatever their case.
impl Users for HashSet<Mailbox> {
    async fn has_mailbox(&self, mailbox: &Mailbox) -> Result<bool, BoxError> {
        let same = |known: &Mailbox| {
            known.host() == mailbox.host()
                && known.local_part().unquoted().eq_ignore_ascii_case(&mailbox.local_part().unquoted())
        };
        Ok(self.contains(mailbox) || self.iter().any(same))
    }
}

impl<U: Users> Users for Arc<U> {
    async fn has_mailbox(&self, mailbox: &Mailbox) -> Result<bool, BoxError> {
        (**self).has_mailbox(mailbox).await
    }
}
