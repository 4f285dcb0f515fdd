use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The age from which the specification of Maildir takes a file in `tmp` for abandoned.
const ABANDONED: Duration = Duration::from_hours(36);

/// Removes from the `tmp` of a mailbox what was not written to for 36 hours: the leftovers of
/// processes that were killed. Gives the number of files removed.
///
/// It blocks; run it from time to time on the blocking pool, for each mailbox.
///
/// # Errors
/// If the directory cannot be read or a file not be removed.
///
/// ```
/// let mailbox = tempfile::tempdir()?;
/// let leftover = mailbox.path().join("tmp/1.M2P3Q4.host");
/// std::fs::create_dir(mailbox.path().join("tmp"))?;
/// let long_ago = std::time::SystemTime::UNIX_EPOCH;
/// std::fs::File::create(&leftover)?.set_modified(long_ago)?;
/// assert_eq!(smtp_delivery::maildir::sweep_tmp(mailbox.path())?, 1);
/// assert!(!leftover.exists());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sweep_tmp(mailbox: &Path) -> io::Result<usize> {
    let now = SystemTime::now();
    let mut removed = 0;
    for entry in fs::read_dir(mailbox.join("tmp"))? {
        let entry = entry?;
        let metadata = match entry.metadata() {
            // Delivered or removed in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        let age = now.duration_since(metadata.modified()?).unwrap_or_default();
        if metadata.is_file() && age > ABANDONED {
            match fs::remove_file(entry.path()) {
                // Somebody else sweeps, too.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                result => result?,
            }
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_young_stays() {
        let mailbox = tempfile::tempdir().unwrap();
        let tmp = mailbox.path().join("tmp");
        fs::create_dir(&tmp).unwrap();
        for (name, hours) in [("old", 37), ("young", 35), ("new", 0)] {
            let time = SystemTime::now() - Duration::from_hours(hours);
            fs::File::create(tmp.join(name)).unwrap().set_modified(time).unwrap();
        }
        fs::create_dir(tmp.join("directory")).unwrap();
        assert_eq!(sweep_tmp(mailbox.path()).unwrap(), 1);
        assert!(!tmp.join("old").exists() && tmp.join("young").exists());
    }
}
