//! The exchanges of RFC 5802 section 5 and RFC 7677 section 3, and servers that do not know the
//! password.

use std::sync::Arc;

use bytes::Bytes;
use sha1::Sha1;
use sha2::Sha256;
use smtp_core::client::Destination;
use smtp_core::{ChannelBinding, TlsInfo};

use super::*;

fn offer(mechanisms: &[&str], binding: bool) -> AuthOffer {
    let names = mechanisms.iter().map(|&name| name.to_owned()).collect();
    let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
    if binding {
        tls.channel_bindings = vec![
            ChannelBinding { name: "tls-server-end-point", data: Bytes::from_static(b"end") },
            ChannelBinding { name: "tls-exporter", data: Bytes::from_static(b"exported") },
        ];
    }
    AuthOffer::new(Destination::new("mx", 25), names).tls(Arc::new(tls))
}

fn scram<D: Hash>(mechanism: Mechanism, nonce: &str) -> Scram<D> {
    let credentials = Credentials::password("user", "pencil");
    Scram::new(mechanism, &credentials, &offer(&[], false), nonce.to_owned()).unwrap()
}

async fn last_words(scram: &mut dyn AuthExchange, first: &[u8], last: &[u8]) -> Result<(), BoxError> {
    scram.respond(first).await?;
    let empty = scram.respond(last).await?;
    assert!(empty.expose().is_empty());
    scram.finish()
}

const FIRST: &[u8] =
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const LAST: &[u8] = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

#[tokio::test]
async fn the_exchange_of_rfc_5802() {
    let mut scram = scram::<Sha1>(Mechanism::SCRAM_SHA_1, "fyko+d2lbbFgONRv9qkxdawL");
    let first = scram.initial_response().unwrap().unwrap();
    assert_eq!(first.expose(), b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    let challenge = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
    let proof = scram.respond(challenge).await.unwrap();
    let expected = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
    assert_eq!(proof.expose_str(), Some(expected));
    assert!(scram.finish().is_err(), "nothing is proven yet");
    assert!(scram.respond(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").await.unwrap().expose().is_empty());
    scram.finish().unwrap();
    assert!(scram.respond(b"").await.is_err());
}

#[tokio::test]
async fn the_exchange_of_rfc_7677() {
    let mut scram = scram::<Sha256>(Mechanism::SCRAM_SHA_256, "rOprNGfwEbeRWgbNEkqO");
    let proof = scram.respond(FIRST).await.unwrap();
    let expected = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    assert_eq!(proof.expose_str(), Some(expected));
    scram.respond(LAST).await.unwrap();
    scram.finish().unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_not_believed() {
    let start = || scram::<Sha256>(Mechanism::SCRAM_SHA_256, "rOprNGfwEbeRWgbNEkqO");
    last_words(&mut start(), FIRST, LAST).await.unwrap();
    let signature = BASE64.decode(&LAST[2..]).unwrap();
    for bit in (0..256).step_by(51) {
        let mut wrong = signature.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let last = format!("v={}", BASE64.encode(wrong));
        let refused = last_words(&mut start(), FIRST, last.as_bytes()).await.unwrap_err();
        assert_eq!(refused.to_string(), ClientError::Signature.to_string(), "bit {bit}");
    }
    for last in [&b""[..], b"v=", b"e=invalid-proof", b"x"] {
        let mut scram = start();
        assert!(last_words(&mut scram, FIRST, last).await.is_err());
        // Whoever goes on to say "welcome" is no better.
        assert!(scram.finish().is_err());
        assert!(scram.respond(LAST).await.is_err());
    }
}

#[test]
fn the_header_says_what_is_known_of_channel_bindings() {
    let plus = Mechanism::SCRAM_SHA_256_PLUS;
    let plain = Mechanism::SCRAM_SHA_256;
    for (mechanism, offered, binding, header, bound) in [
        (plus, &["SCRAM-SHA-256-PLUS"][..], true, "p=tls-exporter,,", &b"p=tls-exporter,,exported"[..]),
        (plain, &["SCRAM-SHA-256"], true, "y,,", b"y,,"),
        (plain, &["SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"], true, "n,,", b"n,,"),
        (plain, &["SCRAM-SHA-256"], false, "n,,", b"n,,"),
    ] {
        let credentials = Credentials::password("user", "pencil");
        let scram =
            Scram::<Sha256>::new(mechanism, &credentials, &offer(offered, binding), "x".to_owned()).unwrap();
        assert_eq!((scram.gs2_header.as_str(), &*scram.bound), (header, bound), "{offered:?}");
    }
}

#[test]
fn names_are_prepared_and_escaped() {
    let start = |credentials: &Credentials| {
        Scram::<Sha256>::new(Mechanism::SCRAM_SHA_256, credentials, &offer(&[], false), "x".to_owned())
    };
    let mut scram = start(&Credentials::password("a,b=\u{ad}c", "p").acts_for("\u{aa}=")).unwrap();
    let first = scram.initial_response().unwrap().unwrap();
    assert_eq!(first.expose_str(), Some("n,a=a=3D,n=a=2Cb=3Dc,r=x"));
    assert_eq!(start(&Credentials::password("\u{627}1", "p")).err(), Some(ClientError::Name));
    assert_eq!(start(&Credentials::password("a", "\u{7}")).err(), Some(ClientError::Secret));
}
