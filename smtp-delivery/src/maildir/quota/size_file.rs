use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::Quota;
use super::count::count;
use super::usage::Amount;
use crate::maildir::directory;
use crate::maildir::unique_name::unique_name;

const NAME: &str = "maildirsize";
/// A file that has grown beyond this is written anew.
const MAX: u64 = 5120;
/// A sum that is older than this may be wrong: somebody else may have removed messages.
const TRUSTED: Duration = Duration::from_mins(15);

/// The file that adds up what is in a mailbox.
pub(super) struct SizeFile {
    file: File,
    pub(super) used: Amount,
    /// What it says was counted just now.
    pub(super) is_fresh: bool,
}

impl SizeFile {
    /// The file as it is, if it is one for this quota, and counted anew otherwise.
    pub(super) fn open(mailbox: &Path, quota: Quota) -> io::Result<Self> {
        match Self::read(mailbox, quota) {
            Ok(Some(file)) => Ok(file),
            Ok(None) => Self::count(mailbox, quota),
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_link(&error) => {
                Self::count(mailbox, quota)
            }
            Err(error) => Err(error),
        }
    }

    fn read(mailbox: &Path, quota: Quota) -> io::Result<Option<Self>> {
        // Who can write in the mailbox is not to lead us elsewhere, nor to make us wait.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut options = OpenOptions::new();
        options.read(true).append(true).custom_flags(flags.bits().cast_signed());
        let file = options.open(mailbox.join(NAME))?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > MAX {
            return Ok(None);
        }
        let mut text = Vec::new();
        (&file).take(MAX + 1).read_to_end(&mut text)?;
        let Some((used, entries)) = parse(&text, quota) else { return Ok(None) };
        let age = SystemTime::now().duration_since(metadata.modified()?).unwrap_or_default();
        Ok(Some(Self { file, used, is_fresh: entries <= 1 && age <= TRUSTED }))
    }

    /// Counts what is there and writes the file anew.
    pub(super) fn count(mailbox: &Path, quota: Quota) -> io::Result<Self> {
        let used = count(mailbox)?;
        let draft = mailbox.join("tmp").join(unique_name(NAME));
        let create = || OpenOptions::new().append(true).create_new(true).mode(0o600).open(&draft);
        let mut file = match create() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                directory::create(mailbox)?;
                create()?
            }
            file => file?,
        };
        let written = write!(file, "{quota}\n{used}\n").and_then(|()| fs::rename(&draft, mailbox.join(NAME)));
        if let Err(error) = written {
            let _ = fs::remove_file(&draft);
            return Err(error);
        }
        Ok(Self { file, used, is_fresh: true })
    }

    /// Adds an entry, in one write: others append at the same time.
    pub(super) fn add(&mut self, amount: Amount) -> io::Result<()> {
        self.file.write_all(format!("{amount}\n").as_bytes())?;
        self.used.add(amount);
        Ok(())
    }
}

fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

/// The sum of the entries, and how many there are; `None` if it is a file for something else.
fn parse(text: &[u8], quota: Quota) -> Option<(Amount, usize)> {
    let text = std::str::from_utf8(text).ok()?;
    let (first, entries) = text.split_once('\n')?;
    if Quota::parse(first)? != quota {
        return None;
    }
    let mut used = Amount::default();
    let mut count = 0;
    for entry in entries.lines() {
        let (octets, messages) = entry.trim().split_once(' ')?;
        used.add(Amount { octets: octets.parse().ok()?, messages: messages.trim().parse().ok()? });
        count += 1;
    }
    // Less than nothing is a mistake.
    (used.octets >= 0 && used.messages >= 0).then_some((used, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_add_up() {
        let quota = Quota::new().bytes(1000).messages(10);
        for (text, expected) in [
            ("1000S,10C\n", Some((0, 0, 0))),
            ("1000S,10C\n100 2\n", Some((100, 2, 1))),
            ("10C,1000S\n         100           2\n-40 -1\n7 1\n", Some((67, 2, 3))),
            ("1000S\n100 2\n", None),
            ("1000S,10C\n100 2\n-101 -1\n", None),
            ("1000S,10C\nx\n", None),
            ("1000S,10C\n100\n", None),
            ("1000S,10C", None),
            ("", None),
        ] {
            let expected = expected.map(|(octets, messages, entries)| (Amount { octets, messages }, entries));
            assert_eq!(parse(text.as_bytes(), quota), expected, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_is_none_of_this_quota_is_written_anew() {
        let mailbox = tempfile::tempdir().unwrap();
        directory::create(mailbox.path()).unwrap();
        fs::write(mailbox.path().join("new/1.a,S=30"), "").unwrap();
        let path = mailbox.path().join(NAME);
        let quota = Quota::new().bytes(1000);
        let long = format!("1000S\n{}", "1 1\n".repeat(1300));
        for text in ["", "999S\n5 5\n", "1000S\n-5 1\n", &long] {
            fs::write(&path, text).unwrap();
            let file = SizeFile::open(mailbox.path(), quota).unwrap();
            assert_eq!(file.used, Amount { octets: 30, messages: 1 });
            assert_eq!(fs::read_to_string(&path).unwrap(), "1000S\n30 1\n");
        }
        assert_eq!(fs::read_dir(mailbox.path().join("tmp")).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_file_is_replaced_and_not_used() {
        let mailbox = tempfile::tempdir().unwrap();
        directory::create(mailbox.path()).unwrap();
        let (path, elsewhere) = (mailbox.path().join(NAME), mailbox.path().join("elsewhere"));
        let quota = Quota::new().bytes(1000);
        fs::write(&elsewhere, "1000S\n5 5\n").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        SizeFile::open(mailbox.path(), quota).unwrap().add(Amount::of_message(1)).unwrap();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "1000S\n5 5\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "1000S\n0 0\n1 1\n");
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(SizeFile::open(mailbox.path(), quota).unwrap().used, Amount::default());
        assert!(fs::metadata(&path).unwrap().is_file());
    }

    #[test]
    fn only_what_was_just_counted_is_sure() {
        let mailbox = tempfile::tempdir().unwrap();
        let path = mailbox.path().join(NAME);
        let quota = Quota::new().bytes(1000);
        for (text, minutes, is_fresh) in
            [("1000S\n5 1\n", 14, true), ("1000S\n5 1\n", 16, false), ("1000S\n5 1\n5 1\n", 0, false)]
        {
            fs::write(&path, text).unwrap();
            let then = SystemTime::now() - Duration::from_mins(minutes);
            File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
            assert_eq!(SizeFile::open(mailbox.path(), quota).unwrap().is_fresh, is_fresh, "{text}");
        }
    }
}
