use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;
use crate::certificate::{Pem, x509};
use crate::pki::{Ca, Wish};
use peers::{NameServer, Pebble, Zone};

/// Debian's `pebble`, and a client of it.
struct World {
    pebble: Pebble,
    ca: Ca,
    folder: TempDir,
    _names: NameServer,
}

impl World {
    fn new(records: &str) -> Self {
        let (names, ca) =
            (NameServer::start(&[Zone::signed("example", records)]), Ca::new("CA of pebble's server"));
        let (certificate, key) = ca.issue(&Wish::server("localhost"));
        let pebble = Pebble::start(&certificate, &key, Some(names.address()));
        Self { pebble, ca, folder: tempfile::tempdir().unwrap(), _names: names }
    }

    fn client(&self, names: &[&str]) -> Acme {
        Acme::new(self.pebble.directory(), names.iter().copied())
            .folder(self.folder.path().join("acme"))
            .contact("mailto:postmaster@example.org")
            .listen(self.pebble.challenges())
            .authorities(Authorities::new().pem(self.ca.pem().as_bytes()))
    }
}

#[tokio::test]
async fn a_certificate_is_ordered_kept_and_ordered_again_when_it_is_time() {
    let world = World::new("mx A 127.0.0.1\nmail A 127.0.0.1\n");
    let acme = world.client(&["mx.example", "mail.example"]);
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
    assert!(world.client(&["mx.example"]).obtain().await.unwrap());
}

#[tokio::test]
async fn names_that_are_not_ours_get_none() {
    let world = World::new("mx A 127.0.0.1\nother A 127.0.0.2\n");
    let error = world.client(&["other.example"]).obtain().await.unwrap_err();
    assert!(error.to_string().contains("other.example"), "{error}");
    assert!(!world.folder.path().join("acme/certificate.pem").exists());
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
