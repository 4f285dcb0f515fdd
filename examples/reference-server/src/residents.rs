//! Who has a mailbox here.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use smtp_server::auth::UserFile;
use smtp_server::policy::Users;
use smtp_server::{BoxError, Mailbox};

use crate::bootstrap::POSTMASTER;
use crate::directory::DatabaseUsers;

/// What separates a name from what its owner likes to add: `joe+lists` is `joe` (RFC 5233).
pub(crate) const DETAIL: char = '+';
/// How old may be what is known of the file.
const FRESH: Duration = Duration::from_secs(1);

/// The users, as recipients: those of the file, and then those of a database. A user `joe` of the file has a
/// mailbox in each local domain, a user `joe@example.org` in that one; each domain has a postmaster. Cheap to
/// clone.
#[derive(Debug, Clone)]
pub(crate) struct Residents(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    users: UserFile,
    others: Option<DatabaseUsers>,
    names: Mutex<Option<(Instant, Arc<HashSet<String>>)>>,
}

impl Residents {
    pub(crate) fn new(users: UserFile, others: Option<DatabaseUsers>) -> Self {
        Self(Arc::new(Inner { users, others, names: Mutex::default() }))
    }

    /// Whether mail for this mailbox of a local domain has somewhere to go.
    pub(crate) async fn has(&self, mailbox: &Mailbox) -> Result<bool, BoxError> {
        let local_part = mailbox.local_part().unquoted().to_ascii_lowercase();
        let name = match local_part.split_once(DETAIL) {
            Some((name, _)) if !name.is_empty() => name,
            _ => &local_part,
        };
        if name == POSTMASTER {
            return Ok(true);
        }
        // A user `joe@example.org` is no local part: `"joe@example.org"@example.net` is nobody's mailbox.
        if name.contains('@') {
            return Ok(false);
        }
        let names = self.names().await?;
        let host =
            mailbox.domain().map_or_else(|| mailbox.host().to_string(), |domain| domain.to_ascii().into());
        if names.contains(name) || names.contains(&format!("{name}@{host}").to_ascii_lowercase()) {
            return Ok(true);
        }
        match &self.0.others {
            // With a detail it is nobody's mailbox; whoever asks for it asks without, too.
            Some(others) if name == local_part => others.has_mailbox(mailbox).await,
            _ => Ok(false),
        }
    }

    /// The names in lower case, read again when they are not fresh.
    async fn names(&self) -> Result<Arc<HashSet<String>>, BoxError> {
        if let Some((read, names)) = &*self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
            && read.elapsed() < FRESH
        {
            return Ok(Arc::clone(names));
        }
        let names = self.0.users.known_names().await?;
        let names: Arc<HashSet<String>> =
            Arc::new(names.into_iter().map(|name| name.to_ascii_lowercase()).collect());
        *self.0.names.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), Arc::clone(&names)));
        Ok(names)
    }
}

impl Users for Residents {
    async fn has_mailbox(&self, mailbox: &Mailbox) -> Result<bool, BoxError> {
        self.has(mailbox).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn users_have_mailboxes_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let users = UserFile::open_or_create(folder.path().join("users")).unwrap();
        users.set("Joe", &"secret".into()).unwrap();
        users.set("jane@example.net", &"secret".into()).unwrap();
        users.set("kim@xn--bcher-kva.example", &"secret".into()).unwrap();
        let residents = Residents::new(users, None);
        for (mailbox, expected) in [
            ("joe@example.org", true),
            ("JOE+lists@example.net", true),
            ("jane@example.net", true),
            ("jane@example.org", false),
            ("postmaster@example.org", true),
            ("nobody@example.org", false),
            ("+joe@example.org", false),
            ("kim@b\u{fc}cher.example", true),
            ("kim@XN--bcher-kva.example", true),
            // The small letter of this one is a k, which is another mailbox.
            ("\u{212a}im@b\u{fc}cher.example", false),
            (r#""jane@example.net"@example.net"#, false),
            (r#""jane@example.net"@example.org"#, false),
        ] {
            assert_eq!(
                residents.has(&Mailbox::from_utf8(mailbox).unwrap()).await.unwrap(),
                expected,
                "{mailbox}"
            );
        }
    }
}
