//! The exchanges of RFC 2831 section 4, and what becomes of them when a bit is wrong.

use crate::mechanism::Mechanism;
use crate::sasl::{Exchange, Found, Lookup, NonceSource, PresentedSecret, Proof, Step, Surroundings};

const RESPONSE: &str = r#"charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth"#;
const RESPONSE_AUTH: &str = "rspauth=ea40f60335c427b5527b84dbabcdfffd";

fn challenged(service: &'static str, nonce: fn() -> String) -> Exchange {
    let surroundings = Surroundings {
        nonce: NonceSource(nonce),
        server_name: "elwood.innosoft.com".to_owned(),
        service,
        ..Surroundings::default()
    };
    let mut exchange = Exchange::start(Mechanism::DIGEST_MD5.definition(), surroundings).unwrap();
    let Step::Challenge(challenge) = exchange.step(None) else { panic!() };
    let expected = format!(
        r#"realm="elwood.innosoft.com",nonce="{}",qop="auth",charset=utf-8,algorithm=md5-sess"#,
        nonce()
    );
    assert_eq!(String::from_utf8(challenge).unwrap(), expected);
    exchange
}

fn respond(mut exchange: Exchange, response: &[u8], secret: &[u8], genuine: bool) -> Step {
    match exchange.step(Some(response)) {
        Step::Needs(Lookup::Secret(_)) => {
            let secret = smtp_core::Secret::new(secret.to_vec());
            exchange.present(Found::Secret(PresentedSecret { secret, genuine }));
            exchange.step(Some(response))
        }
        step => step,
    }
}

fn imap() -> Exchange {
    challenged("imap", || "OA6MG9tEQGm2hh".to_owned())
}

fn assert_success(step: Step, response_auth: &str) {
    let Step::Done { last: Some(last), claim: Some(claim) } = step else { panic!("{step:?}") };
    assert_eq!(String::from_utf8(last).unwrap(), response_auth);
    assert_eq!((claim.name.as_deref(), claim.acts_for), (Some("chris"), None));
    assert!(matches!(claim.proof, Proof::Shown));
}

#[test]
fn the_exchanges_of_the_rfc_succeed() {
    assert_success(respond(imap(), RESPONSE.as_bytes(), b"secret", true), RESPONSE_AUTH);
    let response = r#"username="chris",realm="elwood.innosoft.com",nonce="OA9BSXrbuRhWay",nc=00000001,cnonce="OA9BSuZWMSpW8m",digest-uri="acap/elwood.innosoft.com",response=6084c6db3fede7352c551284490fd0fc,qop=auth"#;
    let acap = challenged("acap", || "OA9BSXrbuRhWay".to_owned());
    let step = respond(acap, response.as_bytes(), b"secret", true);
    assert_success(step, "rspauth=2f0b3d7c3c2e486600ef710726aa2eae");
}

#[test]
fn an_authorization_identity_is_digested_too() {
    // The digest is another one then, so the one of the RFC does not prove it.
    let response = format!("{RESPONSE},authzid=\"root\"");
    let step = respond(imap(), response.as_bytes(), b"secret", true);
    assert!(matches!(step, Step::Done { last: None, claim: None }), "{step:?}");
    let response = format!("{RESPONSE},authzid=\"\"");
    assert_success(respond(imap(), response.as_bytes(), b"secret", true), RESPONSE_AUTH);
}

#[test]
fn a_decoy_never_succeeds() {
    let step = respond(imap(), RESPONSE.as_bytes(), b"secret", false);
    assert!(matches!(step, Step::Done { last: None, claim: None }), "{step:?}");
}

#[test]
fn no_response_with_a_flipped_bit_succeeds() {
    for bit in 0..RESPONSE.len() * 8 {
        let mut response = RESPONSE.as_bytes().to_vec();
        response[bit / 8] ^= 1 << (bit % 8);
        let step = respond(imap(), &response, b"secret", true);
        if let Step::Done { claim: Some(claim), .. } = step {
            // Names of directives and digits have no case, and two directives may be left out.
            let text = String::from_utf8(response).unwrap();
            let left_out = ["qop=auth", "charset=utf-8"].iter().any(|directive| !text.contains(directive));
            let same = text.eq_ignore_ascii_case(RESPONSE) || left_out;
            assert!(same && claim.name.as_deref() == Some("chris"), "bit {bit}: {text}");
        }
    }
}

#[test]
fn no_secret_with_a_flipped_bit_succeeds() {
    for bit in 0.."secret".len() * 8 {
        let mut secret = b"secret".to_vec();
        secret[bit / 8] ^= 1 << (bit % 8);
        let step = respond(imap(), RESPONSE.as_bytes(), &secret, true);
        assert!(matches!(step, Step::Done { last: None, claim: None }), "bit {bit}: {step:?}");
    }
}

#[test]
fn a_response_for_another_service_is_none() {
    let smtp = challenged("smtp", || "OA6MG9tEQGm2hh".to_owned());
    assert!(matches!(respond(smtp, RESPONSE.as_bytes(), b"secret", true), Step::Broken));
}
