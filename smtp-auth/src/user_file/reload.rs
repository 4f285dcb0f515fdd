//! Notices that the file changed.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::error::UserFileError;
use super::users::Users;

const INTERVAL: Duration = Duration::from_secs(1);

/// The users as they were read last.
pub(super) struct Reloading(Mutex<Current>);

struct Current {
    users: Arc<Users>,
    /// What the file looked like when it was last looked at; `None` if there was none.
    stamp: Option<Stamp>,
    /// What it looked like while it was being written.
    unsettled: Option<Stamp>,
    /// When to look again.
    due: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
    /// Where the file system knows it. The number of an inode is soon given to another file.
    created: Option<SystemTime>,
    /// When access to it or anything else about it changed: seconds and nanoseconds.
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (inode, changed) = {
            use std::os::unix::fs::MetadataExt as _;
            (metadata.ino(), (metadata.ctime(), metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let (inode, changed) = (0, (0, 0));
        let (modified, created) = (metadata.modified().ok(), metadata.created().ok());
        Self { modified, length: metadata.len(), inode, created, changed }
    }
}

impl Reloading {
    pub(super) fn open(path: &Path) -> Result<Self, UserFileError> {
        let (stamp, text) = read(path).map_err(|error| UserFileError::io(path, "read", error))?;
        let users = Arc::new(Users::decode(&text, path)?);
        let due = Instant::now() + INTERVAL;
        Ok(Self(Mutex::new(Current { users, stamp: Some(stamp), unsettled: None, due })))
    }

    pub(super) fn users(&self) -> Arc<Users> {
        self.lock().users.clone()
    }

    /// Whether it is time to look at the file.
    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.lock().due
    }

    /// Makes the next use look at the file, which was just written as a whole. Its inode may be that
    /// of the one before the last, so that alone it would look written in place.
    pub(super) fn expire(&self, path: &Path) {
        let stamp = path.metadata().ok().map(|metadata| Stamp::of(&metadata));
        let mut current = self.lock();
        current.unsettled = stamp;
        current.due = Instant::now();
    }

    /// Looks at the file and reads it if it changed.
    pub(super) fn refresh(&self, path: &Path) {
        self.look(path);
        self.lock().due = Instant::now() + INTERVAL;
    }

    fn look(&self, path: &Path) {
        let stamp = path.metadata().ok().map(|metadata| Stamp::of(&metadata));
        if !self.is_news(stamp) {
            return;
        }
        let (stamp, users) = match read(path) {
            Ok((stamp, text)) => (Some(stamp), Users::decode(&text, path)),
            // The file is not to blame, and not read: it is looked at again. Whoever was taken out of it
            // must not stay in because descriptors ran out for a moment.
            Err(error) if !is_of_the_file(&error) => {
                tracing::error!(path = %path.display(), %error, "the users cannot be read at the moment");
                return;
            }
            Err(error) => (stamp, Err(UserFileError::io(path, "read", error))),
        };
        let mut current = self.lock();
        current.stamp = stamp;
        match users {
            Ok(users) => {
                tracing::info!(path = %path.display(), "the user file changed and was read again");
                current.users = Arc::new(users);
            }
            // Said once, until the file changes again.
            Err(error) => tracing::error!(%error, "the users stay as they were"),
        }
    }

    /// Whether the file changed and is whole.
    ///
    /// One that took the place of another is. One that is written in place may have been caught empty
    /// or half-written, which looks well-formed and would lock users out: it has to look the same twice.
    fn is_news(&self, stamp: Option<Stamp>) -> bool {
        let mut current = self.lock();
        if stamp == current.stamp {
            return false;
        }
        let in_place = match (stamp, current.stamp) {
            (Some(stamp), Some(seen)) => {
                cfg!(unix) && (stamp.inode, stamp.created) == (seen.inode, seen.created)
            }
            _ => false,
        };
        let settled = !in_place || stamp == current.unsettled;
        current.unsettled = stamp;
        settled
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the error lasts until the file changes.
fn is_of_the_file(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::NotFound | Kind::PermissionDenied | Kind::InvalidData | Kind::IsADirectory)
}

fn read(path: &Path) -> io::Result<(Stamp, String)> {
    let mut file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((stamp, text))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_said_once_until_it_changes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        fs::write(&path, "# nobody\n").unwrap();
        let reloading = Reloading::open(&path).unwrap();
        let seen = || path.metadata().ok().map(|metadata| Stamp::of(&metadata));

        fs::write(&path, b"\xff").unwrap();
        reloading.refresh(&path);
        reloading.refresh(&path);
        assert!(reloading.lock().stamp == seen(), "it would be read again each second");

        // Who mends the access leaves length and time of the content as they are. The clock of file
        // systems ticks slowly, so it takes some tries until the change can be told.
        let changed = (0..1_000_000).any(|attempt| {
            let mode = if attempt % 2 == 0 { 0o640 } else { 0o600 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            reloading.lock().stamp != seen()
        });
        assert!(changed, "it would never be read again");

        fs::remove_file(&path).unwrap();
        reloading.refresh(&path);
        assert!(reloading.lock().stamp == seen());
    }
}
