//! What the mechanisms say, and that no server makes one of them panic.

use std::sync::Arc;

use proptest::prelude::*;
use smtp_core::TlsInfo;
use smtp_core::client::{AuthExchange, AuthOffer, Destination};

use crate::Mechanism;
use crate::client::Credentials;
use crate::client::choice::choose;

fn begin(mechanism: Mechanism, credentials: &Credentials) -> Box<dyn AuthExchange> {
    let tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
    let offer = AuthOffer::new(Destination::new("mx.example", 587), vec![mechanism.name().to_owned()]);
    let offer = offer.tls(Arc::new(tls));
    choose(credentials, &offer).unwrap().begin(credentials, &offer).unwrap()
}

fn token() -> Credentials {
    Credentials::token("joe,x@example.net", "to.k-e_n==")
}

fn initial(exchange: &mut dyn AuthExchange) -> Option<String> {
    let response = exchange.initial_response().unwrap()?;
    Some(response.expose_str().unwrap().replace('\0', "|").replace('\x01', "^"))
}

#[test]
fn the_first_message() {
    let joe = || Credentials::password("joe", "secret");
    for (mechanism, credentials, expected) in [
        (Mechanism::PLAIN, joe(), Some("|joe|secret")),
        (Mechanism::PLAIN, joe().acts_for("jane"), Some("jane|joe|secret")),
        (Mechanism::LOGIN, joe(), None),
        (Mechanism::CRAM_MD5, joe(), None),
        (Mechanism::XOAUTH2, token(), Some("user=joe,x@example.net^auth=Bearer to.k-e_n==^^")),
        (
            Mechanism::OAUTHBEARER,
            token(),
            Some("n,a=joe=2Cx@example.net,^host=mx.example^port=587^auth=Bearer to.k-e_n==^^"),
        ),
        (Mechanism::EXTERNAL, Credentials::certificate(), Some("")),
        (Mechanism::EXTERNAL, Credentials::certificate().acts_for("jane"), Some("jane")),
    ] {
        assert_eq!(initial(&mut *begin(mechanism, &credentials)).as_deref(), expected, "{mechanism}");
    }
}

#[tokio::test]
async fn cram_md5_answers_as_rfc_2195_has_it() {
    let mut exchange = begin(Mechanism::CRAM_MD5, &Credentials::password("tim", "tanstaaftanstaaf"));
    assert!(exchange.finish().is_err());
    let answer = exchange.respond(b"<1896.697170952@postoffice.reston.mci.net>").await.unwrap();
    assert_eq!(answer.expose(), b"tim b913a602c7eda7a495b4e6e7334d3890");
    exchange.finish().unwrap();
    assert!(exchange.respond(b"<another>").await.is_err());
}

#[tokio::test]
async fn login_says_the_name_and_the_password_whatever_it_is_asked() {
    let mut exchange = begin(Mechanism::LOGIN, &Credentials::password("joe", "secret"));
    assert_eq!(exchange.respond(b"User Name\0").await.unwrap().expose(), b"joe");
    assert!(exchange.finish().is_err());
    assert_eq!(exchange.respond(b"").await.unwrap().expose(), b"secret");
    exchange.finish().unwrap();
    assert!(exchange.respond(b"Password:").await.is_err());
}

#[tokio::test]
async fn a_refused_token_is_taken_leave_of() {
    for (mechanism, farewell) in [(Mechanism::XOAUTH2, &b""[..]), (Mechanism::OAUTHBEARER, b"\x01")] {
        let mut exchange = begin(mechanism, &token());
        initial(&mut *exchange);
        assert_eq!(exchange.respond(br#"{"status":"401"}"#).await.unwrap().expose(), farewell);
        assert!(exchange.finish().is_err());
        assert!(exchange.respond(b"{}").await.is_err());
    }
}

#[test]
fn what_cannot_be_sent_is_not_sent() {
    let offer = |mechanism: &str| {
        let offer = AuthOffer::new(Destination::new("mx", 25), vec![mechanism.to_owned()]);
        offer.tls(Arc::new(TlsInfo::new("TLSv1.3", "x", 256)))
    };
    for (mechanism, credentials) in [
        ("PLAIN", Credentials::password("", "secret")),
        ("PLAIN", Credentials::password("joe\0", "secret")),
        ("PLAIN", Credentials::password("joe", "sec\0ret")),
        ("PLAIN", Credentials::password("joe", "secret").acts_for("a\0")),
        ("XOAUTH2", Credentials::token("joe\x01", "token")),
        ("XOAUTH2", Credentials::token("joe", "to\x01ken")),
        ("OAUTHBEARER", Credentials::token("joe", "to ken")),
    ] {
        let begun = choose(&credentials, &offer(mechanism))
            .map_err(Into::into)
            .and_then(|choice| choice.begin(&credentials, &offer(mechanism)));
        assert!(begun.is_err(), "{mechanism} {credentials:?}");
    }
}

/// Messages from which a hostile server's are bred. Iterations stay few, so that the test is fast.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let seeds = prop::sample::select(vec![
        &b""[..],
        b"r=,s=AA==,i=4096",
        b"r=x,s=AA==,i=4096,m=1",
        b"m=1,r=x",
        b"v=AAAA",
        b"e=no",
        b"<1@x>",
        b"{\"status\":\"401\"}",
        b"=,=,",
    ]);
    let bred = (seeds, any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(
        |(seed, at, octet, replaces)| {
            let mut message = seed.to_vec();
            let at = at.index(message.len() + 1);
            if replaces && at < message.len() {
                message[at] = octet;
            } else {
                message.insert(at, octet);
            }
            message
        },
    );
    prop_oneof![2 => bred, 1 => prop::collection::vec(any::<u8>(), 0..64)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_server_makes_a_mechanism_panic(
        mechanism in prop::sample::select(vec![
            Mechanism::PLAIN, Mechanism::LOGIN, Mechanism::CRAM_MD5, Mechanism::SCRAM_SHA_1,
            Mechanism::SCRAM_SHA_256, Mechanism::SCRAM_SHA_512, Mechanism::XOAUTH2, Mechanism::OAUTHBEARER,
        ]),
        own_nonce in any::<bool>(),
        messages in prop::collection::vec(message(), 1..4),
    ) {
        let bears = matches!(mechanism.name(), "XOAUTH2" | "OAUTHBEARER");
        let credentials = if bears { token() } else { Credentials::password("joe", "secret") };
        let mut exchange = begin(mechanism, &credentials);
        let first = initial(&mut *exchange).unwrap_or_default();
        let nonce = first.split_once("r=").map(|(_, nonce)| format!("r={nonce}x"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for message in messages {
                let mut message = message;
                if let Some(nonce) = nonce.as_ref().filter(|_| own_nonce)
                    && let Some(rest) = message.strip_prefix(b"r=")
                {
                    message = [nonce.as_bytes(), rest].concat();
                }
                let _ = exchange.respond(&message).await;
            }
            // Nobody here knows the password.
            prop_assert!(exchange.finish().is_err() || mechanism.scram_hash().is_none());
            Ok(())
        })?;
    }
}
