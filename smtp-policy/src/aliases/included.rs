//! Files that others may keep.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

/// Opens an included list.
///
/// # Errors
/// Besides those of the system: if it is no file, as a pipe or a device might have no end; and if it is a link
/// that belongs neither to root nor to whoever owns the file.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let link = path.symlink_metadata()?;
    // To open a pipe may take for ever.
    if !path.metadata()?.is_file() {
        return Err(refused("no file"));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    // It may be another by now.
    if !metadata.is_file() {
        return Err(refused("no file"));
    }
    if !is_theirs(&link, &metadata) {
        return Err(refused("a link, and the file behind it belongs to somebody else"));
    }
    Ok(file)
}

fn refused(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// Whether who made what stands at the path may show the file.
#[cfg(unix)]
fn is_theirs(link: &Metadata, file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match link.is_symlink() {
        true => link.uid() == 0 || link.uid() == file.uid(),
        false => (link.dev(), link.ino()) == (file.dev(), file.ino()),
    }
}

#[cfg(not(unix))]
fn is_theirs(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{chown, lchown, symlink};

    use super::*;

    #[test]
    fn a_link_of_another_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::write(file("secret"), "word\n").unwrap();
        symlink(file("secret"), file("list")).unwrap();
        assert!(open(&file("secret")).is_ok() && open(&file("list")).is_ok());
        assert!(open(folder.path()).is_err() && open(&file("none")).is_err());
        // Only root gives files away.
        if lchown(file("list"), Some(65_534), None).is_err() {
            return;
        }
        let error = open(&file("list")).unwrap_err();
        assert!(error.to_string().contains("belongs to somebody else"), "{error}");
        chown(file("secret"), Some(65_534), None).unwrap();
        assert!(open(&file("list")).is_ok());
        lchown(file("list"), Some(0), None).unwrap();
        assert!(open(&file("list")).is_ok());
    }
}
