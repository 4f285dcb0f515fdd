use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use smtp_core::{Secret, Session, TlsInfo};

use super::{CredentialStore, PasswordLogin, StoreError, TokenLogin, Verdict};
use crate::scram::{ScramCost, ScramHash, ScramKeys};

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`CredentialStore`] with boxed answers.
trait DynStore: Send + Sync {
    fn name(&self) -> Cow<'static, str>;
    fn verifies_passwords(&self) -> bool;
    fn verify_password<'a>(&'a self, login: PasswordLogin, session: &'a Session) -> Answer<'a, Verdict>;
    fn takes_tokens(&self) -> bool;
    fn verify_token<'a>(&'a self, login: TokenLogin, session: &'a Session) -> Answer<'a, Verdict>;
    fn maps_certificates(&self) -> bool;
    fn verify_certificate<'a>(
        &'a self,
        name: Option<&'a str>,
        tls: &'a TlsInfo,
        session: &'a Session,
    ) -> Answer<'a, Verdict>;
    fn has_scram_keys(&self, hash: ScramHash) -> bool;
    fn scram_keys<'a>(
        &'a self,
        name: &'a str,
        hash: ScramHash,
        session: &'a Session,
    ) -> Answer<'a, Option<ScramKeys>>;
    fn scram_cost(&self) -> ScramCost;
    fn has_shared_secrets(&self) -> bool;
    fn shared_secret<'a>(&'a self, name: &'a str, session: &'a Session) -> Answer<'a, Option<Secret>>;
    fn may_act_for<'a>(&'a self, name: &'a str, other: &'a str, session: &'a Session) -> Answer<'a, bool>;
}

impl<C: CredentialStore> DynStore for C {
    fn name(&self) -> Cow<'static, str> {
        CredentialStore::name(self)
    }

    fn verifies_passwords(&self) -> bool {
        CredentialStore::verifies_passwords(self)
    }

    fn verify_password<'a>(&'a self, login: PasswordLogin, session: &'a Session) -> Answer<'a, Verdict> {
        Box::pin(CredentialStore::verify_password(self, login, session))
    }

    fn takes_tokens(&self) -> bool {
        CredentialStore::takes_tokens(self)
    }

    fn verify_token<'a>(&'a self, login: TokenLogin, session: &'a Session) -> Answer<'a, Verdict> {
        Box::pin(CredentialStore::verify_token(self, login, session))
    }

    fn maps_certificates(&self) -> bool {
        CredentialStore::maps_certificates(self)
    }

    fn verify_certificate<'a>(
        &'a self,
        name: Option<&'a str>,
        tls: &'a TlsInfo,
        session: &'a Session,
    ) -> Answer<'a, Verdict> {
        Box::pin(CredentialStore::verify_certificate(self, name, tls, session))
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

    fn has_shared_secrets(&self) -> bool {
        CredentialStore::has_shared_secrets(self)
    }

    fn shared_secret<'a>(&'a self, name: &'a str, session: &'a Session) -> Answer<'a, Option<Secret>> {
        Box::pin(CredentialStore::shared_secret(self, name, session))
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
    fn name(&self) -> Cow<'static, str> {
        self.0.name()
    }

    fn verifies_passwords(&self) -> bool {
        self.0.verifies_passwords()
    }

    async fn verify_password(&self, login: PasswordLogin, session: &Session) -> Result<Verdict, StoreError> {
        self.0.verify_password(login, session).await
    }

    fn takes_tokens(&self) -> bool {
        self.0.takes_tokens()
    }

    async fn verify_token(&self, login: TokenLogin, session: &Session) -> Result<Verdict, StoreError> {
        self.0.verify_token(login, session).await
    }

    fn maps_certificates(&self) -> bool {
        self.0.maps_certificates()
    }

    async fn verify_certificate(
        &self,
        name: Option<&str>,
        tls: &TlsInfo,
        session: &Session,
    ) -> Result<Verdict, StoreError> {
        self.0.verify_certificate(name, tls, session).await
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

    fn has_shared_secrets(&self) -> bool {
        self.0.has_shared_secrets()
    }

    async fn shared_secret(&self, name: &str, session: &Session) -> Result<Option<Secret>, StoreError> {
        self.0.shared_secret(name, session).await
    }

    async fn may_act_for(&self, name: &str, other: &str, session: &Session) -> Result<bool, StoreError> {
        self.0.may_act_for(name, other, session).await
    }
}

impl fmt::Debug for BoxCredentialStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoxCredentialStore({})", self.0.name())
    }
}
