//! Users in a text file.

mod certificate;
mod edit;
mod entry;
mod error;
mod reload;
mod store;
mod users;
mod write;

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::UserFileError;
use reload::Reloading;
use smtp_core::Secret;
use tokio::runtime::Handle;
use users::Users;

use crate::password::PasswordChecks;
use crate::store::StoreError;

/// A store in a text file: one user a line, `#` before comments.
///
/// ```text
/// # name:argon2id hash:SCRAM keys..
/// alice:$argon2id$v=19$m=19456,t=2,p=1$c2FsdA..$aGFzaA..:{SCRAM-SHA-256}10000,c2FsdA==,..,..
/// ```
///
/// The second field is an Argon2id hash as a PHC string, for PLAIN and LOGIN. Those behind it have SCRAM
/// keys in the form that `gsasl --mkpasswd` writes, for one hash each; a hash for which not every user
/// has them is not offered. Passwords themselves are not in it, but for users whose old devices know
/// nothing but CRAM-MD5 or DIGEST-MD5: theirs stand behind `{SHARED-SECRET}`, in base64.
///
/// That another file took its place is noticed within a second of use, a change within it once it has
/// rested for a second: whoever saves slowly locks nobody out. If what is there now is broken, the
/// users of before stay, and an error is logged. Argon2id runs on the blocking pool, on half of the
/// processors at most, so that a flood of logins does not hold up mail.
///
/// Cheap to clone.
///
/// ```
/// use smtp_auth::UserFile;
///
/// let folder = tempfile::tempdir()?;
/// let users = UserFile::open_or_create(folder.path().join("users"))?;
/// users.set("alice", &"correct horse".into())?;
/// assert_eq!(users.names()?, ["alice"]);
/// assert!(users.remove("alice")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct UserFile {
    inner: Arc<Inner>,
    maps_certificates: bool,
}

struct Inner {
    path: PathBuf,
    reloading: Reloading,
    /// Held by who looks at the file.
    turn: tokio::sync::Mutex<()>,
    checks: PasswordChecks,
}

impl UserFile {
    /// Reads the file.
    ///
    /// Blocks; so do the other methods here.
    ///
    /// # Errors
    /// If it cannot be read or a line is malformed; the error names file, line and remedy.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, UserFileError> {
        let path = path.as_ref().to_owned();
        let reloading = Reloading::open(&path)?;
        let checks = PasswordChecks::default();
        let inner = Inner { path, reloading, turn: tokio::sync::Mutex::default(), checks };
        Ok(Self { inner: Arc::new(inner), maps_certificates: false })
    }

    /// Takes a verified client certificate for that of the user whose name is a mail address in it, or
    /// its common name, so that EXTERNAL can be offered. For servers that trust no authority of client
    /// certificates but their own: others may give anyone the name of a user.
    #[must_use]
    pub fn map_certificates(mut self) -> Self {
        self.maps_certificates = true;
        self
    }

    /// Reads the file, and makes an empty one that only its owner may read if there is none.
    ///
    /// # Errors
    /// If it cannot be made, and as [`open`](Self::open).
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, UserFileError> {
        let path = path.as_ref();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(UserFileError::io(path, "created", error))
            }
            _ => Self::open(path),
        }
    }

    /// Adds a user, or gives one another password. Other lines and comments stay as they are.
    ///
    /// # Errors
    /// If the name or the password cannot be used, or the file cannot be written; it is as before
    /// then.
    pub fn set(&self, name: &str, password: &Secret) -> Result<(), UserFileError> {
        edit::set(&self.inner.path, name, password, false)?;
        self.inner.reloading.expire(&self.inner.path);
        Ok(())
    }

    /// The same, and keeps the password as it is too, as CRAM-MD5 and DIGEST-MD5 need it: whoever gets
    /// at the file has it. [`set`](Self::set) does so as well from then on, until the user is removed.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_with_shared_secret(&self, name: &str, password: &Secret) -> Result<(), UserFileError> {
        edit::set(&self.inner.path, name, password, true)?;
        self.inner.reloading.expire(&self.inner.path);
        Ok(())
    }

    /// Takes a user out; `false` if there is no such user.
    ///
    /// # Errors
    /// If the file cannot be written; it is as before then.
    pub fn remove(&self, name: &str) -> Result<bool, UserFileError> {
        let removed = edit::remove(&self.inner.path, name)?;
        self.inner.reloading.expire(&self.inner.path);
        Ok(removed)
    }

    /// The names in the file as it is now, in its order.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn names(&self) -> Result<Vec<String>, UserFileError> {
        edit::names(&self.inner.path)
    }

    /// The names by which users can log in at the moment: as [`names`](Self::names), but of what the
    /// server goes by, which a file that is broken or being written does not change. Does not block.
    ///
    /// # Errors
    /// If the runtime shuts down.
    pub async fn known_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.users().await?.names().map(str::to_owned).collect())
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The users for what cannot wait for the file: it is looked at meanwhile, and who asks next knows
    /// more.
    fn current_users(&self) -> Arc<Users> {
        if self.inner.reloading.is_due()
            && let Ok(runtime) = Handle::try_current()
        {
            let file = self.clone();
            runtime.spawn(async move { file.users().await.map(drop) });
        }
        self.inner.reloading.users()
    }

    /// The users, read again if the file changed. One looks at the file, and those who come meanwhile
    /// wait for it: who was just taken in is not told otherwise.
    async fn users(&self) -> Result<Arc<Users>, StoreError> {
        if self.inner.reloading.is_due() {
            let _turn = self.inner.turn.lock().await;
            if self.inner.reloading.is_due() {
                let inner = self.inner.clone();
                let look = tokio::task::spawn_blocking(move || inner.reloading.refresh(&inner.path));
                look.await.map_err(StoreError::new)?;
            }
        }
        Ok(self.inner.reloading.users())
    }
}

impl fmt::Debug for UserFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserFile").field("path", &self.inner.path).finish_non_exhaustive()
    }
}
