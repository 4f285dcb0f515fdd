use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

use super::*;
use crate::provider;

/// A certificate and its key in PEM.
fn issue(years: (i32, i32)) -> (String, String) {
    issue_for("mx.example.org", years)
}

fn issue_for(name: &str, years: (i32, i32)) -> (String, String) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn loaded(certificate: &str, key: &str) -> Result<Certificate, String> {
    let (certificate, key) =
        (Pem::new("cert.pem", certificate.as_bytes()), Pem::new("key.pem", key.as_bytes()));
    load(&certificate, &key, &provider::default().unwrap()).map_err(|error| error.to_string())
}

#[test]
fn a_chain_is_kept_in_order_and_may_share_its_file_with_the_key() {
    let (own, key) = issue((2020, 2100));
    // All have the same name, so that one may pass for the issuer of the other.
    let (issuer, _) = issue((2020, 2100));
    let all = format!("{key}\n# comment\n{own}{issuer}");
    let loaded = loaded(&all, &all).unwrap();
    assert_eq!(loaded.names, ["mx.example.org"]);
    assert!(loaded.warnings.is_empty());
    assert_eq!(loaded.key.cert.len(), 2);
    assert_eq!(loaded.key.cert, Pem::new("", format!("{own}{issuer}").as_bytes()).certificates().unwrap());
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
fn what_can_be_served_all_the_same_is_a_warning() {
    for (years, expected) in [
        ((2020, 2100), None),
        ((2010, 2020), Some("cert.pem: the certificate has expired on Jan  1 00:00:00 2020 +00:00")),
        ((2090, 2100), Some("cert.pem: the certificate is not valid before Jan  1 00:00:00 2090 +00:00")),
    ] {
        let (certificate, key) = issue(years);
        let loaded = loaded(&certificate, &key).unwrap();
        let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings.first().map(|warning| &**warning), expected);
    }
}

#[test]
fn the_order_of_a_chain_is_looked_at() {
    let (own, key) = issue((2020, 2100));
    let (other, _) = issue_for("other.example.org", (2020, 2100));
    let order = "cert.pem: the certificates are in the wrong order: the server's own comes first, and \
                 each stands before that of its issuer";
    assert_eq!(loaded(&format!("{other}{own}"), &key).unwrap_err(), order);
    let warnings = loaded(&format!("{own}{other}"), &key).unwrap().warnings;
    assert_eq!(warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [order]);
}

#[test]
fn keys_are_read_in_each_of_their_forms() {
    for (certificate, key) in [
        (include_str!("testdata/rsa.pem"), include_str!("testdata/rsa-pkcs8.pem")),
        (include_str!("testdata/rsa.pem"), include_str!("testdata/rsa-pkcs1.pem")),
        (include_str!("testdata/ecdsa.pem"), include_str!("testdata/ecdsa-sec1.pem")),
    ] {
        assert!(loaded(certificate, key).is_ok(), "{}", key.lines().next().unwrap());
    }
}
