//! Files that are replaced while sessions go on.

use std::fs;
use std::path::PathBuf;

use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{client, connect_to};
use crate::ServerTls;
use crate::pki::{Ca, Wish};

const NAME: &str = "mx.example.org";

struct Files(TempDir);

impl Files {
    fn write(&self, (certificate, key): &(String, String)) {
        for (name, text) in [("cert.pem", certificate), ("key.pem", key)] {
            fs::write(self.path("new"), text).unwrap();
            fs::rename(self.path("new"), self.path(name)).unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn issue(ca: &Ca, serial: u64) -> (String, String) {
    ca.issue(&Wish { serial, ..Wish::server(NAME) })
}

#[tokio::test]
async fn a_new_certificate_is_shown_and_no_session_is_dropped() {
    let (ca, files) = (Ca::new("CA"), Files(tempfile::tempdir().unwrap()));
    files.write(&issue(&ca, 1));
    let server = ServerTls::from_pem_files(files.path("cert.pem"), files.path("key.pem")).unwrap();
    let copy = server.clone();
    for version in [&TLS12, &TLS13] {
        let client = client(version, &ca.pem(), None);
        let serial = async || {
            let (_, connected) = connect_to(NAME, &copy, &client).await.unwrap();
            let chain = connected.get_ref().1.peer_certificates().unwrap();
            crate::certificate::x509::facts(&chain[0]).unwrap().serial
        };
        files.write(&issue(&ca, 1));
        server.reload().unwrap();
        assert_eq!(serial().await, "01");
        let (mut upgraded, mut connected) = connect_to(NAME, &copy, &client).await.unwrap();
        assert!(upgraded.tls.resumed);
        files.write(&issue(&ca, 2));
        assert!(server.reload_if_changed().unwrap());
        assert!(!server.reload_if_changed().unwrap());
        // Not resumed: whoever binds an exchange to the certificate binds it to this one.
        let again = connect_to(NAME, &copy, &client).await.unwrap().0.tls;
        assert!(!again.resumed);
        assert_eq!(serial().await, "02");
        upgraded.transport.write_all(b"still there").await.unwrap();
        upgraded.transport.flush().await.unwrap();
        let mut heard = [0; 11];
        connected.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"still there");
    }
}

#[tokio::test]
async fn what_cannot_be_used_changes_nothing() {
    let (ca, files) = (Ca::new("CA"), Files(tempfile::tempdir().unwrap()));
    files.write(&issue(&ca, 1));
    let server = ServerTls::from_pem_files(files.path("cert.pem"), files.path("key.pem")).unwrap();
    assert!(!server.reload_if_changed().unwrap());
    let (_, other_key) = issue(&ca, 2);
    fs::write(files.path("key.pem"), other_key).unwrap();
    let error = server.reload_if_changed().unwrap_err().to_string();
    assert!(error.contains("key.pem: the private key does not match the certificate in "), "{error}");
    // Until somebody writes again there is nothing new to be said.
    assert!(!server.reload_if_changed().unwrap());
    assert!(server.reload().is_err());
    let client = client(&TLS13, &ca.pem(), None);
    assert!(connect_to(NAME, &server, &client).await.is_ok());
    fs::remove_file(files.path("cert.pem")).unwrap();
    assert!(server.reload_if_changed().is_err());
    assert!(connect_to(NAME, &server, &client).await.is_ok());
    files.write(&issue(&ca, 3));
    assert!(server.reload_if_changed().unwrap());
}
