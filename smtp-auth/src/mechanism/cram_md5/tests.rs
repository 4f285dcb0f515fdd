//! The exchange of RFC 2195 section 2, and what becomes of it when a bit is wrong.

use crate::mechanism::Mechanism;
use crate::sasl::{Exchange, Found, Lookup, NonceSource, PresentedSecret, Proof, Step, Surroundings};

const CHALLENGE: &str = "<1896.697170952@postoffice.reston.mci.net>";
const RESPONSE: &str = "tim b913a602c7eda7a495b4e6e7334d3890";

fn challenged() -> Exchange {
    let surroundings = Surroundings {
        nonce: NonceSource(|| "1896.697170952".to_owned()),
        server_name: "postoffice.reston.mci.net".to_owned(),
        ..Surroundings::default()
    };
    let mut exchange = Exchange::start(Mechanism::CRAM_MD5.definition(), surroundings).unwrap();
    let Step::Challenge(challenge) = exchange.step(None) else { panic!() };
    assert_eq!(String::from_utf8(challenge).unwrap(), CHALLENGE);
    exchange
}

fn respond(response: &[u8], secret: &[u8], genuine: bool) -> Step {
    let mut exchange = challenged();
    match exchange.step(Some(response)) {
        Step::Needs(Lookup::Secret(_)) => {
            let secret = smtp_core::Secret::new(secret.to_vec());
            exchange.present(Found::Secret(PresentedSecret { secret, genuine }));
            exchange.step(Some(response))
        }
        step => step,
    }
}

#[test]
fn the_exchange_of_the_rfc_succeeds() {
    let Step::Needs(Lookup::Secret(name)) = challenged().step(Some(RESPONSE.as_bytes())) else { panic!() };
    assert_eq!(name, "tim");
    let Step::Done { last: None, claim: Some(claim) } =
        respond(RESPONSE.as_bytes(), b"tanstaaftanstaaf", true)
    else {
        panic!()
    };
    assert_eq!((claim.name.as_deref(), claim.acts_for), (Some("tim"), None));
    assert!(matches!(claim.proof, Proof::Shown));
}

#[test]
fn a_decoy_never_succeeds() {
    let step = respond(RESPONSE.as_bytes(), b"tanstaaftanstaaf", false);
    assert!(matches!(step, Step::Done { last: None, claim: None }), "{step:?}");
}

#[test]
fn no_response_with_a_flipped_bit_succeeds() {
    for bit in (0..RESPONSE.len() * 8).filter(|bit| bit / 8 >= "tim".len()) {
        let mut response = RESPONSE.as_bytes().to_vec();
        response[bit / 8] ^= 1 << (bit % 8);
        // A digit may be of either case.
        if response.eq_ignore_ascii_case(RESPONSE.as_bytes()) {
            continue;
        }
        let step = respond(&response, b"tanstaaftanstaaf", true);
        assert!(matches!(step, Step::Broken | Step::Done { claim: None, .. }), "bit {bit}: {step:?}");
    }
}

#[test]
fn no_secret_with_a_flipped_bit_succeeds() {
    for bit in 0.."tanstaaftanstaaf".len() * 8 {
        let mut secret = b"tanstaaftanstaaf".to_vec();
        secret[bit / 8] ^= 1 << (bit % 8);
        let step = respond(RESPONSE.as_bytes(), &secret, true);
        assert!(matches!(step, Step::Done { claim: None, .. }), "bit {bit}: {step:?}");
    }
}

#[test]
fn malformed_responses_break_the_exchange() {
    for response in ["", " ", "tim", "tim b913", "tim ", &RESPONSE[3..], &format!("{RESPONSE}00")] {
        let step = challenged().step(Some(response.as_bytes()));
        assert!(matches!(step, Step::Broken), "{response}: {step:?}");
    }
}

#[test]
fn a_name_may_hold_spaces() {
    let response = format!("tim the {RESPONSE}");
    let step = challenged().step(Some(response.as_bytes()));
    assert!(matches!(step, Step::Needs(Lookup::Secret(name)) if name == "tim the tim"));
}
