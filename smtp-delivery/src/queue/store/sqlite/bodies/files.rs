use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What durability hangs on of a file system, in one directory. A test has it recorded, and looks what
/// would be left if the machine died.
pub(super) trait Files: fmt::Debug + Send + Sync {
    /// A new file of this name; there must be none.
    fn create(&self, name: &str) -> io::Result<File>;

    fn append(&self, name: &str, file: &mut File, octets: &[u8]) -> io::Result<()>;

    /// Makes the content of a file durable.
    fn sync(&self, name: &str, file: &File) -> io::Result<()>;

    /// Makes the names of all files durable.
    fn sync_directory(&self) -> io::Result<()>;

    fn remove(&self, name: &str) -> io::Result<()>;

    fn open(&self, name: &str) -> io::Result<File>;

    fn names(&self) -> io::Result<Vec<String>>;
}

/// A directory on disk.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    /// Itself, to be synced.
    directory: File,
}

impl Disk {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), directory: File::open(path)? })
    }
}

impl Files for Disk {
    fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(self.path.join(name))
    }

    fn append(&self, _: &str, file: &mut File, octets: &[u8]) -> io::Result<()> {
        file.write_all(octets)
    }

    fn sync(&self, _: &str, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.directory.sync_all()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        File::open(self.path.join(name))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let names =
            fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }
}
