//! EXTERNAL.

use std::sync::Arc;

use smtp_auth::{AuthLayer, CredentialStore, StoreError, Verdict};
use smtp_core::testing::facts;
use smtp_core::{Session, SessionFacts, Strength, TlsInfo, Verify};

use crate::client::{exchange, script};

const FAILURE: &str = "535 5.7.8 authentication credentials invalid";

/// Whose certificate it is, that is what it says.
struct Certificates;

impl CredentialStore for Certificates {
    fn maps_certificates(&self) -> bool {
        true
    }

    async fn verify_certificate(
        &self,
        name: Option<&str>,
        tls: &TlsInfo,
        _: &Session,
    ) -> Result<Verdict, StoreError> {
        Ok(match (&*tls.peer_certificates[0], name) {
            (b"alice's", _) => Verdict::AcceptedAs("alice".to_owned()),
            (b"everybody's", _) => Verdict::Accepted,
            (b"old", _) => Verdict::Expired,
            _ => Verdict::Refused,
        })
    }

    async fn may_act_for(&self, name: &str, other: &str, _: &Session) -> Result<bool, StoreError> {
        Ok((name, other) == ("alice", "office"))
    }
}

/// A certificate, the client's message, and as whom it is in, or what it hears.
type Case = (&'static [u8], &'static [u8], Result<&'static str, &'static str>);

fn with_certificate(certificate: &'static [u8], verify: Verify) -> SessionFacts {
    let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
    tls.verify = verify;
    tls.peer_certificates = vec![certificate.into()];
    let mut facts = facts();
    facts.set_tls(Arc::new(tls));
    facts
}

#[tokio::test(start_paused = true)]
async fn the_certificate_says_who_it_is() {
    let layer = AuthLayer::new(Certificates);
    let table: [Case; 9] = [
        (b"alice's", b"", Ok("alice")),
        (b"alice's", b"alice", Ok("alice")),
        (b"alice's", b"office", Ok("office")),
        (b"alice's", b"bob", Err(FAILURE)),
        (b"alice's", b"\xff", Err(FAILURE)),
        (b"everybody's", b"bob", Ok("bob")),
        (b"everybody's", b"", Err(FAILURE)),
        (b"another", b"alice", Err(FAILURE)),
        (b"old", b"", Err("525 5.7.13 password or account expired")),
    ];
    for (certificate, message, expected) in table {
        let facts = with_certificate(certificate, Verify::Ok);
        let text = String::from_utf8_lossy(message);
        for initial in [true, false] {
            let (initial, answers) = if initial { (Some(message), vec![]) } else { (None, vec![message]) };
            let mut answers = answers.into_iter();
            let (_, mut reply) = exchange(&layer, &facts, "EXTERNAL", initial, |_| {
                Ok(answers.next().expect("one challenge").to_vec())
            })
            .await;
            let identity = reply.take_effects().identity;
            let got = identity.as_ref().map(|identity| identity.name()).ok_or(reply.to_string());
            assert_eq!(
                got.as_ref().map_err(String::as_str),
                expected.as_ref().map_err(|text| *text),
                "{text}"
            );
            assert!(identity.is_none_or(|identity| identity.strength() == Strength::Certificate));
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_verified_is_none() {
    let layer = AuthLayer::new(Certificates);
    for verify in [Verify::No, Verify::Not, Verify::Fail] {
        let facts = with_certificate(b"alice's", verify);
        let (_, reply) = exchange(&layer, &facts, "EXTERNAL", Some(b""), script([])).await;
        assert_eq!(reply.to_string(), "504 5.5.4 unrecognized authentication mechanism");
    }
    let (_, reply) = exchange(&layer, &facts(), "EXTERNAL", Some(b""), script([])).await;
    assert_eq!(reply.code(), 538);
}
