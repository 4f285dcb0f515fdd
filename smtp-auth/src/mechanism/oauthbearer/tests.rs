//! Messages of RFC 7628 section 4.

use crate::mechanism::Mechanism;
use crate::sasl::{Claim, Exchange, Proof, Step, Surroundings};

fn claim(message: &[u8]) -> Option<Claim> {
    let mut exchange = Exchange::start(Mechanism::OAUTHBEARER.definition(), Surroundings::default()).unwrap();
    match exchange.step(Some(message)) {
        Step::Done { last: None, claim } => claim,
        Step::Broken => None,
        step => panic!("{step:?}"),
    }
}

#[test]
fn the_message_of_the_rfc_is_read() {
    let message = b"n,a=user@example.com,\x01host=server.example.com\x01port=587\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
    let claim = claim(message).unwrap();
    assert_eq!((claim.name, claim.acts_for.as_deref()), (None, Some("user@example.com")));
    let Proof::Token(token) = claim.proof else { panic!() };
    assert_eq!(token.expose_str(), Some("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="));
}

#[test]
fn the_token_may_say_who_it_is() {
    let claim = claim(b"y,,\x01auth=Bearer abc\x01\x01").unwrap();
    assert_eq!((claim.name, claim.acts_for), (None, None));
}

#[test]
fn malformed_messages_claim_nothing() {
    for message in [
        "",
        "n,,",
        "\x01",
        "n,,\x01\x01",
        "n,,\x01auth=Bearer abc\x01",
        "n,,\x01auth=abc\x01\x01",
        "n,,\x01auth=Basic abc\x01\x01",
        "n,,\x01auth=Bearer abc\x01auth=Bearer abc\x01\x01",
        "n,,auth=Bearer abc\x01\x01",
        "p=tls-exporter,,\x01auth=Bearer abc\x01\x01",
        "n,a=\x07,\x01auth=Bearer abc\x01\x01",
        "n,b=x,\x01auth=Bearer abc\x01\x01",
    ] {
        assert!(claim(message.as_bytes()).is_none(), "{message:?}");
    }
}
