//! A chain of stores, by what each of them says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use smtp_auth::{
    BoxCredentialStore, Chain, CredentialStore, PasswordLogin, ScramCost, ScramHash, ScramKeys, StoreError,
    TokenLogin, UserFile, Verdict,
};
use smtp_core::testing::facts;
use smtp_core::{Secret, Session};

/// Says the same of everybody.
#[derive(Clone)]
struct Says(Result<Verdict, ()>, Arc<AtomicUsize>);

impl Says {
    fn new(verdict: Result<Verdict, ()>) -> Self {
        Self(verdict, Arc::default())
    }

    fn verdict(&self) -> Result<Verdict, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.clone().map_err(|()| StoreError::new("away"))
    }
}

impl CredentialStore for Says {
    async fn verify_password(&self, _: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        self.verdict()
    }

    async fn may_act_for(&self, _: &str, _: &str, _: &Session) -> Result<bool, StoreError> {
        self.verdict().map(|verdict| verdict == Verdict::Accepted)
    }
}

/// Takes tokens and nothing else.
struct Tokens(Says);

impl CredentialStore for Tokens {
    fn verifies_passwords(&self) -> bool {
        false
    }

    fn takes_tokens(&self) -> bool {
        true
    }

    async fn verify_token(&self, _: TokenLogin, _: &Session) -> Result<Verdict, StoreError> {
        self.0.verdict()
    }
}

/// Has the same secret, or none, for everybody.
struct Keys(Result<Option<&'static str>, ()>);

impl CredentialStore for Keys {
    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        hash == ScramHash::Sha256
    }

    async fn scram_keys(
        &self,
        _: &str,
        hash: ScramHash,
        _: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        let password = self.0.map_err(|()| StoreError::new("away"))?;
        Ok(password.and_then(|password| ScramKeys::derive(hash, &password.into(), 4096, b"salt")))
    }

    fn scram_cost(&self) -> ScramCost {
        ScramCost { iterations: 4096, salt: 4 }
    }

    fn has_shared_secrets(&self) -> bool {
        true
    }

    async fn shared_secret(&self, _: &str, _: &Session) -> Result<Option<Secret>, StoreError> {
        self.0.map(|secret| secret.map(Secret::from)).map_err(|()| StoreError::new("away"))
    }
}

async fn ask(chain: &Chain) -> Option<Verdict> {
    chain.verify_password(PasswordLogin::new("alice", "pencil".into()), facts().session()).await.ok()
}

#[tokio::test]
async fn the_first_that_accepts_decides_and_who_is_away_keeps_a_refusal_back() {
    let accepted = || Ok(Verdict::Accepted);
    let renamed = || Ok(Verdict::AcceptedAs("Alice".to_owned()));
    let (refused, expired, away) = (|| Ok(Verdict::Refused), || Ok(Verdict::Expired), || Err(()));
    let table = [
        (vec![], Some(Verdict::Refused), 0),
        (vec![accepted(), away()], Some(Verdict::Accepted), 1),
        (vec![refused(), renamed(), accepted()], renamed().ok(), 2),
        (vec![refused(), refused()], Some(Verdict::Refused), 2),
        (vec![away(), accepted()], Some(Verdict::Accepted), 2),
        (vec![expired(), accepted()], Some(Verdict::Accepted), 2),
        (vec![expired(), refused()], Some(Verdict::Expired), 2),
        (vec![away(), refused()], None, 2),
        (vec![refused(), away()], None, 2),
        (vec![expired(), away()], None, 2),
    ];
    for (verdicts, outcome, asked) in table {
        let stores: Vec<Says> = verdicts.iter().cloned().map(Says::new).collect();
        let chain: Chain = stores.iter().cloned().map(BoxCredentialStore::new).collect();
        assert_eq!(ask(&chain).await, outcome, "{verdicts:?}");
        let times: usize = stores.iter().map(|store| store.1.load(Ordering::Relaxed)).sum();
        assert_eq!(times, asked, "{verdicts:?}");
    }
}

