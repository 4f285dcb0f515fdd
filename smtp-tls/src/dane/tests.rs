use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector, TLSA};
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256, Sha512};
use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand};
use smtp_core::{Transport, Upgrade, Verify};
use tokio::io::duplex;

use super::*;
use crate::certificate::{Pem, x509};
use crate::client::HandshakeError;
use crate::pki::{Ca, Wish};
use crate::{Demand, DnsResolver, RelayTls, ServerTls};
use peers::{NameServer, Zone};

const HOST: &str = "mx.example";

fn chain(pem: &str) -> Vec<CertificateDer<'static>> {
    Pem::new("chain", pem.as_bytes()).certificates().unwrap()
}

fn tlsa(usage: CertUsage, selector: Selector, matching: Matching, data: &[u8]) -> RData {
    RData::TLSA(TLSA::new(usage, selector, matching, data.to_vec()))
}

fn key(certificate: &[u8]) -> Vec<u8> {
    x509::parse(certificate).unwrap().public_key().raw.to_vec()
}

#[test]
fn the_key_of_the_server_is_enough() {
    // Neither its dates nor its name nor its issuer matter.
    let pem = Ca::new("CA").issue(&Wish { years: (2010, 2020), ..Wish::server("other.example") }).0;
    let chain = chain(&pem);
    let key = key(&chain[0]);
    let other = [7; 32];
    for (record, expected) in [
        (tlsa(CertUsage::DaneEe, Selector::Spki, Matching::Sha256, &Sha256::digest(&key)), true),
        (tlsa(CertUsage::DaneEe, Selector::Spki, Matching::Sha512, &Sha512::digest(&key)), true),
        (tlsa(CertUsage::DaneEe, Selector::Spki, Matching::Raw, &key), true),
        (tlsa(CertUsage::DaneEe, Selector::Full, Matching::Sha256, &Sha256::digest(&chain[0])), true),
        (tlsa(CertUsage::DaneEe, Selector::Full, Matching::Sha256, &Sha256::digest(&key)), false),
        (tlsa(CertUsage::DaneEe, Selector::Spki, Matching::Sha256, &other), false),
        (tlsa(CertUsage::DaneTa, Selector::Spki, Matching::Sha256, &Sha256::digest(&key)), false),
    ] {
        let records = Records::new(std::slice::from_ref(&record), [HOST]);
        assert!(records.is_usable());
        assert_eq!(records.check(&chain).is_ok(), expected, "{record}");
        // One that fits is enough.
        let two = [tlsa(CertUsage::DaneEe, Selector::Spki, Matching::Sha256, &other), record];
        assert_eq!(Records::new(&two, [HOST]).check(&chain).is_ok(), expected);
    }
}

#[test]
fn a_ca_of_ones_own_vouches_for_names() {
    let (ca, other) = (Ca::new("CA"), Ca::new("other"));
    let anchor = chain(&ca.pem()).remove(0);
    let digest = tlsa(CertUsage::DaneTa, Selector::Full, Matching::Sha256, &Sha256::digest(&anchor));
    let whole = tlsa(CertUsage::DaneTa, Selector::Full, Matching::Raw, &anchor);
    let served = |ca: &Ca, wish: &Wish| chain(&format!("{}{}", ca.issue(wish).0, ca.pem()));
    for record in [digest.clone(), whole.clone()] {
        let records = Records::new(&[record], [HOST, "example"]);
        for (chain, expected) in [
            (served(&ca, &Wish::server(HOST)), true),
            (served(&ca, &Wish::server("example")), true),
            (served(&ca, &Wish::server("other.example")), false),
            (served(&ca, &Wish { years: (2010, 2020), ..Wish::server(HOST) }), false),
            (served(&other, &Wish::server(HOST)), false),
        ] {
            assert_eq!(records.check(&chain).is_ok(), expected);
        }
    }
    // The CA itself has to be shown, unless all of it is published.
    let alone = chain(&ca.issue(&Wish::server(HOST)).0);
    assert!(Records::new(&[digest], [HOST]).check(&alone).is_err());
    assert!(Records::new(&[whole], [HOST]).check(&alone).is_ok());
}

#[test]
fn what_is_not_understood_says_nothing() {
    for record in [
        tlsa(CertUsage::PkixEe, Selector::Spki, Matching::Sha256, &[0; 32]),
        tlsa(CertUsage::PkixTa, Selector::Full, Matching::Sha256, &[0; 32]),
        tlsa(CertUsage::DaneEe, Selector::Spki, Matching::Sha256, &[0; 31]),
        tlsa(CertUsage::DaneEe, Selector::Spki, Matching::Raw, &[]),
        tlsa(CertUsage::DaneEe, Selector::Unassigned(9), Matching::Sha256, &[0; 32]),
        tlsa(CertUsage::DaneEe, Selector::Spki, Matching::Unassigned(9), &[0; 32]),
    ] {
        assert!(!Records::new(std::slice::from_ref(&record), [HOST]).is_usable(), "{record}");
    }
}

