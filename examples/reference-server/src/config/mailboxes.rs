//! Whether mail can be put where it is to go.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::Config;

/// More of them help nobody.
const MOST: usize = 10;

impl Config {
    /// Folders in which nothing can be made by the user as whom this process runs. A site may have made all that is
    /// ever needed in them; otherwise what is for them waits.
    pub(super) fn blocked_mailboxes(&self) -> Vec<String> {
        let blocked: Vec<String> = match existing(&self.mailboxes) {
            // What is missing is made when mail comes for it.
            (folder, true) => obstacle(folder).into_iter().collect(),
            (root, false) => within(root).filter_map(|folder| obstacle(&folder)).take(MOST).collect(),
        };
        let say = |obstacle| {
            format!(
                "mail may have to wait: [local] mailboxes: {obstacle}; give the server's user access to it, or name \
                 another folder"
            )
        };
        blocked.into_iter().map(say).collect()
    }
}

/// The folder, or the nearest one above it that is there, and whether it is the latter.
fn existing(folder: &Path) -> (&Path, bool) {
    // A link that leads nowhere is there, and in the way.
    let is_there = |path: &&Path| path.symlink_metadata().is_ok();
    let above = folder.ancestors().filter(|path| !path.as_os_str().is_empty());
    match above.into_iter().find(is_there) {
        Some(found) => (found, found != folder),
        None => (Path::new("."), true),
    }
}

/// The folders that mail gets into: of each domain, of each mailbox, and of the messages in it.
fn within(root: &Path) -> impl Iterator<Item = PathBuf> {
    let domains = folders(root);
    let mailboxes = |domain: PathBuf| {
        let mailboxes = folders(&domain).into_iter().flat_map(|mailbox| {
            // Others a program that reads mail has to make.
            let parts = ["tmp", "new"].map(|part| mailbox.join(part));
            std::iter::once(mailbox).chain(parts.into_iter().filter(|part| part.symlink_metadata().is_ok()))
        });
        std::iter::once(domain).chain(mailboxes)
    };
    std::iter::once(root.to_owned()).chain(domains.into_iter().flat_map(mailboxes))
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort_unstable();
    folders
}

/// Why nothing can be made in it.
fn obstacle(folder: &Path) -> Option<String> {
    let name = folder.display();
    if !folder.is_dir() {
        return Some(format!("{name} is no folder"));
    }
    let access = accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS);
    access.err().map(|error| format!("{name} cannot be written to: {}", io::Error::from(error)))
}
