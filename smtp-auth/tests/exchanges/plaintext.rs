//! PLAIN and LOGIN.

use std::borrow::Cow;
use std::sync::Arc;

use smtp_auth::{
    AuthLayer, BoxCredentialStore, CredentialStore, PasswordLogin, StoreError, Verdict, verify_fn,
};
use smtp_core::testing::facts;
use smtp_core::{Reply, Session, Strength};

use crate::client::{exchange, protected, script};

const SUCCESS: &str = "235 2.7.0 authentication succeeded";
const FAILURE: &str = "535 5.7.8 authentication credentials invalid";

/// Knows Alice, and that Carol may act for her.
struct Alice;

impl CredentialStore for Alice {
    fn name(&self) -> Cow<'static, str> {
        "alice's".into()
    }

    async fn verify_password(&self, login: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        assert!(!login.name.is_empty() && !login.password.expose().is_empty());
        if login.password.expose() != b"wonder land" && login.password.expose() != b"IX" {
            return Ok(Verdict::Refused);
        }
        Ok(match login.name.as_str() {
            "alice" | "carol" | "IX" => Verdict::Accepted,
            "alice@example.org" => Verdict::AcceptedAs("alice".to_owned()),
            "dave" => Verdict::Expired,
            _ => Verdict::Refused,
        })
    }

    async fn may_act_for(&self, name: &str, other: &str, _: &Session) -> Result<bool, StoreError> {
        Ok((name, other) == ("carol", "alice"))
    }
}

fn identity(mut reply: Reply) -> String {
    let identity = reply.take_effects().identity.expect("an identity");
    format!("{} as {} by {}", identity.authenticated_name(), identity.name(), identity.mechanism())
}

#[tokio::test(start_paused = true)]
async fn plain() {
    let table: &[(&[u8], &str)] = &[
        (b"\0alice\0wonder land", SUCCESS),
        (b"alice\0alice\0wonder land", SUCCESS),
        (b"alice\0carol\0wonder land", SUCCESS),
        (b"carol\0alice\0wonder land", FAILURE),
        (b"\0alice@example.org\0wonder land", SUCCESS),
        (b"alice\0alice@example.org\0wonder land", SUCCESS),
        (b"carol\0alice@example.org\0wonder land", FAILURE),
        (b"\0dave\0wonder land", "525 5.7.13 password or account expired"),
        (b"\0dave\0wonderland", FAILURE),
        ("\0I\u{ad}X\0\u{2168}".as_bytes(), SUCCESS),
        (b"\0alice\0wonderland", FAILURE),
        (b"\0alice\0", FAILURE),
        (b"\0\0wonder land", FAILURE),
        (b"\0alice\0\xff\xff", FAILURE),
        (b"\0alice\0wonder land\0", FAILURE),
        (b"alice", FAILURE),
        (b"", FAILURE),
    ];
    for (message, expected) in table {
        let text = String::from_utf8_lossy(message);
        let layer = AuthLayer::new(Alice);
        let (challenges, reply) = exchange(&layer, &protected(), "PLAIN", Some(message), script([])).await;
        assert_eq!((reply.to_string().as_str(), challenges.len()), (*expected, 0), "{text}");
        assert_eq!(reply.effects().is_some(), *expected == SUCCESS, "{text}");
        let (challenges, reply) = exchange(&layer, &protected(), "PLAIN", None, script([message])).await;
        assert_eq!((reply.to_string().as_str(), challenges), (*expected, vec![Vec::new()]), "{text}");
    }
}

#[tokio::test]
async fn the_identity_says_who_acts_for_whom() {
    let layer = AuthLayer::new(Alice);
    let message = b"alice\0carol\0wonder land";
    let (_, reply) = exchange(&layer, &protected(), "PLAIN", Some(message), script([])).await;
    assert_eq!(identity(reply), "carol as alice by PLAIN");
    let message = b"alice\0alice@example.org\0wonder land";
    let (_, reply) = exchange(&layer, &protected(), "PLAIN", Some(message), script([])).await;
    assert_eq!(identity(reply), "alice as alice by PLAIN");
}

