use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many octets are read at once, of a file and what it includes: a file that has no end must not take all
/// memory.
const MOST: u64 = 64 << 20;

/// Files, and what they looked like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    pub(super) seen: Vec<(PathBuf, Option<Stamp>)>,
    /// How many octets were read.
    octets: u64,
}

impl PartialEq for Files {
    fn eq(&self, other: &Self) -> bool {
        self.seen == other.seen
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
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
    pub(super) fn look_again(&self) -> Self {
        let look = |(path, _): &(PathBuf, _)| (path.clone(), path.metadata().ok().as_ref().map(Stamp::of));
        Self { seen: self.seen.iter().map(look).collect(), octets: 0 }
    }

    pub(super) fn name(&self) -> impl fmt::Display + '_ {
        self.seen.first().map_or(Path::new(""), |(path, _)| path).display()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
