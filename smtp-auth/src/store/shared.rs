//! A store behind an [`Arc`] is a store.

use std::borrow::Cow;
use std::sync::Arc;

use smtp_core::{Secret, Session, TlsInfo};

use super::{CredentialStore, PasswordLogin, StoreError, TokenLogin, Verdict};
use crate::scram::{ScramCost, ScramHash, ScramKeys};

impl<C: CredentialStore> CredentialStore for Arc<C> {
    fn name(&self) -> Cow<'static, str> {
        (**self).name()
    }

    fn verifies_passwords(&self) -> bool {
        (**self).verifies_passwords()
    }

    async fn verify_password(&self, login: PasswordLogin, session: &Session) -> Result<Verdict, StoreError> {
        (**self).verify_password(login, session).await
    }

    fn takes_tokens(&self) -> bool {
        (**self).takes_tokens()
    }

    async fn verify_token(&self, login: TokenLogin, session: &Session) -> Result<Verdict, StoreError> {
        (**self).verify_token(login, session).await
    }

    fn maps_certificates(&self) -> bool {
        (**self).maps_certificates()
    }

    async fn verify_certificate(
        &self,
        name: Option<&str>,
        tls: &TlsInfo,
        session: &Session,
    ) -> Result<Verdict, StoreError> {
        (**self).verify_certificate(name, tls, session).await
    }

    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        (**self).has_scram_keys(hash)
    }

    async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        session: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        (**self).scram_keys(name, hash, session).await
    }

    fn scram_cost(&self) -> ScramCost {
        (**self).scram_cost()
    }

    fn has_shared_secrets(&self) -> bool {
        (**self).has_shared_secrets()
    }

    async fn shared_secret(&self, name: &str, session: &Session) -> Result<Option<Secret>, StoreError> {
        (**self).shared_secret(name, session).await
    }

    async fn may_act_for(&self, name: &str, other: &str, session: &Session) -> Result<bool, StoreError> {
        (**self).may_act_for(name, other, session).await
    }
}
