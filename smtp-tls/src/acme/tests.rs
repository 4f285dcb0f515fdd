use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;
use crate::certificate::{Pem, x509};
use crate::name_server::{NameServer, Zone};
use crate::pki::{Ca, Wish};

/// Debian's `pebble`, a CA for tests by those who run a real one.
struct Pebble {
    folder: TempDir,
    child: Child,
    port: u16,
    challenges: SocketAddr,
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Pebble {
    fn start(names: &NameServer) -> Self {
        let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new("CA of pebble's server"));
        let (certificate, key) = ca.issue(&Wish::server("localhost"));
        let (listen, management, challenges) = (free(), free(), free());
        for (name, text) in [("ca.pem", ca.pem()), ("cert.pem", certificate), ("key.pem", key)] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let configuration = serde_json::json!({ "pebble": {
            "listenAddress": listen, "managementListenAddress": management,
            "certificate": "cert.pem", "privateKey": "key.pem",
            "httpPort": challenges.port(), "tlsPort": free().port(),
        }});
        fs::write(folder.path().join("pebble.json"), configuration.to_string()).unwrap();
        let child = Command::new("pebble")
            .args(["-config", "pebble.json", "-dnsserver", &names.address().to_string()])
            .current_dir(folder.path())
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "20")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("pebble is missing ({error}); ci/test.sh installs it"));
        let pebble = Self { folder, child, port: listen.port(), challenges };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(listen).is_err() {
            assert!(Instant::now() < deadline, "pebble does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        pebble
    }

    fn client(&self, folder: &TempDir, names: &[&str]) -> Acme {
        Acme::new(format!("https://localhost:{}/dir", self.port), names.iter().copied())
            .folder(folder.path().join("acme"))
            .contact("mailto:postmaster@example.org")
            .listen(self.challenges)
            .authorities(Authorities::new().file(self.folder.path().join("ca.pem")))
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_certificate_is_ordered_kept_and_ordered_again_when_it_is_time() {
    let names = NameServer::start(&[Zone::signed("example", "mx A 127.0.0.1\nmail A 127.0.0.1\n")]);
    let pebble = Pebble::start(&names);
    let folder = tempfile::tempdir().unwrap();
    let acme = pebble.client(&folder, &["mx.example", "mail.example"]);
    assert!(acme.obtain().await.unwrap());
    let tls = ServerTls::from_pem_files(acme.certificate_file(), acme.key_file()).unwrap();
    assert!(tls.warnings().is_empty(), "{:?}", tls.warnings());
    for file in [acme.certificate_file(), acme.key_file(), acme.account_file()] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let serial = || {
        let chain = Pem::from_file(&acme.certificate_file()).unwrap().certificates().unwrap();
        x509::facts(&chain[0]).unwrap().serial
    };
    let first = serial();
    // It is good for a while.
    assert!(!acme.obtain().await.unwrap());
    assert_eq!(serial(), first);
    // One that is about to expire, or of our own making, is not.
    let (old, key) = Ca::new("CA").issue(&Wish {
        names: &["mx.example", "mail.example"],
        years: (2020, 2027),
        ..Wish::server("x")
    });
    fs::write(acme.certificate_file(), old).unwrap();
    fs::write(acme.key_file(), key).unwrap();
    assert!(acme.obtain().await.unwrap());
    assert_ne!(serial(), first);
    assert!(tls.reload_if_changed().unwrap());
    // Another name needs another certificate, by the same account.
    fs::remove_file(acme.certificate_file()).unwrap();
    assert!(pebble.client(&folder, &["mx.example"]).obtain().await.unwrap());
}

#[tokio::test]
async fn names_that_are_not_ours_get_none() {
    let names = NameServer::start(&[Zone::signed("example", "mx A 127.0.0.1\nother A 127.0.0.2\n")]);
    let pebble = Pebble::start(&names);
    let folder = tempfile::tempdir().unwrap();
    let error = pebble.client(&folder, &["other.example"]).obtain().await.unwrap_err();
    assert!(error.to_string().contains("other.example"), "{error}");
    assert!(!folder.path().join("acme/certificate.pem").exists());
}

#[tokio::test(start_paused = true)]
async fn a_ca_that_is_silent_is_given_up() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new("CA"));
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = format!("https://{}/directory", silent.local_addr().unwrap());
    let acme = Acme::new(directory, ["mx.example.org"])
        .folder(folder.path())
        .authorities(Authorities::new().pem(ca.pem().as_bytes()));
    let error = acme.obtain().await.unwrap_err();
    assert_eq!(error.to_string(), "the CA takes too long");
}
