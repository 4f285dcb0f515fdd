//! SCRAM-SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use smtp_auth::{
    AuthLayer, CredentialStore, PasswordLogin, ScramCost, ScramHash, ScramKeys, StoreError, Verdict,
};
use smtp_core::testing::facts;
use smtp_core::{DialogueError, Reply, Session, SessionFacts};
use tokio::time::Instant;

use crate::client::{Answer, exchange};

const SUCCESS: &str = "235 2.7.0 authentication succeeded";
const FAILURE: &str = "535 5.7.8 authentication credentials invalid";
const COST: ScramCost = ScramCost { iterations: 4096, salt: 16 };

/// Knows two users, and nothing of `down`.
struct Users;

impl CredentialStore for Users {
    async fn verify_password(&self, _: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        Ok(Verdict::Refused)
    }

    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        hash == ScramHash::Sha256
    }

    async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        _: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        match name {
            "alice" | "a,b=c" => Ok(ScramKeys::derive(hash, &"pencil".into(), COST.iterations, &[7; 16])),
            "down" => Err(StoreError::new("down")),
            _ => Ok(None),
        }
    }

    fn scram_cost(&self) -> ScramCost {
        COST
    }

    async fn may_act_for(&self, name: &str, other: &str, _: &Session) -> Result<bool, StoreError> {
        Ok((name, other) == ("a,b=c", "alice"))
    }
}

/// A client of its own making, RFC 5802 section 3.
struct Client {
    header: String,
    bare: String,
    password: &'static str,
    signature: Option<Vec<u8>>,
    /// The answer to the server's last word.
    last: Answer,
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

impl Client {
    fn new(header: &str, name: &str, password: &'static str) -> Self {
        let bare = format!("n={name},r=clientnonce");
        Self { header: header.to_owned(), bare, password, signature: None, last: Ok(Vec::new()) }
    }

    fn first(&self) -> Vec<u8> {
        format!("{}{}", self.header, self.bare).into_bytes()
    }

    fn answer(&mut self, challenge: &[u8]) -> Answer {
        let challenge = std::str::from_utf8(challenge).expect("text");
        if challenge.is_empty() {
            return Ok(self.first());
        }
        match (challenge.strip_prefix("v="), &self.signature) {
            (Some(verifier), Some(signature)) => assert_eq!(verifier, BASE64.encode(signature)),
            (Some(_), None) => panic!("the last word comes first"),
            (None, _) if challenge == "e=invalid-proof" => {}
            (None, _) => return Ok(self.prove(challenge)),
        }
        self.last.clone()
    }

    fn prove(&mut self, challenge: &str) -> Vec<u8> {
        let value = |letter: &str| {
            let mut values = challenge.split(',').filter_map(|attribute| attribute.strip_prefix(letter));
            values.next().expect("an attribute")
        };
        assert!(value("r=").starts_with("clientnonce") && value("r=").len() > 20);
        let (salt, iterations) = (BASE64.decode(value("s=")), value("i=").parse());
        let mut salted = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(
            self.password.as_bytes(),
            &salt.expect("base64"),
            iterations.expect("a number"),
            &mut salted,
        );
        let without_proof = format!("c={},r={}", BASE64.encode(&self.header), value("r="));
        let signed = format!("{},{challenge},{without_proof}", self.bare);
        let client_key = hmac(&salted, b"Client Key");
        let signature = hmac(&Sha256::digest(&client_key), signed.as_bytes());
        let proof: Vec<u8> =
            client_key.iter().zip(signature).map(|(key, signature)| key ^ signature).collect();
        self.signature = Some(hmac(&hmac(&salted, b"Server Key"), signed.as_bytes()));
        format!("{without_proof},p={}", BASE64.encode(proof)).into_bytes()
    }

