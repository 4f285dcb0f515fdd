//! stunnel, which ends TLS in front of a server.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::authority::{Issued, text};
use crate::program::program;

pub(crate) struct Stunnel {
    _folder: TempDir,
    child: Child,
    port: u16,
}

impl Stunnel {
    /// In front of a port of this computer. `protocol` is `proxy`, to begin with a PROXY header there,
    /// or `smtp`, to offer STARTTLS for a server that does not know it.
    pub(crate) fn start(issued: &Issued, protocol: &str, server: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // It tells no port that it was given, so that it has to be told one.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (certificate, key) = (text(&issued.certificate), text(&issued.key));
        let configuration = format!(
            "foreground = yes\npid =\n[tls]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{server}\n\
             protocol = {protocol}\ncert = {certificate}\nkey = {key}\n"
        );
        let file = folder.path().join("stunnel.conf");
        fs::write(&file, configuration).unwrap();
        let mut child = program("stunnel4")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("stunnel4 is missing ({error}); ci/test.sh installs it"));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("Configuration successful")), "stunnel does not start");
        // What else it says is read, so that it can go on.
        std::thread::spawn(move || lines.for_each(drop));
        Self { _folder: folder, child, port }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Stunnel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
