//! Which certificate is shown to whom.

use rcgen::{KeyPair, PKCS_ED25519};
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};

use super::{client, connect_to};
use crate::certificate::x509;
use crate::pki::{Ca, Wish};
use crate::{ServerTls, TlsPolicy, TlsVersion};

/// The common name of the certificate that was shown.
fn shown(chain: Option<&[CertificateDer<'_>]>) -> String {
    x509::facts(&chain.unwrap()[0]).unwrap().subject.common_name().unwrap().to_owned()
}

#[tokio::test]
async fn names_have_their_certificates_and_the_first_is_the_default() {
    let ca = Ca::new("CA");
    let wildcard = Wish { names: &["*.example.net", "example.net"], ..Wish::server("x") };
    let mut builder = ServerTls::builder();
    for wish in [Wish::server("mx.example.org"), Wish::server("MAIL.example.org"), wildcard] {
        let (certificate, key) = ca.issue(&wish);
        builder = builder.certificate_pem(certificate.as_bytes(), key.as_bytes());
    }
    let server = builder.build().unwrap();
    for version in [&TLS12, &TLS13] {
        for (asked, expected) in [
            ("mx.example.org", "mx.example.org"),
            ("mail.example.org", "MAIL.example.org"),
            ("Mail.Example.ORG", "MAIL.example.org"),
            ("example.net", "*.example.net"),
            ("a.example.net", "*.example.net"),
        ] {
            let client = client(version, &ca.pem(), None);
            let (upgraded, connected) = connect_to(asked, &server, &client).await.unwrap();
            assert_eq!(shown(connected.get_ref().1.peer_certificates()), expected);
            assert_eq!(upgraded.tls.server_name, Some(asked.to_ascii_lowercase()));
        }
        for asked in ["a.b.example.net", "192.0.2.1", "example.com"] {
            let client = client(version, &ca.pem(), None);
            // The first is shown, and this client looks.
            assert!(connect_to(asked, &server, &client).await.is_err(), "{asked}");
        }
    }
}

#[tokio::test]
async fn a_name_may_have_keys_of_several_kinds() {
    let ca = Ca::new("CA");
    let unusual =
        Wish { key: KeyPair::generate_for(&PKCS_ED25519).unwrap(), ..Wish::server("mx.example.org") };
    let usual = Wish { serial: 8, ..Wish::server("mx.example.org") };
    let mut builder = ServerTls::builder();
    for wish in [&unusual, &usual] {
        let (certificate, key) = ca.issue(wish);
        builder = builder.certificate_pem(certificate.as_bytes(), key.as_bytes());
    }
    let server = builder.build().unwrap();
    let serial = |chain: Option<&[CertificateDer<'_>]>| x509::facts(&chain.unwrap()[0]).unwrap().serial;
    let (upgraded, connected) =
        connect_to("mx.example.org", &server, &client(&TLS13, &ca.pem(), None)).await.unwrap();
    assert_eq!(serial(connected.get_ref().1.peer_certificates()), "07");
    assert!(upgraded.tls.channel_binding("tls-server-end-point").is_some());
}

#[tokio::test]
async fn a_policy_is_kept_to() {
    let ca = Ca::new("CA");
    let (certificate, key) = ca.issue(&Wish::server("mx.example.org"));
    let server = |policy: TlsPolicy| {
        let builder = ServerTls::builder().certificate_pem(certificate.as_bytes(), key.as_bytes());
        builder.policy(policy).build().unwrap()
    };
    let connect = async |server: &ServerTls, version| {
        let client = client(version, &ca.pem(), None);
        connect_to("mx.example.org", server, &client).await.map(|(upgraded, _)| upgraded.tls)
    };
    let modern = server(TlsPolicy::default().oldest(TlsVersion::Tls13));
    assert!(connect(&modern, &TLS12).await.is_err());
    assert!(connect(&modern, &TLS13).await.is_ok());
    let suites = ["TLS_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"];
    let chosen = server(TlsPolicy::default().cipher_suites(suites).unwrap().groups(["secp384r1"]).unwrap());
    for (version, suite) in [(&TLS13, suites[0]), (&TLS12, suites[1])] {
        let tls = connect(&chosen, version).await.unwrap();
        assert_eq!((&*tls.cipher, tls.group.as_deref()), (suite, Some("secp384r1")));
    }
    let error = TlsPolicy::default().cipher_suites(["RC4-MD5"]).unwrap_err().to_string();
    assert!(error.contains("RC4-MD5 is no cipher suite") && error.contains(suites[0]), "{error}");
}
