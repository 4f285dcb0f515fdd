//! Certificates of clients.

use rustls::version::{TLS12, TLS13};
use smtp_core::{CertificateProblem as Problem, SubjectName, TlsInfo, Verify};

use super::{client, connect_to};
use crate::pki::{Ca, Wish};
use crate::{Authorities, ClientCertificates, ServerTls};

const NAME: &str = "mx.example.org";

/// A server with a certificate of the CA, which asks for others of it.
fn server(ca: &Ca, choice: ClientCertificates) -> ServerTls {
    let (certificate, key) = ca.issue(&Wish::server(NAME));
    ServerTls::builder()
        .certificate_pem(certificate.as_bytes(), key.as_bytes())
        .client_authorities(Authorities::new().pem(ca.pem().as_bytes()))
        .client_certificates(choice)
        .build()
        .unwrap()
}

fn verdict(tls: &TlsInfo) -> (Verify, Option<Problem>) {
    (tls.verify, tls.problem)
}

#[tokio::test]
async fn a_bad_certificate_breaks_a_session_only_where_a_good_one_is_required() {
    let (ca, stranger) = (Ca::new("CA"), Ca::new("stranger"));
    let wish = || Wish::client("client.example");
    let expired = Wish { years: (2010, 2020), ..wish() };
    for (own, expected) in [
        (None, (Verify::No, None)),
        (Some(ca.issue(&wish())), (Verify::Ok, None)),
        (Some(ca.issue(&expired)), (Verify::Fail, Some(Problem::Expired))),
        (Some(stranger.issue(&wish())), (Verify::Fail, Some(Problem::UnknownIssuer))),
    ] {
        for version in [&TLS12, &TLS13] {
            let client = client(version, &ca.pem(), own.as_ref());
            let request = server(&ca, ClientCertificates::Request);
            let tls = connect_to(NAME, &request, &client).await.unwrap().0.tls;
            assert_eq!(verdict(&tls), expected);
            assert_eq!(tls.peer_certificates.is_empty(), own.is_none());
            assert_eq!(tls.verified_peer().is_some(), expected.0 == Verify::Ok);
            let require = request.client_certificates(ClientCertificates::Require);
            let required = connect_to(NAME, &require, &client);
            assert_eq!(required.await.is_ok(), expected.0 == Verify::Ok, "{expected:?}");
            let off = server(&ca, ClientCertificates::Off);
            let tls = connect_to(NAME, &off, &client).await.unwrap().0.tls;
            assert_eq!(verdict(&tls), (Verify::Not, None));
        }
    }
}

#[tokio::test]
async fn a_certificate_is_known_with_all_that_it_says() {
    let ca = Ca::new("CA (of tests)");
    let own = ca.issue(&Wish::client("client.example"));
    let client = client(&TLS13, &ca.pem(), Some(&own));
    let server = server(&ca, ClientCertificates::Request);
    let tls = connect_to(NAME, &server, &client).await.unwrap().0.tls;
    let peer = tls.verified_peer().unwrap();
    assert!(peer.subject.to_string().ends_with("/O=Example+20Org/CN=client.example"), "{}", peer.subject);
    assert!(peer.issuer.to_string().ends_with("/CN=CA+20+28of+20tests+29"), "{}", peer.issuer);
    assert_eq!(
        peer.names,
        [SubjectName::Dns("client.example".to_owned()), SubjectName::Email("joe@example.org".to_owned())]
    );
    assert_eq!(peer.serial, "07");
    assert_eq!(peer.fingerprint.to_string().len(), 95);
}

#[tokio::test]
async fn what_was_good_is_judged_again_when_a_session_is_resumed() {
    let ca = Ca::new("CA");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let (certificate, key) = ca.issue(&Wish::server(NAME));
    let lists = path("lists.pem", &ca.revoke(99, 2100));
    let server = ServerTls::builder()
        .certificate_pem(certificate.as_bytes(), key.as_bytes())
        .client_authorities(Authorities::new().file(path("ca.pem", &ca.pem())).revocation_lists(&lists))
        .client_certificates(ClientCertificates::Request)
        .build()
        .unwrap();
    let wish = Wish::client("client.example");
    let require = server.clone().client_certificates(ClientCertificates::Require);
    for version in [&TLS12, &TLS13] {
        path("lists.pem", &ca.revoke(99, 2100));
        server.reload().unwrap();
        let client = client(version, &ca.pem(), Some(&ca.issue(&wish)));
        let first = connect_to(NAME, &server, &client).await.unwrap().0.tls;
        assert_eq!((first.resumed, first.verify), (false, Verify::Ok));
        // A session that no certificate was required for is not resumed where one is.
        let required = connect_to(NAME, &require, &client).await.unwrap().0.tls;
        assert_eq!((required.resumed, required.verify), (false, Verify::Ok));
        let again = connect_to(NAME, &require, &client).await.unwrap().0.tls;
        assert_eq!((again.resumed, again.verify), (true, Verify::Ok));
        path("lists.pem", &ca.revoke(wish.serial, 2100));
        server.reload().unwrap();
        let error = connect_to(NAME, &require, &client).await.map(drop).unwrap_err();
        assert_eq!(error.to_string(), "client certificate: revoked");
    }
}
