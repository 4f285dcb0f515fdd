//! Files that are read again when they change.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::FileError;

const INTERVAL: Duration = Duration::from_secs(1);

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
}

/// Files, and what they looked like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Files(Vec<(PathBuf, Option<Stamp>)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
    /// When anything about it changed, access to it too: seconds and nanoseconds.
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
        Self { modified: metadata.modified().ok(), length: metadata.len(), inode, changed }
    }
}

impl Files {
    /// Reads a file, and notes that and what it looked like.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<String> {
        let file = File::open(path);
        // One that is not there may come, one that may not be read may be let in.
        let metadata = file.as_ref().map_or_else(|_| path.metadata(), File::metadata).ok();
        self.0.push((path.to_owned(), metadata.as_ref().map(Stamp::of)));
        let mut text = String::new();
        file?.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Notes what a file looks like that others read.
    #[cfg(feature = "sqlite")]
    pub(crate) fn note(&mut self, path: &Path) {
        self.0.push((path.to_owned(), path.metadata().ok().as_ref().map(Stamp::of)));
    }

    /// What they look like now.
    fn look_again(&self) -> Self {
        let look = |(path, _): &(PathBuf, _)| (path.clone(), path.metadata().ok().as_ref().map(Stamp::of));
        Self(self.0.iter().map(look).collect())
    }

    fn name(&self) -> impl fmt::Display + '_ {
        self.0.first().map_or(Path::new(""), |(path, _)| path).display()
    }
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
        Ok(Self { load: Box::new(load), current: Mutex::new(Current { value, read, unsettled: None, due }) })
    }

    /// What the files say; looks at them if it is time to.
    pub(crate) async fn get(self: &Arc<Self>) -> Arc<T> {
        if self.is_due() {
            let this = Arc::clone(self);
            // Where the runtime shuts down there is nothing to read any more.
            let _ = tokio::task::spawn_blocking(move || this.refresh()).await;
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
        let due = now >= current.due && !current.read.0.is_empty();
        if due {
            current.due = now + INTERVAL;
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