    async fn run(mut self, layer: &AuthLayer<Users>, facts: &SessionFacts) -> (Vec<String>, Reply) {
        let first = self.first();
        let (challenges, reply) =
            exchange(layer, facts, "SCRAM-SHA-256", Some(&first), |challenge| self.answer(challenge)).await;
        (challenges.iter().map(|octets| String::from_utf8_lossy(octets).into_owned()).collect(), reply)
    }
}

#[tokio::test]
async fn who_knows_the_password_gets_in_without_tls() {
    let layer = AuthLayer::new(Users);
    let table = [
        ("n,,", "alice", "alice", "alice"),
        ("y,,", "alice", "alice", "alice"),
        ("n,a=alice,", "alice", "alice", "alice"),
        ("n,,", "a=2Cb=3Dc", "a,b=c", "a,b=c"),
        ("n,a=alice,", "a=2Cb=3Dc", "a,b=c", "alice"),
    ];
    for (header, name, authenticated, acting) in table {
        let (challenges, mut reply) = Client::new(header, name, "pencil").run(&layer, &facts()).await;
        assert_eq!(reply.to_string(), SUCCESS);
        assert_eq!(challenges.len(), 2);
        let identity = reply.take_effects().identity.unwrap();
        assert_eq!(identity.authenticated_name(), authenticated);
        assert_eq!((identity.name(), identity.mechanism()), (acting, "SCRAM-SHA-256"));
    }
}

#[tokio::test]
async fn without_an_initial_response_it_is_asked_for() {
    let mut client = Client::new("n,,", "alice", "pencil");
    let (challenges, reply) =
        exchange(&AuthLayer::new(Users), &facts(), "SCRAM-SHA-256", None, |challenge| {
            client.answer(challenge)
        })
        .await;
    assert_eq!((challenges.len(), reply.to_string().as_str()), (3, SUCCESS));
    assert!(challenges[0].is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_is_answered_like_a_wrong_password() {
    let layer = AuthLayer::new(Users);
    let mut shapes = Vec::new();
    for name in ["alice", "nobody"] {
        let (challenges, reply) = Client::new("n,,", name, "pen").run(&layer, &facts()).await;
        assert_eq!((challenges[1].as_str(), reply.to_string().as_str()), ("e=invalid-proof", FAILURE));
        let (_, challenge) = challenges[0].split_once(',').unwrap();
        shapes.push(challenge.len());
        // The salt stays, from connection to connection.
        let (again, _) = Client::new("n,,", name, "pen").run(&layer, &facts()).await;
        assert_eq!(again[0].split_once(',').unwrap().1, challenge);
    }
    assert_eq!(shapes[0], shapes[1]);
}

#[tokio::test(start_paused = true)]
async fn whatever_the_client_says_to_its_failure_it_failed() {
    let answers =
        [Err(DialogueError::Cancelled), Err(DialogueError::Encoding), Ok(b"x".to_vec()), Ok(Vec::new())];
    for last in answers {
        let client = Client { last, ..Client::new("n,,", "alice", "pen") };
        let (_, reply) = client.run(&AuthLayer::new(Users), &facts()).await;
        assert_eq!(reply.to_string(), FAILURE);
        assert!(reply.effects().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_slow_even_for_who_leaves_when_it_is_told() {
    let (layer, facts) = (AuthLayer::new(Users), facts());
    for seconds in [1, 2, 4] {
        let start = Instant::now();
        let mut told = None;
        let mut client = Client::new("n,,", "alice", "pen");
        let first = client.first();
        exchange(&layer, &facts, "SCRAM-SHA-256", Some(&first), |challenge| {
            if challenge.starts_with(b"e=") {
                told = Some(start.elapsed().as_secs());
                return Err(DialogueError::Disconnected);
            }
            client.answer(challenge)
        })
        .await;
        assert_eq!(told, Some(seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_take_the_server_s_proof_is_not_in() {
    for (last, expected) in
        [(Err(DialogueError::Cancelled), "501 5.7.0 authentication cancelled"), (Ok(b"x".to_vec()), FAILURE)]
    {
        let client = Client { last, ..Client::new("n,,", "alice", "pencil") };
        let (_, reply) = client.run(&AuthLayer::new(Users), &facts()).await;
        assert_eq!(reply.to_string(), expected);
        assert!(reply.effects().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_act_for_another_is_refused() {
    let (challenges, reply) =
        Client::new("n,a=a=2Cb=3Dc,", "alice", "pencil").run(&AuthLayer::new(Users), &facts()).await;
    assert_eq!(reply.to_string(), FAILURE);
    assert!(challenges[1].starts_with("v="));
}

#[tokio::test(start_paused = true)]
async fn malformed_messages_and_a_store_that_is_down() {
    let layer = AuthLayer::new(Users);
    let table: [(&[u8], &str); 4] = [
        (b"n,,n=alice", FAILURE),
        (b"p=tls-exporter,,n=alice,r=x", FAILURE),
        (b"n,,m=x,n=alice,r=x", FAILURE),
        (b"n,,n=down,r=x", "454 4.7.0 temporary authentication failure"),
    ];
    for (first, expected) in table {
        let (challenges, reply) =
            exchange(&layer, &facts(), "SCRAM-SHA-256", Some(first), |_| panic!("no challenge")).await;
        assert_eq!((challenges.len(), reply.to_string().as_str()), (0, expected));
    }
}
