use std::fs;
use std::io;
use std::path::Path;

use super::usage::Amount;

/// The folder that counts for nothing: what is in it is thrown away already.
pub(super) const TRASH: &str = ".Trash";

/// Counts what is in a mailbox and its folders, but for the trash and for messages that are marked for
/// deletion.
pub(super) fn count(mailbox: &Path) -> io::Result<Amount> {
    let mut amount = Amount::default();
    amount.add(of_folder(mailbox)?);
    for entry in fs::read_dir(mailbox)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_folder = name.as_encoded_bytes().starts_with(b".") && name != TRASH;
        if is_folder && entry.path().is_dir() {
            amount.add(of_folder(&entry.path())?);
        }
    }
    Ok(amount)
}

fn of_folder(folder: &Path) -> io::Result<Amount> {
    let mut amount = Amount::default();
    for part in ["new", "cur"] {
        let entries = match fs::read_dir(folder.join(part)) {
            // A folder that just goes, or one that is no folder.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                continue;
            }
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || is_deleted(&name) {
                continue;
            }
            let octets = match written_size(&name) {
                Some(octets) => octets,
                None => match entry.metadata() {
                    // Moved or removed in the meantime.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    metadata => metadata?.len(),
                },
            };
            amount.add(Amount::of_message(octets));
        }
    }
    Ok(amount)
}

/// The size that stands in a name: `,S=1234`.
fn written_size(name: &str) -> Option<u64> {
    let (base, _) = name.split_once(':').unwrap_or((name, ""));
    base.split(',').skip(1).find_map(|part| part.strip_prefix("S=")?.parse().ok())
}

/// Whether the flags behind the name have `T`.
fn is_deleted(name: &str) -> bool {
    name.split_once(":2,").is_some_and(|(_, flags)| flags.contains('T'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_counts_but_the_trash() {
        let mailbox = tempfile::tempdir().unwrap();
        for (folder, name) in [
            ("new", "1.a.host"),
            ("cur", "2.a.host,S=100:2,S"),
            ("cur", "3.a.host,W=1,S=1000"),
            ("cur", "4.a.host,S=5:2,FT"),
            ("cur", ".hidden"),
            ("tmp", "5.a.host,S=7"),
            (".Lists.rust/new", "6.a.host,S=10000"),
            (".Trash/cur", "7.a.host,S=7"),
            ("other/new", "8.a.host,S=7"),
        ] {
            let folder = mailbox.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), "12345").unwrap();
        }
        fs::write(mailbox.path().join(".file"), "").unwrap();
        assert_eq!(count(mailbox.path()).unwrap(), Amount { octets: 11_105, messages: 4 });
    }

    #[test]
    fn sizes_stand_in_names() {
        for (name, expected) in [
            ("1.M2P3.host,S=12", Some(12)),
            ("1.host,W=3,S=12:2,RS", Some(12)),
            ("1.host", None),
            ("1.host:2,S=5", None),
            ("1.host,S=x", None),
            ("S=5", None),
        ] {
            assert_eq!(written_size(name), expected, "{name}");
        }
    }
}
