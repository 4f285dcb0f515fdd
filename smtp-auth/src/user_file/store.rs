use std::borrow::Cow;

use smtp_core::{Secret, Session, TlsInfo};

use super::{UserFile, certificate};
use crate::password::StoredPassword;
use crate::scram::{ScramCost, ScramHash, ScramKeys};
use crate::store::{CredentialStore, PasswordLogin, StoreError, Verdict};

impl CredentialStore for UserFile {
    fn name(&self) -> Cow<'static, str> {
        "user-file".into()
    }

    async fn verify_password(&self, login: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        let users = self.users().await?;
        let known = users.get(&login.name);
        // An unknown name costs as much as a wrong password.
        let hash = known.map_or_else(|| users.decoy_hash.clone(), |entry| entry.hash.clone());
        let matches = self.inner.checks.check(login.password, StoredPassword::Argon2id(hash)).await?;
        Ok(Verdict::from(matches & known.is_some()))
    }

    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        self.current_users().all_have_keys(hash)
    }

    async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        _: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        let users = self.users().await?;
        Ok(users.get(name).and_then(|entry| entry.keys(hash)).cloned())
    }

    fn scram_cost(&self) -> ScramCost {
        self.inner.reloading.users().scram_cost
    }

    fn has_shared_secrets(&self) -> bool {
        self.current_users().has_shared_secrets
    }

    async fn shared_secret(&self, name: &str, _: &Session) -> Result<Option<Secret>, StoreError> {
        let users = self.users().await?;
        Ok(users.get(name).and_then(|entry| entry.shared_secret.clone()))
    }

    fn maps_certificates(&self) -> bool {
        self.maps_certificates
    }

    async fn verify_certificate(
        &self,
        name: Option<&str>,
        tls: &TlsInfo,
        _: &Session,
    ) -> Result<Verdict, StoreError> {
        let Some(certificate) = tls.verified_peer() else { return Ok(Verdict::Refused) };
        let users = self.users().await?;
        Ok(certificate::user(certificate, name, &users).map_or(Verdict::Refused, Verdict::AcceptedAs))
    }
}
