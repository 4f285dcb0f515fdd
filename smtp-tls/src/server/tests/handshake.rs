use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256};
use smtp_core::{BoxError, Transport, Upgrade, Verify};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::TlsConnector;

use super::{client, connect, pair};
use crate::{PROVIDER, ServerTls};

#[tokio::test]
async fn the_facts_of_tls_1_3() {
    let (server, client) = pair(&TLS13);
    let (upgraded, connected) = connect(&server, &client).await;
    let tls = upgraded.tls;
    assert_eq!((&*tls.version, &*tls.cipher, tls.bits), ("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256));
    assert_eq!(tls.group.as_deref(), Some(if PROVIDER == "ring" { "X25519" } else { "X25519MLKEM768" }));
    assert_eq!(tls.server_name.as_deref(), Some("mx.example.org"));
    assert_eq!((tls.resumed, tls.verify), (false, Verify::Not));
    assert!(tls.peer_certificates.is_empty());
    let of_client = connected
        .get_ref()
        .1
        .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
        .unwrap();
    assert_eq!(tls.channel_binding("tls-exporter"), Some(&of_client[..]));
    let shown = &connected.get_ref().1.peer_certificates().unwrap()[0];
    let hash = Sha256::digest(shown);
    assert_eq!(tls.channel_binding("tls-server-end-point"), Some(&hash[..]));
}

#[tokio::test]
async fn the_facts_of_tls_1_2() {
    let (server, client) = pair(&TLS12);
    let tls = connect(&server, &client).await.0.tls;
    assert_eq!(tls.version, "TLSv1.2");
    assert_eq!((&*tls.cipher, tls.bits), ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 256));
    assert!(tls.group.is_some());
    // The exporter needs more than TLS 1.2 promises.
    assert_eq!(tls.channel_binding("tls-exporter"), None);
    assert_eq!(tls.channel_binding("tls-server-end-point").map(<[u8]>::len), Some(32));
}

#[tokio::test]
async fn sessions_are_resumed_and_each_has_its_own_channel_binding() {
    for version in [&TLS12, &TLS13] {
        let (server, client) = pair(version);
        let first = connect(&server, &client).await.0.tls;
        // A clone stands for the same server.
        let second = connect(&server.clone(), &client).await.0.tls;
        assert_eq!((first.resumed, second.resumed), (false, true), "{version:?}");
        assert_eq!(first.version, second.version);
        if first.version == "TLSv1.3" {
            assert_ne!(first.channel_bindings, second.channel_bindings);
        }
    }
}

#[tokio::test]
async fn what_is_not_tls_fails() {
    for sent in
        [&b"EHLO client.example\r\n"[..], b"\x16\x03\x01\x00\x05hello", b"\x15\x03\x03\x00\x02\x02\x28", b""]
    {
        let (server, _) = pair(&TLS13);
        let (near, mut far) = duplex(1024);
        far.write_all(sent).await.unwrap();
        far.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let (upgraded, read) =
            tokio::join!(server.upgrade(Transport::new(near)), far.read_to_end(&mut answer));
        read.unwrap();
        assert!(upgraded.is_err(), "{sent:?}");
        // An alert may be all that is written: never text.
        assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
    }
}

#[tokio::test]
async fn a_client_that_rejects_the_certificate_is_an_error() {
    let (server, _) = pair(&TLS12);
    let (_, stranger) = pair(&TLS12);
    let (near, far) = duplex(64 * 1024);
    let name = ServerName::try_from("mx.example.org").unwrap();
    let connector = TlsConnector::from(std::sync::Arc::new(stranger));
    let (upgraded, connected) = tokio::join!(server.upgrade(Transport::new(near)), async {
        connector.connect(name, far).await.map(drop)
    });
    assert!(connected.is_err());
    assert!(upgraded.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_not_waited_for() {
    for (limit, server) in [
        (Duration::from_secs(30), pair(&TLS13).0),
        (Duration::from_secs(5), pair(&TLS13).0.handshake_timeout(Duration::from_secs(5))),
    ] {
        let (near, _far) = duplex(1024);
        let start = tokio::time::Instant::now();
        let error: BoxError = server.upgrade(Transport::new(near)).await.unwrap_err();
        assert_eq!(start.elapsed().as_secs(), limit.as_secs());
        assert_eq!(error.to_string(), format!("TLS handshake not finished within {limit:?}"));
        let kind = error.downcast_ref::<std::io::Error>().unwrap().kind();
        assert_eq!(kind, std::io::ErrorKind::TimedOut);
    }
}

#[tokio::test(start_paused = true)]
async fn handshakes_wait_for_those_that_are_under_way() {
    let issued = rcgen::generate_simple_self_signed(["mx.example.org".to_owned()]).unwrap();
    let (certificate, key) = (issued.cert.pem(), issued.signing_key.serialize_pem());
    let server = ServerTls::builder()
        .certificate_pem(certificate.as_bytes(), key.as_bytes())
        .max_handshakes(1)
        .build()
        .unwrap();
    let client = client(&TLS13, &certificate, None);
    let (near, _far) = duplex(1024);
    let mut silent = server.upgrade(Transport::new(near));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut silent).await.is_err());
    assert!(tokio::time::timeout(Duration::from_secs(1), connect(&server, &client)).await.is_err());
    drop(silent);
    connect(&server, &client).await;
}

#[test]
fn a_missing_file_is_named() {
    let error = ServerTls::from_pem_files("no/such/cert.pem", "no/such/key.pem").unwrap_err();
    assert!(error.to_string().starts_with("no/such/cert.pem: "), "{error}");
}
