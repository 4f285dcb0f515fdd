use std::fs;

use rustls::pki_types::{CertificateDer, ServerName};
use smtp_core::{CertificateProblem as Problem, Verify};

use super::*;
use crate::certificate::Pem;
use crate::pki::{Ca, Wish};
use crate::{TlsError, TlsPolicy};

fn judge(authorities: &Authorities) -> Judge {
    Judge::new(authorities.load().unwrap(), &TlsPolicy::default().provider().unwrap()).unwrap()
}

fn chain(pem: &str) -> Vec<CertificateDer<'static>> {
    Pem::new("chain", pem.as_bytes()).certificates().unwrap()
}

#[test]
fn each_fault_has_its_name() {
    let (ca, stranger) = (Ca::new("CA"), Ca::new("stranger"));
    let judge = judge(&Authorities::new().pem(ca.pem().as_bytes()));
    let client = || Wish::client("client.example");
    for (pem, expected) in [
        (ca.issue(&client()).0, (Verify::Ok, None)),
        (stranger.issue(&client()).0, (Verify::Fail, Some(Problem::UnknownIssuer))),
        (Ca::new("CA").issue(&client()).0, (Verify::Fail, Some(Problem::BadSignature))),
        (ca.issue(&Wish { years: (2010, 2020), ..client() }).0, (Verify::Fail, Some(Problem::Expired))),
        (ca.issue(&Wish { years: (2090, 2100), ..client() }).0, (Verify::Fail, Some(Problem::NotYetValid))),
        (ca.issue(&Wish::server("client.example")).0, (Verify::Fail, Some(Problem::WrongPurpose))),
    ] {
        assert_eq!(judge.verify_client(&chain(&pem)), expected);
    }
    let malformed = [CertificateDer::from(b"malformed".to_vec())];
    assert_eq!(judge.verify_client(&malformed), (Verify::Fail, Some(Problem::Malformed)));
    let none = super::tests::judge(&Authorities::new());
    let good = chain(&ca.issue(&client()).0);
    assert_eq!(none.verify_client(&good), (Verify::Fail, Some(Problem::NoAuthority)));
}

#[test]
fn servers_have_names() {
    let ca = Ca::new("CA");
    let judge = judge(&Authorities::new().pem(ca.pem().as_bytes()));
    let verify = |wish: &Wish, name: &'static str| {
        verdict(judge.server(&chain(&ca.issue(wish).0), &ServerName::try_from(name).unwrap()))
    };
    let server = Wish::server("mx.example.org");
    assert_eq!(verify(&server, "mx.example.org"), (Verify::Ok, None));
    assert_eq!(verify(&server, "mx.example.net"), (Verify::Fail, Some(Problem::WrongName)));
    assert_eq!(
        verify(&Wish::client("mx.example.org"), "mx.example.org"),
        (Verify::Fail, Some(Problem::WrongPurpose))
    );
}

#[test]
fn revocation_lists_are_needed_once_there_is_one() {
    let (ca, other) = (Ca::new("CA"), Ca::new("other"));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let authorities =
        || Authorities::new().file(path("ca.pem", &ca.pem())).file(path("other.pem", &other.pem()));
    let list = path("list.pem", &ca.revoke(7, 2100));
    let old = path("old.pem", &ca.revoke(9, 2022));
    let client = |ca: &Ca, serial| chain(&ca.issue(&Wish { serial, ..Wish::client("c.example") }).0);
    let current = judge(&authorities().revocation_lists(&list));
    assert_eq!(current.verify_client(&client(&ca, 7)), (Verify::Fail, Some(Problem::Revoked)));
    assert_eq!(current.verify_client(&client(&ca, 8)), (Verify::Ok, None));
    let unknown = (Verify::Temp, Some(Problem::RevocationUnknown));
    assert_eq!(current.verify_client(&client(&other, 8)), unknown);
    let expired = judge(&authorities().revocation_lists(&old));
    assert_eq!(expired.verify_client(&client(&ca, 8)), unknown);
    let no_list = authorities().revocation_lists(folder.path().join("ca.pem")).load().unwrap_err();
    assert!(no_list.to_string().ends_with("ca.pem: unusable revocation list: there is none in it"));
}

#[test]
fn a_folder_may_have_anything_in_it() {
    let (ca, revoked) = (Ca::new("CA"), Wish::client("c.example"));
    let folder = tempfile::tempdir().unwrap();
    let authorities = Authorities::new().folder(folder.path());
    assert!(matches!(authorities.load(), Err(TlsError::NoAuthority { .. })));
    fs::write(folder.path().join("README"), "no PEM").unwrap();
    fs::write(folder.path().join("broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
    fs::create_dir(folder.path().join("old")).unwrap();
    assert!(matches!(authorities.load(), Err(TlsError::NoAuthority { .. })));
    fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
    std::os::unix::fs::symlink("ca.pem", folder.path().join("5f2a1b3c.0")).unwrap();
    std::os::unix::fs::symlink("gone.pem", folder.path().join("dangling.0")).unwrap();
    let loaded = authorities.load().unwrap();
    assert_eq!((loaded.roots.len(), loaded.hints.len()), (1, 0));
    assert_eq!(judge(&authorities).verify_client(&chain(&ca.issue(&revoked).0)).0, Verify::Ok);
    fs::write(folder.path().join("5f2a1b3c.r0"), ca.revoke(revoked.serial, 2100)).unwrap();
    assert_eq!(judge(&authorities).verify_client(&chain(&ca.issue(&revoked).0)).0, Verify::Fail);
    assert!(matches!(Authorities::new().folder(folder.path().join("no")).load(), Err(TlsError::Read { .. })));
}

#[test]
fn files_are_said_to_clients() {
    let ca = Ca::new("CA");
    let loaded = Authorities::new().pem(ca.pem().as_bytes()).load().unwrap();
    assert_eq!((loaded.roots.len(), loaded.hints.len()), (1, 1));
    let error = Authorities::new().pem(b"").load().unwrap_err();
    assert_eq!(error.to_string(), "authorities: no certificate of a CA in it");
}
