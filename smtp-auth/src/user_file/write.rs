//! Replaces the file in one step: whoever reads it sees the old one or the new one, whole, even if
//! the machine stops in between.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::UserFileError;

/// The folder of the file, locked against others that change the file.
pub(super) struct Folder {
    /// As the caller knows it, for errors.
    named: PathBuf,
    /// Where links lead to.
    target: PathBuf,
    path: PathBuf,
    handle: File,
}

impl Folder {
    /// Waits until nobody else changes the file.
    pub(super) fn lock(path: &Path) -> Result<Self, UserFileError> {
        let failed = |error| UserFileError::io(path, "locked", error);
        // A link stays a link.
        let target = path.canonicalize().map_err(failed)?;
        let folder = target.parent().unwrap_or(Path::new("/")).to_owned();
        let handle = File::open(&folder).map_err(failed)?;
        // The file itself is replaced, so the lock is its folder's.
        handle.lock().map_err(failed)?;
        Ok(Self { named: path.to_owned(), target, path: folder, handle })
    }

    /// Puts `text` in the place of the file.
    pub(super) fn write(&self, text: &str) -> Result<(), UserFileError> {
        self.replace(text).map_err(|error| UserFileError::io(&self.named, "written", error))
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        // Its mode is 0600 from the beginning.
        let mut file = NamedTempFile::new_in(&self.path)?;
        file.write_all(text.as_bytes())?;
        keep_access(file.as_file(), &self.target)?;
        file.as_file().sync_all()?;
        file.persist(&self.target).map_err(|error| error.error)?;
        self.handle.sync_all()
    }
}

/// Gives the new file to the owner and the group of the old one, and keeps what the group may do:
/// the server often reads as another account than the one that sets passwords. Nobody else ever may
/// read it.
#[cfg(unix)]
fn keep_access(new: &File, old: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    let (old, mine) = (old.metadata()?, new.metadata()?);
    if (old.uid(), old.gid()) != (mine.uid(), mine.gid()) {
        fchown(new, Some(old.uid()), Some(old.gid()))?;
    }
    new.set_permissions(std::fs::Permissions::from_mode(0o600 | (old.mode() & 0o060)))
}

#[cfg(not(unix))]
fn keep_access(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}
