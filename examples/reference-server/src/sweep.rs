//! Leftovers of messages that were being written when the server was killed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smtp_server::delivery::maildir::sweep_tmp;
use tokio::time::interval;

const DAY: Duration = Duration::from_hours(24);

/// Sweeps all mailboxes below `root`, now and each day.
pub(crate) async fn daily(root: PathBuf) {
    let mut days = interval(DAY);
    loop {
        days.tick().await;
        let root = root.clone();
        // It ends with the runtime, if not by itself.
        let _ = tokio::task::spawn_blocking(move || all(&root)).await;
    }
}

fn all(root: &Path) {
    for mailbox in mailboxes(root) {
        match sweep_tmp(&mailbox) {
            Ok(0) => {}
            Ok(files) => tracing::info!(mailbox = %mailbox.display(), files, "leftovers removed"),
            // Some other folder, or a mailbox that nobody wrote to yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(mailbox = %mailbox.display(), %error, "cannot remove leftovers"),
        }
    }
}

/// Each domain is a folder, and each mailbox a folder in it.
fn mailboxes(root: &Path) -> impl Iterator<Item = PathBuf> {
    let folders = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir())
    };
    folders(root.to_owned()).flat_map(folders)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn old_leftovers_go_and_everything_else_stays() {
        let root = tempfile::tempdir().unwrap();
        let mailbox = root.path().join("example.org/joe");
        let file = |name: &str, time: SystemTime| {
            let path = mailbox.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(&path).unwrap().set_modified(time).unwrap();
            path
        };
        let old = file("tmp/old", SystemTime::UNIX_EPOCH);
        let young = file("tmp/young", SystemTime::now());
        let delivered = file("new/old", SystemTime::UNIX_EPOCH);
        fs::create_dir_all(root.path().join("example.org/nobody")).unwrap();
        all(root.path());
        assert!(!old.exists() && young.exists() && delivered.exists());
    }
}
