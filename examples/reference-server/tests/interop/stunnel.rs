//! stunnel, which ends TLS in front of a server.

use std::fs;

use tempfile::TempDir;

use crate::authority::{Issued, text};
use peers::{Daemon, free_port, program};

pub(crate) struct Stunnel {
    _folder: TempDir,
    _daemon: Daemon,
    port: u16,
}

impl Stunnel {
    /// In front of a port of this computer. `protocol` is `proxy`, to begin with a PROXY header there,
    /// or `smtp`, to offer STARTTLS for a server that does not know it.
    pub(crate) fn start(issued: &Issued, protocol: &str, server: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // It tells no port that it was given, so that it has to be told one.
        let port = free_port().port();
        let (certificate, key) = (text(&issued.certificate), text(&issued.key));
        let configuration = format!(
            "foreground = yes\npid =\n[tls]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{server}\n\
             protocol = {protocol}\ncert = {certificate}\nkey = {key}\n"
        );
        let file = folder.path().join("stunnel.conf");
        fs::write(&file, configuration).unwrap();
        let daemon = Daemon::start(program("stunnel4").arg(&file), "Configuration successful");
        Self { _folder: folder, _daemon: daemon, port }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}
