//! Tokens of a key set in a file, signed as nobody honest would.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use smtp_auth::{HttpOptions, JwtStore, OauthError, TokenRules, Verdict};
use tempfile::TempDir;

use crate::hostile::{self, Hostile};
use crate::provider::{alice, show};

/// A key, and the set that it stands in.
struct Keys {
    folder: TempDir,
    key: EncodingKey,
    public: Value,
}

impl Keys {
    fn new() -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let key = EncodingKey::from_ec_der(&pair.serialize_der());
        let mut public =
            serde_json::to_value(Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap()).unwrap();
        public["kid"] = json!("one");
        let keys = Self { folder: tempfile::tempdir().unwrap(), key, public };
        keys.write(&json!({ "keys": [&keys.public] }));
        keys
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    fn write(&self, set: &Value) {
        fs::write(self.path(), set.to_string()).unwrap();
    }

    fn store(&self) -> JwtStore {
        JwtStore::file(self.path(), rules()).build().unwrap()
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).unwrap()
    }

    fn good(&self) -> String {
        self.sign(&header(), &claims())
    }
}

fn rules() -> TokenRules {
    TokenRules::new("email").issuer("https://login.example").audience("smtp.example").scope("mail.send")
}

fn header() -> Header {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("one".to_owned());
    header
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn claims() -> Value {
    json!({
        "iss": "https://login.example", "aud": "smtp.example", "scope": "mail.send",
        "email": "alice@example.org", "exp": now() + 600,
    })
}

#[tokio::test]
async fn claims_are_checked() {
    let keys = Keys::new();
    let store = keys.store();
    assert_eq!(show(&store, &keys.good()).await.unwrap(), alice());
    let bad = [
        (
            "exp",
            vec![json!(null), json!(now() - 60), json!(0), json!(-1), json!("x"), json!(now().to_string())],
        ),
        ("nbf", vec![json!(now() + 600), json!("x")]),
        ("iss", vec![json!(null), json!("https://login.example.org"), json!(7)]),
        ("aud", vec![json!(null), json!("imap.example"), json!(["imap.example"]), json!([])]),
        ("scope", vec![json!(null), json!("mail.read"), json!("mail.sender")]),
        ("email", vec![json!(null), json!(""), json!(7), json!("a\u{7}b")]),
        ("email_verified", vec![json!(false)]),
    ];
    for (claim, values) in bad {
        for value in values {
            let mut claims = claims();
            claims[claim] = value;
            assert_eq!(
                show(&store, &keys.sign(&header(), &claims)).await.unwrap(),
                Verdict::Refused,
                "{claims}"
            );
        }
    }
    let good = [
        ("exp", json!(now() - 10)),
        ("exp", json!(now() as f64 + 600.5)),
        ("nbf", json!(now() + 10)),
        ("aud", json!(["imap.example", "smtp.example"])),
        ("scope", json!("mail.read mail.send")),
        ("email_verified", json!(true)),
    ];
    for (claim, value) in good {
        let mut claims = claims();
        claims[claim] = value;
        assert_eq!(show(&store, &keys.sign(&header(), &claims)).await.unwrap(), alice(), "{claims}");
    }
}

#[tokio::test]
async fn nothing_but_the_key_signs() {
    let keys = Keys::new();
    let store = keys.store();
    let good = keys.good();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let claims_part = signed.split_once('.').unwrap().1;
    let encode = |header: Value| BASE64URL.encode(header.to_string());
    let mut tokens = vec![
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        signed.to_owned(),
        format!("{signed}."),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!("{good}="),
        "x".repeat(20_000),
        // No signature, however it is spelt.
        format!("{}.{claims_part}.", encode(json!({"alg": "none"}))),
        format!("{}.{claims_part}.{signature}", encode(json!({"alg": "none", "kid": "one"}))),
        format!("{}.{claims_part}.", encode(json!({"alg": "nOnE"}))),
        format!("{}.{claims_part}.", encode(json!({"kid": "one"}))),
        format!(
            "{}.{claims_part}.{}",
            encode(json!({"alg": "ES256", "kid": "one"})),
            BASE64URL.encode([0; 64])
        ),
        format!("{}.{claims_part}.", encode(json!({"alg": "ES256", "kid": "one"}))),
        // A key that comes along.
        keys_of_another_in_the_header(&keys.public),
    ];
    // The public key as a shared secret, in each form that it may have.
    let point =
        ["x", "y"].map(|part| BASE64URL.decode(keys.public[part].as_str().unwrap()).unwrap()).concat();
    let text = keys.public.to_string();
    for secret in [point.clone(), [&[4], &*point].concat(), text.into_bytes(), Vec::new()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header = header();
            header.alg = algorithm;
            let key = EncodingKey::from_secret(&secret);
            tokens.push(jsonwebtoken::encode(&header, &claims(), &key).unwrap());
        }
    }
    for (name, value) in
        [("crit", json!(["exp"])), ("crit", json!([])), ("typ", json!("logout+jwt")), ("kid", json!("two"))]
    {
        let mut header = serde_json::to_value(header()).unwrap();
        header[name] = value;
        let signed = format!("{}.{claims_part}", encode(header));
        let algorithm = Algorithm::ES256;
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &keys.key, algorithm).unwrap();
        tokens.push(format!("{signed}.{signature}"));
    }
    for token in &tokens {
        assert_eq!(show(&store, token).await.unwrap(), Verdict::Refused, "{token:.200}");
    }
    assert_eq!(show(&store, &good).await.unwrap(), alice());
}

