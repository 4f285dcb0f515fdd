//! CRAM-MD5 and DIGEST-MD5.

use hmac::{Hmac, Mac as _};
use md5::{Digest as _, Md5};
use smtp_auth::{AuthLayer, CredentialStore, Mechanism, StoreError};
use smtp_core::testing::facts;
use smtp_core::{Reply, Secret, Session, Strength};

use crate::client::{exchange, protected};

const SUCCESS: &str = "235 2.7.0 authentication succeeded";
const FAILURE: &str = "535 5.7.8 authentication credentials invalid";

struct Alice;

impl CredentialStore for Alice {
    fn has_shared_secrets(&self) -> bool {
        true
    }

    async fn shared_secret(&self, name: &str, _: &Session) -> Result<Option<Secret>, StoreError> {
        match name {
            "alice" => Ok(Some("wonder land".into())),
            "down" => Err(StoreError::new("down")),
            _ => Ok(None),
        }
    }

    async fn may_act_for(&self, name: &str, other: &str, _: &Session) -> Result<bool, StoreError> {
        Ok((name, other) == ("alice", "office"))
    }
}

fn layer() -> AuthLayer<Alice> {
    AuthLayer::new(Alice).mechanisms([Mechanism::CRAM_MD5, Mechanism::DIGEST_MD5])
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn md5(text: &[u8]) -> Vec<u8> {
    Md5::digest(text).to_vec()
}

async fn cram(name: &str, password: &str) -> (Vec<Vec<u8>>, Reply) {
    exchange(&layer(), &facts(), "CRAM-MD5", None, |challenge| {
        let mut mac = Hmac::<Md5>::new_from_slice(password.as_bytes()).expect("any length");
        mac.update(challenge);
        Ok(format!("{name} {}", hex(&mac.finalize().into_bytes())).into_bytes())
    })
    .await
}

/// RFC 2831 section 2.1.2.1, and once more for what the server says in return.
fn digest(challenge: &str, name: &str, password: &str, acts_for: &str) -> (String, String) {
    let value = |name: &str| {
        let (_, rest) = challenge.split_once(&format!("{name}=\"")).expect("a directive");
        rest.split_once('"').expect("a quote").0.to_owned()
    };
    let (realm, nonce, uri) = (value("realm"), value("nonce"), "smtp/mail.example.org");
    let mut a1 = md5(format!("{name}:{realm}:{password}").as_bytes());
    a1.extend(format!(":{nonce}:cnonce").into_bytes());
    if !acts_for.is_empty() {
        a1.extend(format!(":{acts_for}").into_bytes());
    }
    let proof = |a2: String| {
        let (a1, a2) = (hex(&md5(&a1)), hex(&md5(a2.as_bytes())));
        hex(&md5(format!("{a1}:{nonce}:00000001:cnonce:auth:{a2}").as_bytes()))
    };
    let response = proof(format!("AUTHENTICATE:{uri}"));
    let authzid = if acts_for.is_empty() { String::new() } else { format!(",authzid=\"{acts_for}\"") };
    let text = format!(
        "charset=utf-8,username=\"{name}\",realm=\"{realm}\",nonce=\"{nonce}\",nc=00000001,\
        cnonce=\"cnonce\",digest-uri=\"{uri}\",response={response},qop=auth{authzid}"
    );
    (text, format!("rspauth={}", proof(format!(":{uri}"))))
}

async fn digest_md5(name: &str, password: &str, acts_for: &str) -> (Vec<Vec<u8>>, Reply) {
    let mut response_auth = None;
    exchange(&layer(), &facts(), "DIGEST-MD5", None, |challenge| {
        let challenge = std::str::from_utf8(challenge).expect("text");
        if let Some(expected) = &response_auth {
            assert_eq!(challenge, expected);
            return Ok(Vec::new());
        }
        let (response, expected) = digest(challenge, name, password, acts_for);
        response_auth = Some(expected);
        Ok(response.into_bytes())
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn cram_md5() {
    let (challenges, mut reply) = cram("alice", "wonder land").await;
    let challenge = String::from_utf8(challenges[0].clone()).unwrap();
    assert!(challenge.starts_with('<') && challenge.contains('@') && challenge.ends_with('>'), "{challenge}");
    assert_eq!(reply.to_string(), SUCCESS);
    let identity = reply.take_effects().identity.unwrap();
    assert_eq!((identity.name(), identity.strength()), ("alice", Strength::Digest));

    let (again, _) = cram("alice", "wonder land").await;
    assert_ne!(again[0], challenges[0], "a challenge comes once");
    for (name, password) in [("alice", "wonderland"), ("nobody", "wonder land"), ("nobody", "")] {
        let (challenges, reply) = cram(name, password).await;
        assert_eq!((challenges.len(), reply.to_string().as_str()), (1, FAILURE));
    }
    assert_eq!(cram("down", "x").await.1.to_string(), "454 4.7.0 temporary authentication failure");
}

#[tokio::test(start_paused = true)]
async fn digest_md5_proves_both_sides() {
    for (acts_for, acting) in [("", "alice"), ("alice", "alice"), ("office", "office")] {
        let (challenges, mut reply) = digest_md5("alice", "wonder land", acts_for).await;
        assert_eq!((challenges.len(), reply.to_string().as_str()), (2, SUCCESS));
        let identity = reply.take_effects().identity.unwrap();
        assert_eq!((identity.authenticated_name(), identity.name()), ("alice", acting));
    }
    let (_, reply) = digest_md5("alice", "wonder land", "bob").await;
    assert_eq!(reply.to_string(), FAILURE);
    for (name, password) in [("alice", "wonderland"), ("nobody", "wonder land"), ("nobody", "")] {
        let (challenges, reply) = digest_md5(name, password, "").await;
        assert_eq!((challenges.len(), reply.to_string().as_str()), (1, FAILURE));
    }
}

#[tokio::test]
async fn within_tls_nobody_reads_along() {
    let (_, mut reply) = exchange(&layer(), &protected(), "DIGEST-MD5", None, |challenge| {
        let challenge = std::str::from_utf8(challenge).expect("text");
        if challenge.starts_with("rspauth=") {
            return Ok(Vec::new());
        }
        Ok(digest(challenge, "alice", "wonder land", "").0.into_bytes())
    })
    .await;
    assert_eq!(reply.take_effects().identity.unwrap().strength(), Strength::Encrypted);
}

#[tokio::test]
async fn they_take_no_initial_response() {
    for mechanism in ["CRAM-MD5", "DIGEST-MD5"] {
        let (_, reply) =
            exchange(&layer(), &facts(), mechanism, Some(b"x"), |_| panic!("no challenge")).await;
        assert_eq!(reply.to_string(), "501 5.7.0 mechanism takes no initial response");
    }
}
