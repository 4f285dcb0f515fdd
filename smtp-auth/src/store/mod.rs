//! Where passwords and keys are kept.

mod boxed;
mod error;
mod function;
mod limits;
mod login;
mod shared;
mod verdict;

use std::borrow::Cow;

pub use boxed::BoxCredentialStore;
pub use error::StoreError;
pub use function::{VerifyFn, verify_fn};
pub(crate) use limits::Limits;
pub use login::{PasswordLogin, TokenLogin};
use smtp_core::{Secret, Session, TlsInfo};
pub use verdict::Verdict;

use crate::scram::{ScramCost, ScramHash, ScramKeys};

/// Knows who has which password, or asks someone who does.
///
/// A store says what it can do: it verifies passwords, takes tokens, maps certificates, and hands
/// out SCRAM keys or shared secrets. Mechanisms that need what it cannot do are not offered; it is
/// asked at each EHLO.
///
/// Implementations may write the methods as `async fn`. Names and passwords that arrive here went
/// through SASLprep (RFC 4013) and are never empty. Whoever wants a bound on the time of an answer
/// gives it to the store: the layer waits. An error tells the client to come again (454).
pub trait CredentialStore: Send + Sync + 'static {
    /// What the store is called in identities and logs.
    fn name(&self) -> Cow<'static, str> {
        "store".into()
    }

    /// Whether it verifies passwords, as PLAIN and LOGIN need it.
    fn verifies_passwords(&self) -> bool {
        true
    }

    /// Says whether the password is that of the name. An unknown name should take as long as a wrong
    /// password, so that nobody learns which names there are.
    ///
    /// # Errors
    /// When it cannot say.
    fn verify_password(
        &self,
        login: PasswordLogin,
        session: &Session,
    ) -> impl Future<Output = Result<Verdict, StoreError>> + Send {
        let _ = (login, session);
        std::future::ready(Ok(Verdict::Refused))
    }

    /// Whether it takes bearer tokens, as OAUTHBEARER and XOAUTH2 need it.
    fn takes_tokens(&self) -> bool {
        false
    }

    /// Says whose the token is, if it is good.
    ///
    /// # Errors
    /// When it cannot say.
    fn verify_token(
        &self,
        login: TokenLogin,
        session: &Session,
    ) -> impl Future<Output = Result<Verdict, StoreError>> + Send {
        let _ = (login, session);
        std::future::ready(Ok(Verdict::Refused))
    }

    /// Whether it knows whose a client certificate is, as EXTERNAL needs it.
    fn maps_certificates(&self) -> bool {
        false
    }

    /// Says whose the client certificate of this TLS session is. The certificate is good:
    /// [`TlsInfo::verify`] says `OK`. `name` is for whom the client wants to act, if it says so.
    ///
    /// # Errors
    /// When it cannot say.
    fn verify_certificate(
        &self,
        name: Option<&str>,
        tls: &TlsInfo,
        session: &Session,
    ) -> impl Future<Output = Result<Verdict, StoreError>> + Send {
        let _ = (name, tls, session);
        std::future::ready(Ok(Verdict::Refused))
    }

    /// Whether the store keeps SCRAM keys for this hash.
    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        let _ = hash;
        false
    }

    /// The SCRAM keys of a user; `None` if there is no such user.
    ///
    /// # Errors
    /// When the store cannot say.
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

    /// Whether the store keeps passwords as they are, as CRAM-MD5 and DIGEST-MD5 need it.
    fn has_shared_secrets(&self) -> bool {
        false
    }

    /// The password of a user, in the form that SASLprep gives; `None` if there is no such user or
    /// the store does not keep the password of this one.
    ///
    /// # Errors
    /// When the store cannot say.
    fn shared_secret(
        &self,
        name: &str,
        session: &Session,
    ) -> impl Future<Output = Result<Option<Secret>, StoreError>> + Send {
        let _ = (name, session);
        std::future::ready(Ok(None))
    }

    /// Whether `name`, who is authenticated, may act for `other` (the authorization identity of RFC
    /// 4422 section 3.4.1). Nobody may, unless the store says so.
    ///
    /// # Errors
    /// When the store cannot say.
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
