//! The exchange of RFC 7677 section 3, and what becomes of it when a bit is wrong.

use crate::mechanism::Mechanism;
use crate::sasl::{Exchange, NonceSource, Proof, Step};
use crate::scram::{PresentedKeys, ScramHash, ScramKeys};

const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
    p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

const KEYS: &str = "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,\
    WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

fn start() -> Exchange {
    let nonce = NonceSource(|| "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned());
    Exchange::start(Mechanism::SCRAM_SHA_256.definition(), nonce).unwrap()
}

/// The exchange behind its first step.
fn challenged(genuine: bool) -> Exchange {
    let mut exchange = start();
    let Step::NeedsKeys(name) = exchange.step(Some(CLIENT_FIRST.as_bytes())) else { panic!() };
    assert_eq!(name, "user");
    exchange.present(PresentedKeys { keys: ScramKeys::decode(KEYS).unwrap(), genuine });
    let Step::Challenge(challenge) = exchange.step(Some(CLIENT_FIRST.as_bytes())) else { panic!() };
    assert_eq!(String::from_utf8(challenge).unwrap(), SERVER_FIRST);
    exchange
}

#[test]
fn the_exchange_of_the_rfc_succeeds() {
    let mut exchange = challenged(true);
    let Step::Done { last: Some(last), claim: Some(claim) } = exchange.step(Some(CLIENT_FINAL.as_bytes()))
    else {
        panic!()
    };
    assert_eq!(String::from_utf8(last).unwrap(), SERVER_FINAL);
    assert_eq!((claim.name.as_str(), claim.acts_for), ("user", None));
    assert!(matches!(claim.proof, Proof::Shown));
    // Over is over.
    assert!(matches!(exchange.step(Some(CLIENT_FINAL.as_bytes())), Step::Broken));
}

#[test]
fn a_decoy_never_succeeds() {
    let step = challenged(false).step(Some(CLIENT_FINAL.as_bytes()));
    assert!(matches!(step, Step::Done { last: Some(last), claim: None } if last == b"e=invalid-proof"));
}

#[test]
fn no_final_message_with_a_flipped_bit_succeeds() {
    for bit in 0..CLIENT_FINAL.len() * 8 {
        let mut message = CLIENT_FINAL.as_bytes().to_vec();
        message[bit / 8] ^= 1 << (bit % 8);
        match challenged(true).step(Some(&message)) {
            Step::Broken => {}
            Step::Done { last: Some(last), claim: None } => assert_eq!(last, b"e=invalid-proof"),
            step => panic!("bit {bit}: {step:?}"),
        }
    }
}

#[test]
fn no_first_message_with_a_flipped_bit_succeeds() {
    for bit in 0..CLIENT_FIRST.len() * 8 {
        let mut message = CLIENT_FIRST.as_bytes().to_vec();
        message[bit / 8] ^= 1 << (bit % 8);
        let mut exchange = start();
        match exchange.step(Some(&message)) {
            Step::NeedsKeys(_) => {
                exchange.present(PresentedKeys { keys: ScramKeys::decode(KEYS).unwrap(), genuine: true });
                assert!(matches!(exchange.step(Some(&message)), Step::Challenge(_)), "bit {bit}");
                let step = exchange.step(Some(CLIENT_FINAL.as_bytes()));
                assert!(matches!(step, Step::Broken | Step::Done { claim: None, .. }), "bit {bit}: {step:?}");
            }
            step => assert!(matches!(step, Step::Broken), "bit {bit}: {step:?}"),
        }
    }
}

#[test]
fn no_key_with_a_flipped_bit_succeeds() {
    for bit in 0..ScramHash::Sha256.octets() * 8 {
        let good = ScramKeys::decode(KEYS).unwrap();
        let mut stored = good.stored_key().to_vec();
        stored[bit / 8] ^= 1 << (bit % 8);
        let keys = ScramKeys::new(
            ScramHash::Sha256,
            4096,
            good.salt().to_vec(),
            smtp_core::Secret::new(stored),
            smtp_core::Secret::new(good.server_key().to_vec()),
        );
        let mut exchange = start();
        exchange.step(Some(CLIENT_FIRST.as_bytes()));
        exchange.present(PresentedKeys { keys: keys.unwrap(), genuine: true });
        exchange.step(Some(CLIENT_FIRST.as_bytes()));
        let step = exchange.step(Some(CLIENT_FINAL.as_bytes()));
        assert!(matches!(step, Step::Done { claim: None, .. }), "bit {bit}: {step:?}");
    }
}

#[test]
fn the_default_nonce_is_long_printable_and_new() {
    let NonceSource(nonce) = NonceSource::default();
    let (one, other) = (nonce(), nonce());
    assert_ne!(one, other);
    assert!(one.len() >= 24 && one.bytes().all(|byte| byte.is_ascii_graphic() && byte != b','));
}
