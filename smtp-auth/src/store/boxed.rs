use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use smtp_core::Session;

use super::{CredentialStore, PasswordLogin, StoreError, Verdict};
use crate::scram::{ScramCost, ScramHash, ScramKeys};

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`CredentialStore`] with boxed answers.
trait DynStore: Send + Sync {
    fn verify_password<'a>(&'a self, login: PasswordLogin, session: &'a Session) -> Answer<'a, Verdict>;
    fn has_scram_keys(&self, hash: ScramHash) -> bool;
    fn scram_keys<'a>(
        &'a self,
        name: &'a str,
        hash: ScramHash,
        session: &'a Session,
    ) -> Answer<'a, Option<ScramKeys>>;
    fn scram_cost(&self) -> ScramCost;
    fn may_act_for<'a>(&'a self, name: &'a str, other: &'a str, session: &'a Session) -> Answer<'a, bool>;
}

impl<C: CredentialStore> DynStore for C {
    fn verify_password<'a>(&'a self, login: PasswordLogin, session: &'a Session) -> Answer<'a, Verdict> {
        Box::pin(CredentialStore::verify_password(self, login, session))
    }

    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        CredentialStore::has_scram_keys(self, hash)
    }

    fn scram_keys<'a>(
        &'a self,
        name: &'a str,
        hash: ScramHash,
        session: &'a Session,
    ) -> Answer<'a, Option<ScramKeys>> {
        Box::pin(CredentialStore::scram_keys(self, name, hash, session))
    }

    fn scram_cost(&self) -> ScramCost {
        CredentialStore::scram_cost(self)
    }

    fn may_act_for<'a>(&'a self, name: &'a str, other: &'a str, session: &'a Session) -> Answer<'a, bool> {
        Box::pin(CredentialStore::may_act_for(self, name, other, session))
    }
}

/// A store of any type, for servers that choose theirs by configuration. Cheap to clone.
#[derive(Clone)]
pub struct BoxCredentialStore(Arc<dyn DynStore>);

impl BoxCredentialStore {
    /// Erases the type of `store`.
    pub fn new(store: impl CredentialStore) -> Self {
        Self(Arc::new(store))
    }
}

impl CredentialStore for BoxCredentialStore {
    async fn verify_password(&self, login: PasswordLogin, session: &Session) -> Result<Verdict, StoreError> {
        self.0.verify_password(login, session).await
    }

    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        self.0.has_scram_keys(hash)
    }

    async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        session: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        self.0.scram_keys(name, hash, session).await
    }

    fn scram_cost(&self) -> ScramCost {
        self.0.scram_cost()
    }

    async fn may_act_for(&self, name: &str, other: &str, session: &Session) -> Result<bool, StoreError> {
        self.0.may_act_for(name, other, session).await
    }
}

impl fmt::Debug for BoxCredentialStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxCredentialStore")
    }
}