#[tokio::test]
async fn each_is_asked_for_what_it_can() {
    let (password, token) = (Says::new(Ok(Verdict::Refused)), Says::new(Ok(Verdict::AcceptedAs("a".into()))));
    let chain = Chain::new(Tokens(token.clone())).or(password.clone());
    assert!(chain.verifies_passwords() && chain.takes_tokens() && !chain.maps_certificates());
    assert_eq!(ask(&chain).await, Some(Verdict::Refused));
    let login = TokenLogin::new(None, "token".into());
    let verdict = chain.verify_token(login, facts().session()).await.unwrap();
    assert_eq!(verdict, Verdict::AcceptedAs("a".to_owned()));
    assert_eq!((password.1.load(Ordering::Relaxed), token.1.load(Ordering::Relaxed)), (1, 1));
    assert_eq!(chain.name(), "store+store");
}

#[tokio::test]
async fn keys_and_secrets_are_those_of_the_first_that_knows_the_name() {
    let facts = facts();
    let keys = async |chain: &Chain| chain.scram_keys("alice", ScramHash::Sha256, facts.session()).await;
    let derived = |password: &str| {
        ScramKeys::derive(ScramHash::Sha256, &password.into(), 4096, b"salt").unwrap().encode().to_string()
    };
    let chain = Chain::new(Keys(Ok(None))).or(Keys(Ok(Some("first")))).or(Keys(Ok(Some("second"))));
    assert_eq!(keys(&chain).await.unwrap().unwrap().encode().to_string(), derived("first"));
    let secret = chain.shared_secret("alice", facts.session()).await.unwrap().unwrap();
    assert_eq!(secret.expose(), b"first");
    assert_eq!(chain.scram_cost().iterations, 4096);

    let chain = Chain::new(Keys(Err(()))).or(Keys(Ok(Some("second"))));
    assert_eq!(keys(&chain).await.unwrap().unwrap().encode().to_string(), derived("second"));
    let chain = Chain::new(Keys(Err(()))).or(Keys(Ok(None)));
    assert!(keys(&chain).await.is_err());
    assert!(chain.shared_secret("alice", facts.session()).await.is_err());
    assert!(keys(&Chain::new(Keys(Ok(None)))).await.unwrap().is_none());
}

#[tokio::test]
async fn keys_are_offered_only_if_all_users_may_have_them() {
    let says = || Says::new(Ok(Verdict::Refused));
    let offered = |chain: &Chain| (chain.has_scram_keys(ScramHash::Sha256), chain.has_shared_secrets());
    assert_eq!(offered(&Chain::new(Keys(Ok(None))).or(Keys(Ok(None)))), (true, true));
    assert_eq!(offered(&Chain::new(Keys(Ok(None))).or(Tokens(says()))), (true, true));
    assert_eq!(offered(&Chain::new(Keys(Ok(None))).or(says())), (false, false));
    assert_eq!(offered(&Chain::default()), (false, false));
    assert!(!Chain::new(Keys(Ok(None))).has_scram_keys(ScramHash::Sha1));
}

#[tokio::test]
async fn one_that_lets_act_for_another_is_enough() {
    let facts = facts();
    let table = [
        (vec![Ok(Verdict::Refused), Ok(Verdict::Accepted)], Some(true)),
        (vec![Err(()), Ok(Verdict::Accepted)], Some(true)),
        (vec![Ok(Verdict::Refused), Err(())], None),
        (vec![Ok(Verdict::Refused)], Some(false)),
        (vec![], Some(false)),
    ];
    for (verdicts, allowed) in table {
        let chain: Chain =
            verdicts.iter().cloned().map(|verdict| BoxCredentialStore::new(Says::new(verdict))).collect();
        assert_eq!(chain.may_act_for("alice", "bob", facts.session()).await.ok(), allowed, "{verdicts:?}");
    }
}

#[tokio::test]
async fn two_files_are_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| UserFile::open_or_create(folder.path().join(name)).unwrap();
    let (staff, guests) = (file("staff"), file("guests"));
    staff.set("alice", &"pencil".into()).unwrap();
    guests.set("bob", &"paper".into()).unwrap();
    let chain = Chain::new(staff).or(guests);
    let facts = facts();
    for (name, password, verdict) in [
        ("alice", "pencil", Verdict::Accepted),
        ("bob", "paper", Verdict::Accepted),
        ("bob", "pencil", Verdict::Refused),
        ("carol", "paper", Verdict::Refused),
    ] {
        let login = PasswordLogin::new(name, password.into());
        assert_eq!(chain.verify_password(login, facts.session()).await.unwrap(), verdict, "{name}");
    }
    assert!(chain.has_scram_keys(ScramHash::Sha256));
    assert!(chain.scram_keys("bob", ScramHash::Sha256, facts.session()).await.unwrap().is_some());
}
