//! Cyrus SASL's daemon, which asks a PAM of its own folder.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::daemon::{Daemon, program};
use super::wrapper;

const READY: &str = "listening on socket";

/// A folder with all that it needs: users `alice` and `joe@example.org` of the service `smtp`, and `bob` of
/// another.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("run")).unwrap();
        let users = [("alice", "correct horse"), ("joe@example.org", "secret")];
        let services = [("smtp", &users[..], ""), ("imap", &[("bob", "other service")], "")];
        wrapper::services(folder.path(), &services);
        Self(folder)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.path().join("run/mux")
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Daemon {
        let mut command = program("saslauthd");
        wrapper::preload(&mut command, self.0.path());
        command.args(["-d", "-a", "pam", "-n", "1", "-m"]).arg(self.0.path().join("run")).args(arguments);
        Daemon::start(&mut command, READY)
    }
}
