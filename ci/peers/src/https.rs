use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::program::program;

/// OpenSSL's little web server, which shows the files of a folder.
#[derive(Debug)]
pub struct HttpsServer {
    daemon: Option<Daemon>,
    folder: TempDir,
    port: u16,
}

impl HttpsServer {
    /// With a certificate and its key, both in PEM.
    #[track_caller]
    pub fn start(certificate: &str, key: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("both.pem"), format!("{certificate}{key}")).expect("a file");
        let mut command = program("openssl");
        command.args(["s_server", "-accept", "127.0.0.1:0", "-cert", "both.pem", "-WWW"]);
        let daemon = Daemon::start(command.current_dir(folder.path()), "ACCEPT ");
        let (_, port) = daemon.ready().rsplit_once(':').expect("an address");
        let port = port.trim().parse().expect("a port");
        Self { daemon: Some(daemon), folder, port }
    }

    /// Where it listens at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it; the folder stays.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    /// What it shows.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