/// Domains in all states, and a server whose key one of them publishes.
fn world() -> (NameServer, ServerTls) {
    let (certificate, private) = Ca::new("CA").issue(&Wish::server("whatever.example.net"));
    let digest = Sha256::digest(key(&chain(&certificate)[0]));
    let published: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    let zone = format!(
        "@ MX 10 mx\n@ MX 20 wrong\nmx A 127.0.0.1\n_25._tcp.mx TLSA 3 1 1 {published}\n\
         wrong A 127.0.0.1\n_25._tcp.wrong TLSA 3 1 1 {}\n\
         alias CNAME mx\nnokeys A 127.0.0.1\nodd A 127.0.0.1\n_25._tcp.odd TLSA 1 1 1 {published}\n\
         odd.must A 127.0.0.1\n_25._tcp.odd.must TLSA 1 1 1 {published}\n\
         elsewhere MX 10 mx.plain.\n",
        "00".repeat(32)
    );
    let plain = format!("@ MX 10 mx.example.\nmx A 127.0.0.1\n_25._tcp.mx TLSA 3 1 1 {published}\n");
    let names = NameServer::start(&[
        Zone::signed("example", &zone),
        Zone::plain("plain", &plain),
        Zone::forged("bogus", &zone),
    ]);
    (names, ServerTls::from_pem(certificate.as_bytes(), private.as_bytes()).unwrap())
}

fn client(names: &NameServer) -> RelayTls {
    let resolver = DnsResolver::with_servers([names.address()], Some(&names.anchors())).unwrap();
    RelayTls::builder().dane(Dane::new(resolver)).demand_for(".must.example", Demand::Dane).build().unwrap()
}

#[tokio::test]
async fn only_signed_records_count() {
    let (names, _) = world();
    let client = client(&names);
    let host = |host: &str| Destination::new(host, 25);
    let mx = |host: &str, domain: &str| Destination::new(host, 25).domain(domain.parse().unwrap());
    for (destination, demanded) in [
        (host(HOST), true),
        (host("alias.example"), true),
        (host("odd.example"), true),
        (host("nokeys.example"), false),
        (host("missing.example"), false),
        (host("mx.plain"), false),
        (host("127.0.0.1"), false),
        (mx(HOST, "example"), true),
        (mx(HOST, "plain"), false),
        (mx("mx.plain", "elsewhere.example"), false),
        // Whoever found it may have looked already.
        (mx(HOST, "plain").secure(true), true),
        (mx(HOST, "example").secure(false), false),
    ] {
        let decision = client.decide(&destination, TlsDemand::None).await.unwrap();
        assert_eq!(matches!(decision, TlsDecision::Required(_)), demanded, "{destination:?}: {decision:?}");
    }
    for destination in [
        host("mx.bogus"),
        mx("mx.bogus", "bogus"),
        host("host.must.example"),
        host("odd.must.example"),
        // A host that the signed records do not name.
        mx("nokeys.example", "example"),
    ] {
        assert!(client.decide(&destination, TlsDemand::None).await.is_err(), "{destination:?}");
    }
}

#[tokio::test]
async fn the_key_that_is_published_is_the_one_that_is_taken() {
    let (names, server) = world();
    let client = client(&names);
    for (host, expected) in
        [(HOST, Some(Verify::Ok)), ("odd.example", Some(Verify::Fail)), ("wrong.example", None)]
    {
        let decision = client.decide(&Destination::new(host, 25), TlsDemand::None).await.unwrap();
        let TlsDecision::Required(upgrade) = decision else { panic!("{decision:?}") };
        let (near, far) = duplex(64 * 1024);
        let (called, _) =
            tokio::join!(upgrade.upgrade(Transport::new(near)), server.upgrade(Transport::new(far)));
        match (called, expected) {
            (Ok(upgraded), Some(verify)) => assert_eq!(upgraded.tls.verify, verify, "{host}"),
            (Err(error), None) => {
                let error: &HandshakeError = error.downcast_ref().unwrap();
                assert_eq!(error.to_string(), "certificate: not the one that DANE publishes");
            }
            (called, _) => panic!("{host}: {called:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_answers_mail_waits() {
    // A port on which nobody is.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    drop(silent);
    let resolver = DnsResolver::with_servers([address], None).unwrap();
    let client = RelayTls::builder().dane(Dane::new(resolver)).build().unwrap();
    let error = client.decide(&Destination::new(HOST, 25), TlsDemand::None).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot look mx.example A up: "), "{error}");
}
