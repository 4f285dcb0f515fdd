//! The message of Google's description of the protocol.

use crate::mechanism::Mechanism;
use crate::sasl::{Claim, Exchange, Proof, Step, Surroundings};

fn claim(message: &[u8]) -> Option<Claim> {
    let mut exchange = Exchange::start(Mechanism::XOAUTH2.definition(), Surroundings::default()).unwrap();
    match exchange.step(Some(message)) {
        Step::Done { last: None, claim } => claim,
        Step::Broken => None,
        step => panic!("{step:?}"),
    }
}

#[test]
fn the_message_is_read() {
    let message =
        b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01";
    let claim = claim(message).unwrap();
    assert_eq!((claim.name, claim.acts_for.as_deref()), (None, Some("someuser@example.com")));
    let Proof::Token(token) = claim.proof else { panic!() };
    assert_eq!(token.expose_str(), Some("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"));
}

#[test]
fn malformed_messages_claim_nothing() {
    for message in [
        "",
        "user=a",
        "user=a\x01\x01",
        "user=\x01auth=Bearer abc\x01\x01",
        "auth=Bearer abc\x01\x01",
        "user=a\x01auth=Bearer abc\x01",
        "user=a\x01auth=Bearer\x01\x01",
        "user=\x07\x01auth=Bearer abc\x01\x01",
        "user=a\x01auth=Bearer abc\x01auth=Bearer abc\x01\x01",
    ] {
        assert!(claim(message.as_bytes()).is_none(), "{message:?}");
    }
}