#[tokio::test]
async fn the_identity_says_where_it_comes_from_and_how_strong_it_is() {
    let layer = AuthLayer::new(Alice).allow_plaintext_without_tls();
    for (facts, strength) in [(protected(), Strength::Encrypted), (facts(), Strength::Exposed)] {
        let message = b"\0alice\0wonder land";
        let (_, mut reply) = exchange(&layer, &facts, "PLAIN", Some(message), script([])).await;
        let identity = reply.take_effects().identity.unwrap();
        assert_eq!((identity.store(), identity.strength()), (Some("alice's"), strength));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_may_say_who_acts_for_whom() {
    let layer = AuthLayer::new(Alice)
        .act_for_if(|name, other, session| (name, other) == ("alice", "office") && session.tls().is_some());
    for (message, expected) in [
        (b"office\0alice\0wonder land".as_slice(), SUCCESS),
        (b"office\0carol\0wonder land", FAILURE),
        (b"office\0alice\0wonderland", FAILURE),
        // The store has its say too.
        (b"alice\0carol\0wonder land", SUCCESS),
    ] {
        let (_, reply) = exchange(&layer, &protected(), "PLAIN", Some(message), script([])).await;
        assert_eq!(reply.to_string(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn login() {
    let layer = AuthLayer::new(Alice);
    let password = b"wonder land".as_slice();
    let (challenges, reply) =
        exchange(&layer, &protected(), "LOGIN", None, script([b"alice", password])).await;
    assert_eq!(challenges, [b"Username:", b"Password:"]);
    assert_eq!(identity(reply), "alice as alice by LOGIN");

    let (challenges, reply) =
        exchange(&layer, &protected(), "LOGIN", Some(b"alice"), script([password])).await;
    assert_eq!(challenges, [b"Password:"]);
    assert_eq!(reply.to_string(), SUCCESS);

    for (name, password) in [(b"alice".as_slice(), b"x".as_slice()), (b"", password), (b"\xff", password)] {
        let (_, reply) = exchange(&layer, &protected(), "LOGIN", None, script([name, password])).await;
        assert_eq!(reply.to_string(), FAILURE);
    }
}

#[tokio::test]
async fn without_tls_they_are_refused_before_a_word_is_said() {
    let layer = AuthLayer::new(Alice);
    for mechanism in ["PLAIN", "LOGIN"] {
        let (challenges, reply) = exchange(&layer, &facts(), mechanism, None, script([])).await;
        assert!(challenges.is_empty());
        assert_eq!(
            reply.to_string(),
            "538 5.7.11 encryption required for requested authentication mechanism"
        );
    }
    let loud = layer.allow_plaintext_without_tls();
    let (_, reply) = exchange(&loud, &facts(), "PLAIN", Some(b"\0alice\0wonder land"), script([])).await;
    assert_eq!(reply.to_string(), SUCCESS);
}

#[tokio::test]
async fn a_function_sees_the_session() {
    let store = verify_fn(|login, session| async move {
        Ok(Verdict::from(login.name == session.hello().unwrap().to_string()))
    });
    let facts = {
        let mut facts = protected();
        let hello = smtp_core::Hello::extended(smtp_core::testing::domain("client.example"));
        facts.set_hello(hello, smtp_core::Capabilities::new());
        facts
    };
    let layer = AuthLayer::new(store);
    let (_, reply) = exchange(&layer, &facts, "PLAIN", Some(b"\0client.example\0x"), script([])).await;
    assert_eq!(reply.to_string(), SUCCESS);
}

#[tokio::test(start_paused = true)]
async fn a_store_can_be_shared_and_its_type_erased() {
    let layer = AuthLayer::new(BoxCredentialStore::new(Arc::new(Alice)));
    for (message, expected) in
        [(b"alice\0carol\0wonder land".as_slice(), SUCCESS), (b"carol\0alice\0wonder land", FAILURE)]
    {
        let (_, reply) = exchange(&layer, &protected(), "PLAIN", Some(message), script([])).await;
        assert_eq!(reply.to_string(), expected);
    }
}
