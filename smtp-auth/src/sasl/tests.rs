//! Whatever a client sends, no mechanism panics, and only who knows the password gets anywhere.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::mechanism::Mechanism;
use crate::scram::{PresentedKeys, ScramKeys};

/// Messages from which the others are bred.
const SEEDS: &[&[u8]] = &[
    b"",
    b"user",
    b"\0user\0pencil",
    b"other\0user\0pencil",
    b"n,,n=user,r=abc",
    b"y,a=o=2Cther,n=u=3Dser,r=abc,x=ext",
    b"p=tls-exporter,,n=user,r=abc",
    b"c=biws,r=abcXYZ,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    b"c=eSws,r=abcXYZ,x=ext,p=AAAA",
    b"c=cD10bHMtZXhwb3J0ZXIsLOK9,r=abcXYZ,p=AAAA",
    b"user b913a602c7eda7a495b4e6e7334d3890",
    br#"charset=utf-8,username="user",realm="h",nonce="XYZ",nc=00000001,cnonce="c",digest-uri="smtp/h",response=d388dad90d4bbd760a152321f2143af7,qop=auth,authzid="""#,
    b"n,a=user@example.com,\x01host=h\x01port=587\x01auth=Bearer vF9dft4q==\x01\x01",
    b"user=someuser@example.com\x01auth=Bearer ya29.vF9d\x01\x01",
    "n,,n=\u{627}\u{ad}\u{2168},r=abc".as_bytes(),
];

/// One change of a message.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, u8),
    Delete(Index),
    Replace(Index, u8),
    Cut(Index),
    Repeat(Index, Index),
}

fn octet() -> impl Strategy<Value = u8> {
    prop_oneof![prop::sample::select(b",=aemnrcpyspvi\0\x01\"\\\xff\xc3 ".as_slice()), any::<u8>()]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), octet()).prop_map(|(at, octet)| Change::Insert(at, octet)),
        any::<Index>().prop_map(Change::Delete),
        (any::<Index>(), octet()).prop_map(|(at, octet)| Change::Replace(at, octet)),
        any::<Index>().prop_map(Change::Cut),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Repeat(from, to)),
    ]
}

fn apply(mut message: Vec<u8>, change: &Change) -> Vec<u8> {
    let length = message.len();
    match change {
        Change::Insert(at, octet) => message.insert(at.index(length + 1), *octet),
        Change::Delete(at) if length > 0 => drop(message.remove(at.index(length))),
        Change::Replace(at, octet) if length > 0 => message[at.index(length)] = *octet,
        Change::Cut(at) => message.truncate(at.index(length + 1)),
        Change::Repeat(from, to) => {
            let (from, to) = (from.index(length + 1), to.index(length + 1));
            message.extend_from_within(from.min(to)..from.max(to));
        }
        Change::Delete(_) | Change::Replace(..) => {}
    }
    message
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let bred = (prop::sample::select(SEEDS), prop::collection::vec(change(), 0..4))
        .prop_map(|(seed, changes)| changes.iter().fold(seed.to_vec(), apply));
    prop_oneof![4 => bred, 1 => prop::collection::vec(any::<u8>(), 0..64)]
}

fn surroundings() -> Surroundings {
    let mut tls = smtp_core::TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
    let data = vec![0xe2, 0xbd].into();
    tls.channel_bindings.push(smtp_core::ChannelBinding { name: "tls-exporter", data });
    Surroundings {
        nonce: NonceSource(|| "XYZ".to_owned()),
        server_name: "h".to_owned(),
        tls: Some(Arc::new(tls)),
        ..Surroundings::default()
    }
}

/// What would make a proof count, if somebody had one.
fn found(lookup: &Lookup, mechanism: Mechanism) -> Found {
    match (lookup, mechanism.scram_hash()) {
        (Lookup::Keys(_), Some(hash)) => {
            let keys = ScramKeys::derive(hash, &"pencil".into(), 1, b"salt").unwrap();
            Found::Keys(PresentedKeys { keys, genuine: true })
        }
        _ => Found::Secret(PresentedSecret { secret: "pencil".into(), genuine: true }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12_000, ..ProptestConfig::default() })]

    #[test]
    fn no_input_panics(
        mechanism in prop::sample::select(Mechanism::ALL),
        messages in prop::collection::vec(prop::option::weighted(0.9, message()), 1..5),
        present in any::<bool>(),
    ) {
        let mut exchange = Exchange::start(mechanism.definition(), surroundings()).unwrap();
        // Goes on after the end, which the layer never does.
        for message in &messages {
            let mut step = exchange.unguarded_step(message.as_deref());
            if let Step::Needs(lookup) = &step && present {
                exchange.present(found(lookup, mechanism));
                step = exchange.unguarded_step(message.as_deref());
                let went_on = matches!(step, Step::Challenge(_) | Step::Done { claim: None, .. });
                prop_assert!(went_on, "nobody here can compute a proof");
            }
            if let Step::Done { claim: Some(claim), .. } = step {
                prop_assert!(!matches!(claim.proof, Proof::Shown), "nobody here can compute a proof");
                prop_assert!(claim.name.is_none_or(|name| !name.is_empty()));
            }
        }
    }
}
