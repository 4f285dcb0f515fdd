//! Files that are read again when they change.

mod files;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use files::Files;
use tokio::time::Instant;

use crate::FileError;

const INTERVAL: Duration = Duration::from_secs(1);
/// How long those wait who are there when it is read again; what was read before does until then.
const LONGEST: Duration = Duration::from_secs(5);

/// What the files say, and a way to find out whether they still do.
///
/// They are looked at once a second while they are in use, and read again when they looked the same
/// twice: whoever saves slowly is not caught half-way. While they are broken the old value stays.
pub(crate) struct Watched<T> {
    load: Load<T>,
    current: Mutex<Current<T>>,
}

type Load<T> = Box<dyn Fn(&mut Files) -> Result<T, FileError> + Send + Sync>;

struct Current<T> {
    value: Arc<T>,
    /// What the files looked like when they were read.
    read: Files,
    /// What they looked like when they were last looked at, if that was another thing.
    unsettled: Option<Files>,
    due: Instant,
    /// Whether somebody looks now: on a disk that hangs one is enough.
    is_read: bool,
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// Reads the files.
    ///
    /// # Errors
    /// As `load` has them.
    pub(crate) fn open(
        load: impl Fn(&mut Files) -> Result<T, FileError> + Send + Sync + 'static,
    ) -> Result<Self, FileError> {
        let mut read = Files::default();
        let value = Arc::new(load(&mut read)?);
        let due = Instant::now() + INTERVAL;
        let current = Current { value, read, unsettled: None, due, is_read: false };
        Ok(Self { load: Box::new(load), current: Mutex::new(current) })
    }

    /// What the files say; looks at them if it is time to.
    pub(crate) async fn get(self: &Arc<Self>) -> Arc<T> {
        if self.is_due() {
            let this = Arc::clone(self);
            let read = tokio::task::spawn_blocking(move || {
                this.refresh();
                this.lock().is_read = false;
            });
            if let Ok(Err(_)) = tokio::time::timeout(LONGEST, read).await {
                // The runtime shuts down, or `load` panicked.
                self.lock().is_read = false;
            }
        }
        self.value()
    }

    /// What they said when they were last read.
    pub(crate) fn value(&self) -> Arc<T> {
        self.lock().value.clone()
    }

    fn is_due(&self) -> bool {
        let mut current = self.lock();
        let now = Instant::now();
        // Others go on with what is there meanwhile.
        let due = now >= current.due && !current.is_read && !current.read.seen.is_empty();
        if due {
            current.due = now + INTERVAL;
            current.is_read = true;
        }
        due
    }

    /// Looks at the files and reads them if they changed. Blocks.
    pub(crate) fn refresh(&self) {
        let read = self.lock().read.clone();
        let seen = read.look_again();
        if !self.is_news(&seen) {
            return;
        }
        let mut files = Files::default();
        let value = (self.load)(&mut files);
        let mut current = self.lock();
        match value {
            Ok(value) => {
                tracing::info!(path = %files.name(), "the file changed and was read again");
                current.value = Arc::new(value);
            }
            // Said once, until the files change again.
            Err(error) => tracing::error!(path = %files.name(), %error, "what was read before stays in use"),
        }
        current.read = files;
        current.unsettled = None;
    }

    /// Whether the files changed and are whole.
    fn is_news(&self, seen: &Files) -> bool {
        let mut current = self.lock();
        let settled = current.unsettled.as_ref() == Some(seen);
        let changed = current.read != *seen;
        current.unsettled = changed.then(|| seen.clone());
        changed && settled
    }

    fn lock(&self) -> MutexGuard<'_, Current<T>> {
        // Nothing panics while the lock is held.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::file_error::Problems;

    fn number(path: &Path) -> Watched<u32> {
        let path = path.to_owned();
        let load = move |files: &mut Files| {
            let mut problems = Problems::default();
            let text = files.read(&path).map_err(|error| problems.add_unreadable(&path, &error));
            let value = text.ok().and_then(|text| text.trim().parse().ok());
            if value.is_none() {
                problems.add(&path, 1, 1, "no number; write one");
            }
            problems.into_result(value.unwrap_or_default())
        };
        Watched::open(load).unwrap()
    }

    #[test]
    fn what_changed_is_read_once_it_rests_and_what_is_broken_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        fs::write(&path, "1").unwrap();
        let watched = number(&path);
        for (text, expected) in [("22", 22), ("x", 22), ("333", 333)] {
            fs::write(&path, text).unwrap();
            let before = *watched.value();
            watched.refresh();
            assert_eq!(*watched.value(), before, "it may be half-written");
            watched.refresh();
            assert_eq!(*watched.value(), expected);
        }
        fs::remove_file(&path).unwrap();
        watched.refresh();
        watched.refresh();
        assert_eq!(*watched.value(), 333);
        fs::write(&path, "4444").unwrap();
        watched.refresh();
        watched.refresh();
        assert_eq!(*watched.value(), 4444);
    }

    #[tokio::test(start_paused = true)]
    async fn files_are_looked_at_once_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        fs::write(&path, "1").unwrap();
        let watched = Arc::new(number(&path));
        fs::write(&path, "22").unwrap();
        assert_eq!(*watched.get().await, 1);
        for expected in [1, 22] {
            tokio::time::advance(INTERVAL).await;
            assert_eq!(*watched.get().await, expected);
        }
    }
}
