use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Creates what is missing of a mailbox and of the directories above it, readable by the owner
/// only, and makes it durable.
///
/// `tmp` comes last: whoever finds it there finds the rest, and finds it on disk, so that
/// deliveries need not look.
pub(super) fn create(mailbox: &Path) -> io::Result<()> {
    let above: Vec<&Path> = mailbox.ancestors().filter(|path| !path.as_os_str().is_empty()).collect();
    let mut created = Vec::new();
    for path in above.iter().rev() {
        created.push(create_one(path)?);
    }
    create_one(&mailbox.join("cur"))?;
    create_one(&mailbox.join("new"))?;
    sync(mailbox)?;
    // Also those that were there: whoever made them may not have come to sync them.
    for (path, created) in above.iter().rev().zip(created) {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        match sync(parent.unwrap_or(Path::new("."))) {
            // A directory far above may be closed to us; then it is not ours to sync either.
            Err(error) if created => return Err(error),
            _ => {}
        }
    }
    create_one(&mailbox.join("tmp"))?;
    Ok(())
}

/// Whether the directory was missing.
fn create_one(path: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(true),
        Err(_) if path.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes the entries of a directory durable.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn creates_what_is_missing_for_the_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let mailbox = root.path().join("a/b");
        fs::create_dir_all(mailbox.join("new")).unwrap();
        create(&mailbox).unwrap();
        create(&mailbox).unwrap();
        for name in ["cur", "tmp"] {
            let mode = fs::metadata(mailbox.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), "").unwrap();
        assert!(create(&root.path().join("a/b")).is_err());
    }
}
