use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs;

use super::*;

/// A certificate and its key in PEM.
fn issue(years: (i32, i32)) -> (String, String) {
    let mut params = CertificateParams::new(["mx.example.org".to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn loaded(certificate: &str, key: &str) -> Result<CertifiedKey, String> {
    let (certificate, key) =
        (Pem::new("cert.pem", certificate.as_bytes()), Pem::new("key.pem", key.as_bytes()));
    load(&certificate, &key, &Arc::new(aws_lc_rs::default_provider())).map_err(|error| error.to_string())
}

#[test]
fn a_chain_is_kept_in_order_and_may_share_its_file_with_the_key() {
    let (own, key) = issue((2020, 2100));
    let (issuer, _) = issue((2020, 2100));
    let all = format!("{key}\n# comment\n{own}{issuer}");
    let loaded = loaded(&all, &all).unwrap();
    assert_eq!(loaded.cert.len(), 2);
    assert_eq!(loaded.cert, Pem::new("", format!("{own}{issuer}").as_bytes()).certificates().unwrap());
}

#[test]
fn what_is_wrong_is_said_of_the_file_that_is() {
    let (certificate, key) = issue((2020, 2100));
    let (_, other_key) = issue((2020, 2100));
    let cut = &key[..key.len() / 2];
    let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let no_base64 = "-----BEGIN PRIVATE KEY-----\n!secret!\n-----END PRIVATE KEY-----\n";
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let empty_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (certificate, key, expected) in [
        ("", &*key, "cert.pem: no certificate in it"),
        (&*key, &*key, "cert.pem: no certificate in it"),
        (&*certificate, "", "key.pem: no private key in it"),
        (&*certificate, &*certificate, "key.pem: no private key in it"),
        (&*certificate, cut, "key.pem: malformed PEM: an END line is missing"),
        (&*certificate, no_base64, "key.pem: malformed PEM: not base64"),
        (&*certificate, encrypted, "key.pem: the private key is encrypted, store it without a passphrase"),
        (&*certificate, &*other_key, "key.pem: the private key does not match the certificate in cert.pem"),
    ] {
        assert_eq!(loaded(certificate, key).unwrap_err(), expected);
    }
    let error = loaded(garbled, &key).unwrap_err();
    assert!(error.starts_with("cert.pem: unusable certificate: "), "{error}");
    let error = loaded(&certificate, empty_key).unwrap_err();
    assert!(error.starts_with("key.pem: unusable private key: "), "{error}");
}

#[test]
fn a_certificate_of_version_1_will_do_if_the_key_is_its_own() {
    let both = include_str!("testdata/version1.pem");
    assert!(loaded(both, both).is_ok());
    let (_, other_key) = issue((2020, 2100));
    let error = loaded(both, &other_key).unwrap_err();
    assert!(error.starts_with("cert.pem: unusable certificate: "), "{error}");
}

#[test]
fn dates_are_looked_at() {
    let provider = Arc::new(aws_lc_rs::default_provider());
    for (years, expected) in [
        ((2020, 2100), None),
        ((2010, 2020), Some("the certificate has expired")),
        ((2090, 2100), Some("the certificate is not valid yet")),
    ] {
        let (certificate, key) = issue(years);
        let chain = Pem::new("cert.pem", certificate.as_bytes()).certificates().unwrap();
        assert_eq!(validity::problem(&chain, &provider), expected);
        assert!(loaded(&certificate, &key).is_ok());
    }
}
