//! Several stores, asked in turn.

mod tally;

use std::borrow::Cow;
use std::fmt;

use smtp_core::{Secret, Session, TlsInfo};
use tally::{Search, Tally};

use crate::scram::{ScramCost, ScramHash, ScramKeys};
use crate::store::{BoxCredentialStore, CredentialStore, PasswordLogin, StoreError, TokenLogin, Verdict};

/// A store of several, asked in their order until one says yes.
///
/// - Passwords, tokens and certificates: the first store that accepts decides. A store that does not
///   take what the client shows is passed over.
/// - If none accepts but one could not answer, nobody knows: the client is told to come again, not
///   that its password is wrong. If all answered, and one knows the password as expired, the client
///   hears that.
/// - SCRAM keys and shared secrets: those of the first store that knows the name. They are offered only
///   if each store that verifies passwords has them, because a client that finds SCRAM offered uses it,
///   and would fail for users of a store without keys.
/// - Acting for others: one store that allows it is enough.
///
/// All stores share one space of names: `alice` is the same user in whichever store she is found, and
/// who is refused by one store may be accepted by the next. So a user is locked out only when each
/// store that knows the name locks her out.
///
/// ```
/// use smtp_auth::{AuthLayer, Chain, UserFile, Verdict, verify_fn};
///
/// # let folder = tempfile::tempdir()?;
/// let file = UserFile::open_or_create(folder.path().join("users"))?;
/// let machines = verify_fn(|login, _session| async move {
///     Ok(Verdict::from(login.name == "printer" && login.password.expose() == b"correct horse"))
/// });
/// let layer = AuthLayer::new(Chain::new(file).or(machines));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Chain(Vec<BoxCredentialStore>);

impl Chain {
    /// Asks this store first.
    pub fn new(first: impl CredentialStore) -> Self {
        Self(vec![BoxCredentialStore::new(first)])
    }

    /// Asks this store after all others.
    #[must_use]
    pub fn or(mut self, next: impl CredentialStore) -> Self {
        self.0.push(BoxCredentialStore::new(next));
        self
    }

    fn all_who_verify_passwords(&self, have: impl Fn(&BoxCredentialStore) -> bool) -> bool {
        self.0.iter().any(&have) && self.0.iter().all(|store| !store.verifies_passwords() || have(store))
    }
}

impl FromIterator<BoxCredentialStore> for Chain {
    /// A chain of none refuses everybody.
    fn from_iter<I: IntoIterator<Item = BoxCredentialStore>>(stores: I) -> Self {
        Self(stores.into_iter().collect())
    }
}

impl CredentialStore for Chain {
    /// The names of all, with `+` in between.
    fn name(&self) -> Cow<'static, str> {
        let names: Vec<_> = self.0.iter().map(CredentialStore::name).collect();
        names.join("+").into()
    }

    fn verifies_passwords(&self) -> bool {
        self.0.iter().any(CredentialStore::verifies_passwords)
    }

    async fn verify_password(&self, login: PasswordLogin, session: &Session) -> Result<Verdict, StoreError> {
        let mut tally = Tally::default();
        for store in self.0.iter().filter(|store| store.verifies_passwords()) {
            if let Some(accepted) = tally.note(store, store.verify_password(login.clone(), session).await) {
                return Ok(accepted);
            }
        }
        tally.conclude()
    }

    fn takes_tokens(&self) -> bool {
        self.0.iter().any(CredentialStore::takes_tokens)
    }

    async fn verify_token(&self, login: TokenLogin, session: &Session) -> Result<Verdict, StoreError> {
        let mut tally = Tally::default();
        for store in self.0.iter().filter(|store| store.takes_tokens()) {
            if let Some(accepted) = tally.note(store, store.verify_token(login.clone(), session).await) {
                return Ok(accepted);
            }
        }
        tally.conclude()
    }

    fn maps_certificates(&self) -> bool {
        self.0.iter().any(CredentialStore::maps_certificates)
    }

    async fn verify_certificate(
        &self,
        name: Option<&str>,
        tls: &TlsInfo,
        session: &Session,
    ) -> Result<Verdict, StoreError> {
        let mut tally = Tally::default();
        for store in self.0.iter().filter(|store| store.maps_certificates()) {
            if let Some(accepted) = tally.note(store, store.verify_certificate(name, tls, session).await) {
                return Ok(accepted);
            }
        }
        tally.conclude()
    }

    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        self.all_who_verify_passwords(|store| store.has_scram_keys(hash))
    }

    async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        session: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        let mut search = Search::default();
        for store in self.0.iter().filter(|store| store.has_scram_keys(hash)) {
            if let Some(keys) = search.note(store, store.scram_keys(name, hash, session).await) {
                return Ok(Some(keys));
            }
        }
        search.conclude(None)
    }

    /// That of the first store that has keys.
    fn scram_cost(&self) -> ScramCost {
        let has_keys =
            |store: &&BoxCredentialStore| ScramHash::ALL.into_iter().any(|hash| store.has_scram_keys(hash));
        self.0.iter().find(has_keys).map_or_else(ScramCost::default, CredentialStore::scram_cost)
    }

    fn has_shared_secrets(&self) -> bool {
        self.all_who_verify_passwords(CredentialStore::has_shared_secrets)
    }

    async fn shared_secret(&self, name: &str, session: &Session) -> Result<Option<Secret>, StoreError> {
        let mut search = Search::default();
        for store in self.0.iter().filter(|store| store.has_shared_secrets()) {
            if let Some(secret) = search.note(store, store.shared_secret(name, session).await) {
                return Ok(Some(secret));
            }
        }
        search.conclude(None)
    }

    async fn may_act_for(&self, name: &str, other: &str, session: &Session) -> Result<bool, StoreError> {
        let mut search = Search::default();
        for store in &self.0 {
            let allowed = store.may_act_for(name, other, session).await;
            if search.note(store, allowed.map(|allowed| allowed.then_some(()))).is_some() {
                return Ok(true);
            }
        }
        search.conclude(false)
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({})", CredentialStore::name(self))
    }
}
