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
/// How long those wait who are there when it is read again; what was read before does until then.
const LONGEST: Duration = Duration::from_secs(5);
/// How many octets are read at once, of a file and what it includes: a file that has no end must not take all
/// memory.
const MOST: u64 = 64 << 20;

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

/// Files, and what they looked like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    seen: Vec<(PathBuf, Option<Stamp>)>,
    /// How many octets were read.
    octets: u64,
}

impl PartialEq for Files {
    fn eq(&self, other: &Self) -> bool {
        self.seen == other.seen
    }
}

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
        self.read_with(path, |path| File::open(path))
    }

    /// The same of a file that is opened so.
    pub(crate) fn read_with(
        &mut self,
        path: &Path,
        open: impl FnOnce(&Path) -> io::Result<File>,
    ) -> io::Result<String> {
        let file = open(path);
        // One that is not there may come, one that may not be read may be let in.
        let metadata = file.as_ref().map_or_else(|_| path.metadata(), File::metadata).ok();
        self.seen.push((path.to_owned(), metadata.as_ref().map(Stamp::of)));
        let (mut text, room) = (String::new(), MOST.saturating_sub(self.octets));
        let read = file?.take(room + 1).read_to_string(&mut text)?;
        self.octets += read as u64;
        if self.octets > MOST {
            let what = format!("more than {} MiB, with what was read before it", MOST >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        Ok(text)
    }

    /// Notes what a file looks like that others read.
    #[cfg(feature = "sqlite")]
    pub(crate) fn note(&mut self, path: &Path) {
        self.seen.push((path.to_owned(), path.metadata().ok().as_ref().map(Stamp::of)));
    }

    /// What they look like now.
    fn look_again(&self) -> Self {
        let look = |(path, _): &(PathBuf, _)| (path.clone(), path.metadata().ok().as_ref().map(Stamp::of));
        Self { seen: self.seen.iter().map(look).collect(), octets: 0 }
    }

    fn name(&self) -> impl fmt::Display + '_ {
        self.seen.first().map_or(Path::new(""), |(path, _)| path).display()
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

    #[test]
    fn a_file_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("endless");
        // It takes no room on the disk.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = Files::default().read(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        // What is read together is bounded together.
        File::options().write(true).open(&path).unwrap().set_len(MOST - 10).unwrap();
        let mut files = Files::default();
        assert_eq!(files.read(&path).unwrap().len() as u64, MOST - 10);
        assert_eq!(files.read(&path).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
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