/// A good token of somebody else's, who says with which key to verify it.
fn keys_of_another_in_the_header(of_ours: &Value) -> String {
    let another = Keys::new();
    assert_ne!(another.public, *of_ours);
    let mut header = header();
    header.jwk = Some(serde_json::from_value(another.public.clone()).unwrap());
    another.sign(&header, &claims())
}

#[tokio::test]
async fn a_key_does_for_what_it_is_for() {
    let keys = Keys::new();
    let with = |name: &str, value: Value| {
        let mut key = keys.public.clone();
        key[name] = value;
        key
    };
    let shared = json!({"kty": "oct", "k": BASE64URL.encode("hunter2"), "kid": "one", "alg": "HS256"});
    let strange = json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "one"});
    let mut without_name = keys.public.clone();
    without_name.as_object_mut().unwrap().remove("kid");
    let table = [
        (json!([]), None),
        (json!([&shared]), None),
        (json!([with("use", json!("enc"))]), None),
        (json!([with("key_ops", json!(["sign"]))]), None),
        (json!([with("x", json!("AAAA"))]), Some(Verdict::Refused)),
        (json!([with("alg", json!("ES384"))]), Some(Verdict::Refused)),
        (json!([with("alg", json!("ES999"))]), Some(Verdict::Refused)),
        (json!([with("kid", json!("two"))]), Some(Verdict::Refused)),
        (json!([&without_name]), Some(Verdict::Refused)),
        (json!([7, &shared, &strange, &keys.public]), Some(alice())),
        (json!([with("use", json!("sig"))]), Some(alice())),
        (json!([with("key_ops", json!(["verify"]))]), Some(alice())),
    ];
    for (set, verdict) in table {
        keys.write(&json!({ "keys": &set }));
        assert_eq!(show(&keys.store(), &keys.good()).await.ok(), verdict, "{set}");
        let hs256 = jsonwebtoken::encode(
            &Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) },
            &claims(),
            &EncodingKey::from_secret(b"hunter2"),
        );
        assert_ne!(show(&keys.store(), &hs256.unwrap()).await.ok(), Some(alice()), "{set}");
    }
    // A token that names no key may be of any.
    let other = Keys::new();
    keys.write(&json!({ "keys": [&other.public, &keys.public] }));
    let nameless = keys.sign(&Header::new(Algorithm::ES256), &claims());
    assert_eq!(show(&keys.store(), &nameless).await.unwrap(), alice());
}

#[tokio::test]
async fn a_file_that_changes_is_read_again() {
    let (keys, other) = (Keys::new(), Keys::new());
    let store = keys.store();
    assert_eq!(show(&store, &keys.good()).await.unwrap(), alice());
    let mut second = other.public.clone();
    second["kid"] = json!("two");
    keys.write(&json!({ "keys": [second] }));
    // Only when there is a reason to.
    assert_eq!(show(&store, &keys.good()).await.unwrap(), alice());
    let header = Header { kid: Some("two".to_owned()), ..Header::new(Algorithm::ES256) };
    assert_eq!(show(&store, &other.sign(&header, &claims())).await.unwrap(), alice());
    assert_eq!(show(&store, &keys.good()).await.unwrap(), Verdict::Refused);

    let eager = JwtStore::file(keys.path(), rules()).refresh_every(Duration::ZERO).build().unwrap();
    assert_eq!(show(&eager, &other.sign(&header, &claims())).await.unwrap(), alice());
    // What cannot be read leaves the keys as they are.
    fs::write(keys.path(), "{\"keys\": hunter2").unwrap();
    assert_eq!(show(&eager, &other.sign(&header, &claims())).await.unwrap(), alice());
    let error = keys.store().check().await.unwrap_err().to_string();
    assert!(error.contains("keys.json") && !error.contains("hunter2"), "{error}");
    fs::write(keys.path(), vec![b' '; 2_000_000]).unwrap();
    assert!(keys.store().check().await.is_err());
    fs::remove_file(keys.path()).unwrap();
    assert!(keys.store().check().await.is_err());
}

#[tokio::test]
async fn what_is_no_key_set_is_none() {
    let keys = Keys::new();
    let good = keys.good();
    hostile::each(|problem, address| {
        let good = good.clone();
        async move {
            let options = HttpOptions::default().timeout(Duration::from_secs(2));
            let store = JwtStore::url(address, rules()).options(options).build().unwrap();
            show(&store, &good).await.expect_err(problem);
        }
    })
    .await;
    let server = Hostile::start(&hostile::json(&json!({ "keys": [&keys.public] }).to_string()));
    let store = JwtStore::url(server.address(), rules()).build().unwrap();
    assert_eq!(show(&store, &keys.good()).await.unwrap(), alice());
}

#[test]
fn rules_that_would_take_anybodys_tokens_are_not_taken() {
    for rules in [
        TokenRules::new("sub"),
        TokenRules::new("sub").issuer("https://login.example"),
        TokenRules::new("sub").audience("smtp.example"),
    ] {
        assert!(matches!(JwtStore::file("keys.json", rules).build(), Err(OauthError::Rules)));
    }
}
