//! The exchanges of the RFCs, and what becomes of them when a bit is wrong.

use std::sync::Arc;

use smtp_core::{ChannelBinding, Secret, TlsInfo};

use crate::mechanism::Mechanism;
use crate::sasl::{Exchange, Found, Lookup, NonceSource, Proof, Step, Surroundings};
use crate::scram::{PresentedKeys, ScramHash, ScramKeys};

/// One exchange, word by word. The password is `pencil`, the user `user`.
struct Vector {
    mechanism: Mechanism,
    surroundings: fn() -> Surroundings,
    /// The text form of the keys, as `gsasl --mkpasswd` writes it.
    keys: &'static str,
    client_first: &'static str,
    server_first: &'static str,
    client_final: &'static str,
    server_final: &'static str,
}

/// RFC 5802 section 5.
const SHA_1: Vector = Vector {
    mechanism: Mechanism::SCRAM_SHA_1,
    surroundings: || with_nonce(|| "3rfcNHYJY1ZVvWVs7j".to_owned()),
    keys: "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=",
    client_first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    server_first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    client_final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    server_final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
};

/// RFC 7677 section 3.
const SHA_256: Vector = Vector {
    mechanism: Mechanism::SCRAM_SHA_256,
    surroundings: || with_nonce(|| "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned()),
    keys: "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,\
        WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    client_first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

fn with_nonce(nonce: fn() -> String) -> Surroundings {
    Surroundings { nonce: NonceSource(nonce), ..Surroundings::default() }
}

fn bound() -> Surroundings {
    let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
    let data = b"channel data"[..].to_vec().into();
    tls.channel_bindings.push(ChannelBinding { name: "tls-exporter", data });
    Surroundings { tls: Some(Arc::new(tls)), binding_offered: true, ..with_nonce(|| "server".to_owned()) }
}

impl Vector {
    fn start(&self) -> Exchange {
        Exchange::start(self.mechanism.definition(), (self.surroundings)()).unwrap()
    }

    fn keys(&self, genuine: bool) -> Found {
        Found::Keys(PresentedKeys { keys: ScramKeys::decode(self.keys).unwrap(), genuine })
    }

    /// The exchange behind its first step.
    fn challenged(&self, keys: Found) -> Exchange {
        let mut exchange = self.start();
        let Step::Needs(lookup) = exchange.step(Some(self.client_first.as_bytes())) else { panic!() };
        assert_eq!(lookup, Lookup::Keys("user".to_owned()));
        exchange.present(keys);
        let Step::Challenge(challenge) = exchange.step(Some(self.client_first.as_bytes())) else { panic!() };
        assert_eq!(String::from_utf8(challenge).unwrap(), self.server_first);
        exchange
    }

    fn succeeds(&self) {
        let mut exchange = self.challenged(self.keys(true));
        let Step::Done { last: Some(last), claim: Some(claim) } =
            exchange.step(Some(self.client_final.as_bytes()))
        else {
            panic!()
        };
        assert_eq!(String::from_utf8(last).unwrap(), self.server_final);
        assert_eq!((claim.name.as_deref(), claim.acts_for), (Some("user"), None));
        assert!(matches!(claim.proof, Proof::Shown));
        // Over is over.
        assert!(matches!(exchange.step(Some(self.client_final.as_bytes())), Step::Broken));
    }

    fn fails_when_a_bit_of_the_final_message_is_wrong(&self) {
        for bit in 0..self.client_final.len() * 8 {
            let mut message = self.client_final.as_bytes().to_vec();
            message[bit / 8] ^= 1 << (bit % 8);
            match self.challenged(self.keys(true)).step(Some(&message)) {
                Step::Broken => {}
                Step::Done { last: Some(last), claim: None } => assert_eq!(last, b"e=invalid-proof"),
                step => panic!("bit {bit}: {step:?}"),
            }
        }
    }

    fn fails_when_a_bit_of_the_first_message_is_wrong(&self) {
        for bit in 0..self.client_first.len() * 8 {
            let mut message = self.client_first.as_bytes().to_vec();
            message[bit / 8] ^= 1 << (bit % 8);
            let mut exchange = self.start();
            match exchange.step(Some(&message)) {
                Step::Needs(_) => {
                    exchange.present(self.keys(true));
                    assert!(matches!(exchange.step(Some(&message)), Step::Challenge(_)), "bit {bit}");
                    let step = exchange.step(Some(self.client_final.as_bytes()));
                    let failed = matches!(step, Step::Broken | Step::Done { claim: None, .. });
                    assert!(failed, "bit {bit}: {step:?}");
                }
                step => assert!(matches!(step, Step::Broken), "bit {bit}: {step:?}"),
            }
        }
    }

    fn fails_when_a_bit_of_the_key_is_wrong(&self) {
        let good = ScramKeys::decode(self.keys).unwrap();
        for bit in 0..good.hash().octets() * 8 {
            let mut stored = good.stored_key().to_vec();
            stored[bit / 8] ^= 1 << (bit % 8);
            let keys = ScramKeys::new(
                good.hash(),
                4096,
                good.salt().to_vec(),
                Secret::new(stored),
                Secret::new(good.server_key().to_vec()),
            );
            let keys = Found::Keys(PresentedKeys { keys: keys.unwrap(), genuine: true });
            let step = self.challenged(keys).step(Some(self.client_final.as_bytes()));
            assert!(matches!(step, Step::Done { claim: None, .. }), "bit {bit}: {step:?}");
        }
    }
}

#[test]
fn the_exchanges_of_the_rfcs_succeed() {
    for vector in [SHA_1, SHA_256] {
        vector.succeeds();
    }
}

#[test]
fn a_decoy_never_succeeds() {
    for vector in [SHA_1, SHA_256] {
        let step = vector.challenged(vector.keys(false)).step(Some(vector.client_final.as_bytes()));
        assert!(matches!(step, Step::Done { last: Some(last), claim: None } if last == b"e=invalid-proof"));
    }
}

#[test]
fn every_bit_counts() {
    for vector in [SHA_1, SHA_256] {
        vector.fails_when_a_bit_of_the_first_message_is_wrong();
        vector.fails_when_a_bit_of_the_final_message_is_wrong();
        vector.fails_when_a_bit_of_the_key_is_wrong();
    }
}

/// What the server makes of a first message.
fn first(mechanism: Mechanism, surroundings: Surroundings, message: &str) -> Step {
    let mut exchange = Exchange::start(mechanism.definition(), surroundings).unwrap();
    exchange.step(Some(message.as_bytes()))
}

#[test]
fn the_flag_has_to_fit_the_mechanism_and_the_offer() {
    let (plus, plain) = (Mechanism::SCRAM_SHA_256_PLUS, Mechanism::SCRAM_SHA_256);
    let unbound = || Surroundings { binding_offered: false, ..bound() };
    let bare = "n=user,r=client";
    let table = [
        (plus, bound(), "p=tls-exporter,,", true),
        (plus, bound(), "p=tls-unique,,", false),
        (plus, bound(), "n,,", false),
        (plus, bound(), "y,,", false),
        (plain, bound(), "p=tls-exporter,,", false),
        (plain, bound(), "n,,", true),
        // Somebody hid the -PLUS mechanisms from a client that knows them.
        (plain, bound(), "y,,", false),
        (plain, unbound(), "y,,", true),
        (plus, Surroundings::default(), "p=tls-exporter,,", false),
    ];
    for (mechanism, surroundings, header, goes_on) in table {
        let step = first(mechanism, surroundings, &format!("{header}{bare}"));
        assert_eq!(matches!(step, Step::Needs(_)), goes_on, "{mechanism} {header}: {step:?}");
        assert!(goes_on || matches!(step, Step::Broken));
    }
}

#[test]
fn the_final_message_repeats_the_binding() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;

    let client_first = "p=tls-exporter,,n=user,r=client";
    let finish = |binding: &[u8]| {
        let mechanism = Mechanism::SCRAM_SHA_512_PLUS;
        let mut exchange = Exchange::start(mechanism.definition(), bound()).unwrap();
        assert!(matches!(exchange.step(Some(client_first.as_bytes())), Step::Needs(_)));
        let keys = ScramKeys::derive(ScramHash::Sha512, &"pencil".into(), 1, b"salt").unwrap();
        exchange.present(Found::Keys(PresentedKeys { keys, genuine: true }));
        assert!(matches!(exchange.step(Some(client_first.as_bytes())), Step::Challenge(_)));
        let last = format!("c={},r=clientserver,p=AAAA", BASE64.encode(binding));
        exchange.step(Some(last.as_bytes()))
    };
    // The proof is wrong in all of them; the binding is looked at first.
    assert!(matches!(finish(b"p=tls-exporter,,channel data"), Step::Done { claim: None, .. }));
    for binding in ["p=tls-exporter,,channel datb", "p=tls-exporter,,", "n,,", "n,,channel data"] {
        assert!(matches!(finish(binding.as_bytes()), Step::Broken), "{binding}");
    }
}

#[test]
fn the_default_nonce_is_long_printable_and_new() {
    let NonceSource(nonce) = NonceSource::default();
    let (one, other) = (nonce(), nonce());
    assert_ne!(one, other);
    assert!(one.len() >= 24 && one.bytes().all(|byte| byte.is_ascii_graphic() && byte != b','));
}
