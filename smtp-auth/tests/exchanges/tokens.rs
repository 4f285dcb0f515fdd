//! OAUTHBEARER and XOAUTH2.

use smtp_auth::{AuthLayer, CredentialStore, StoreError, TokenLogin, Verdict};
use smtp_core::testing::facts;
use smtp_core::{Session, Strength};
use tokio::time::Instant;

use crate::client::{exchange, protected, script};

const SUCCESS: &str = "235 2.7.0 authentication succeeded";
const FAILURE: &str = "535 5.7.8 authentication credentials invalid";

/// Knows the token of Alice.
struct Tokens;

impl CredentialStore for Tokens {
    fn verifies_passwords(&self) -> bool {
        false
    }

    fn takes_tokens(&self) -> bool {
        true
    }

    async fn verify_token(&self, login: TokenLogin, _: &Session) -> Result<Verdict, StoreError> {
        Ok(match login.token.expose() {
            b"alices" => Verdict::AcceptedAs("alice".to_owned()),
            b"any" => Verdict::Accepted,
            b"down" => return Err(StoreError::new("down")),
            _ => Verdict::Refused,
        })
    }
}

fn oauthbearer(name: &str, token: &str) -> Vec<u8> {
    let name = if name.is_empty() { String::new() } else { format!("a={name}") };
    format!("n,{name},\x01auth=Bearer {token}\x01\x01").into_bytes()
}

fn xoauth2(name: &str, token: &str) -> Vec<u8> {
    format!("user={name}\x01auth=Bearer {token}\x01\x01").into_bytes()
}

#[tokio::test]
async fn the_token_says_who_it_is() {
    let layer = AuthLayer::new(Tokens);
    for (mechanism, message, name) in [
        ("OAUTHBEARER", oauthbearer("alice", "alices"), "alice"),
        ("OAUTHBEARER", oauthbearer("", "alices"), "alice"),
        ("OAUTHBEARER", oauthbearer("bob", "any"), "bob"),
        ("XOAUTH2", xoauth2("alice", "alices"), "alice"),
        ("XOAUTH2", xoauth2("bob", "any"), "bob"),
    ] {
        let (_, mut reply) = exchange(&layer, &protected(), mechanism, Some(&message), script([])).await;
        assert_eq!(reply.to_string(), SUCCESS);
        let identity = reply.take_effects().identity.unwrap();
        assert_eq!((identity.name(), identity.strength()), (name, Strength::Encrypted));
        let (_, reply) = exchange(&layer, &protected(), mechanism, None, script([&message])).await;
        assert_eq!(reply.to_string(), SUCCESS);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_hears_where_to_get_a_better_token() {
    let layer = AuthLayer::new(Tokens)
        .token_scope("mail")
        .openid_configuration("https://op.example/.well-known/openid-configuration");
    let hints = r#""schemes":"bearer","scope":"mail","openid-configuration":"https://op.example/.well-known/openid-configuration"}"#;
    for (mechanism, message, status, seconds) in [
        ("OAUTHBEARER", oauthbearer("alice", "bad"), "invalid_token", 1),
        // Without a name, a token that tells none is nobody's.
        ("OAUTHBEARER", oauthbearer("", "any"), "invalid_token", 2),
        ("XOAUTH2", xoauth2("alice", "bad"), "401", 4),
    ] {
        let start = Instant::now();
        let (challenges, reply) =
            exchange(&layer, &protected(), mechanism, Some(&message), script([b"\x01"])).await;
        let expected = format!(r#"{{"status":"{status}",{hints}"#);
        assert_eq!(String::from_utf8_lossy(&challenges[0]), expected);
        assert_eq!((reply.to_string().as_str(), challenges.len()), (FAILURE, 1));
        assert_eq!(start.elapsed().as_secs(), seconds, "slow before the hint");
    }
}

#[tokio::test(start_paused = true)]
async fn whose_token_is_another_s_is_refused() {
    let layer = AuthLayer::new(Tokens);
    for (mechanism, message) in
        [("OAUTHBEARER", oauthbearer("bob", "alices")), ("XOAUTH2", xoauth2("bob", "alices"))]
    {
        let (_, reply) = exchange(&layer, &protected(), mechanism, Some(&message), script([b"\x01"])).await;
        assert_eq!(reply.to_string(), FAILURE);
        assert!(reply.effects().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn malformed_messages_and_a_store_that_is_down() {
    let layer = AuthLayer::new(Tokens);
    for (message, expected) in [
        (b"n,,\x01\x01".to_vec(), FAILURE),
        (oauthbearer("alice", "down"), "454 4.7.0 temporary authentication failure"),
    ] {
        let (challenges, reply) =
            exchange(&layer, &protected(), "OAUTHBEARER", Some(&message), script([])).await;
        assert_eq!((challenges.len(), reply.to_string().as_str()), (0, expected));
    }
    let (_, reply) = exchange(&layer, &facts(), "XOAUTH2", Some(b"x"), script([])).await;
    assert_eq!(reply.code(), 538);
}
