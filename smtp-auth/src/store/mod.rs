//! Where passwords and keys are kept.

mod boxed;
mod error;
mod function;
mod login;

use std::sync::Arc;

pub use boxed::BoxCredentialStore;
pub use error::StoreError;
pub use function::{VerifyFn, verify_fn};
pub use login::{PasswordLogin, Verdict};
use smtp_core::Session;

use crate::scram::{ScramCost, ScramHash, ScramKeys};

/// Knows who has which password, or asks someone who does.
///
/// Implementations may write the methods as `async fn`. Names and passwords that arrive here went
/// through SASLprep (RFC 4013) and are never empty. Whoever wants a bound on the time of an answer
/// gives it to the store: the layer waits.
pub trait CredentialStore: Send + Sync + 'static {
    /// Says whether the password is that of the name. An unknown name should take as long as a wrong
    /// password, so that nobody learns which names there are.
    ///
    /// # Errors
    /// When it cannot say: the client is told to come again (454).
    fn verify_password(
        &self,
        login: PasswordLogin,
        session: &Session,
    ) -> impl Future<Output = Result<Verdict, StoreError>> + Send;

    /// Whether the store keeps SCRAM keys for this hash. If it does not, the mechanism is not
    /// offered.
    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        let _ = hash;
        false
    }

    /// The SCRAM keys of a user; `None` if there is no such user.
    ///
    /// # Errors
    /// When the store cannot say: the client is told to come again (454).
    fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        session: &Session,
    ) -> impl Future<Output = Result<Option<ScramKeys>, StoreError>> + Send {
        let _ = (name, hash, session);
        std::future::ready(Ok(None))
    }

    /// What the keys of most users cost: those that are made up for unknown names must not differ.
    fn scram_cost(&self) -> ScramCost {
        ScramCost::default()
    }

    /// Whether `name`, who is authenticated, may act for `other` (the authorization identity of RFC
    /// 4422 section 3.4.1). Nobody may, unless the store says so.
    ///
    /// # Errors
    /// When the store cannot say: the client is told to come again (454).
    fn may_act_for(
        &self,
        name: &str,
        other: &str,
        session: &Session,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        let _ = (name, other, session);
        std::future::ready(Ok(false))
    }
}

impl<C: CredentialStore> CredentialStore for Arc<C> {
    async fn verify_password(&self, login: PasswordLogin, session: &Session) -> Result<Verdict, StoreError> {
        (**self).verify_password(login, session).await
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

    async fn may_act_for(&self, name: &str, other: &str, session: &Session) -> Result<bool, StoreError> {
        (**self).may_act_for(name, other, session).await
    }
}
