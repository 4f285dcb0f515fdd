use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::pam;
use crate::program::program;

const READY: &str = "listening on socket";

/// A folder with all that Cyrus SASL's daemon needs, which asks a PAM of its own there: users `alice` and
/// `joe@example.org` of the service `smtp`, and `bob` of another.
#[derive(Debug)]
pub struct Saslauthd(TempDir);

impl Saslauthd {
    #[expect(clippy::new_without_default, reason = "it makes files")]
    /// Makes it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("run")).expect("a folder");
        let users = [("alice", "correct horse"), ("joe@example.org", "secret")];
        let services = [("smtp", &users[..], ""), ("imap", &[("bob", "other service")], "")];
        pam::services(folder.path(), &services);
        Self(folder)
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.0.path().join("run/mux")
    }

    /// Starts it.
    #[track_caller]
    pub fn start(&self, arguments: &[&str]) -> Daemon {
        let mut command = program("saslauthd");
        pam::preload(&mut command, self.0.path());
        command.args(["-d", "-a", "pam", "-n", "1", "-m"]).arg(self.0.path().join("run")).args(arguments);
        Daemon::start(&mut command, READY)
    }
}
