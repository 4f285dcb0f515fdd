use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::port::{free_port, start_on_free_port};
use crate::program::{program, until};

/// A CA for tests by those who run a real one.
#[derive(Debug)]
pub struct Pebble {
    _daemon: Daemon,
    _folder: TempDir,
    address: SocketAddr,
    challenges: SocketAddr,
}

impl Pebble {
    /// With a certificate for `localhost` and its key in PEM, and where it is to ask for names, unless of the
    /// system. It refuses one request of twenty on purpose, as a client has to expect: more of them in a row are
    /// more than clients bear.
    #[track_caller]
    pub fn start(certificate: &str, key: &str, names: Option<SocketAddr>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| -> PathBuf {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a file");
            path
        };
        let (certificate, key) = (file("certificate.pem", certificate), file("key.pem", key));
        let challenges = free_port();
        let (daemon, address) = start_on_free_port(|address| {
            let configuration = format!(
                "{{\"pebble\": {{\"listenAddress\": \"{address}\", \"managementListenAddress\": \"{}\", \
                 \"certificate\": {certificate:?}, \"privateKey\": {key:?}, \"httpPort\": {}, \
                 \"tlsPort\": {}}}}}",
                free_port(),
                challenges.port(),
                free_port().port(),
            );
            let mut command = program("pebble");
            command.arg("-config").arg(file("pebble.json", &configuration));
            if let Some(names) = names {
                command.args(["-dnsserver", &names.to_string()]);
            }
            command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "5");
            let mut daemon = Daemon::try_start(&mut command, "ACME directory available at")?;
            // It says so shortly before it does, and ends if somebody took one of its ports.
            let listens = until("pebble listens", || {
                TcpStream::connect(address).map(|_| true).ok().or(daemon.has_ended().then_some(false))
            });
            if listens { Ok(daemon) } else { Err("one of its ports was taken".to_owned()) }
        });
        Self { _daemon: daemon, _folder: folder, address, challenges }
    }

    /// Where its clients begin.
    pub fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.address.port())
    }

    /// Where it looks for answers to challenges by HTTP. Nobody listens there yet.
    pub fn challenges(&self) -> SocketAddr {
        self.challenges
    }
}
