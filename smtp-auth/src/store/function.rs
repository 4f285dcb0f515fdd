use std::borrow::Cow;
use std::fmt;

use smtp_core::Session;

use super::{CredentialStore, PasswordLogin, StoreError, Verdict};

/// A store that is an async function; made by [`verify_fn`].
#[derive(Clone)]
pub struct VerifyFn<F>(F);

/// Makes a store of an async function that verifies passwords. It offers PLAIN and LOGIN, as SCRAM
/// needs keys.
///
/// ```
/// use smtp_auth::{AuthLayer, Verdict, verify_fn};
///
/// let store = verify_fn(|login, _session| async move {
///     Ok(Verdict::from(login.name == "alice" && login.password.expose() == b"correct horse"))
/// });
/// let layer = AuthLayer::new(store);
/// ```
///
/// A real function compares passwords in constant time, or better only their hashes.
pub fn verify_fn<F, Fut>(verify: F) -> VerifyFn<F>
where
    F: Fn(PasswordLogin, Session) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Verdict, StoreError>> + Send,
{
    VerifyFn(verify)
}

impl<F, Fut> CredentialStore for VerifyFn<F>
where
    F: Fn(PasswordLogin, Session) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Verdict, StoreError>> + Send,
{
    fn name(&self) -> Cow<'static, str> {
        "function".into()
    }

    fn verify_password(
        &self,
        login: PasswordLogin,
        session: &Session,
    ) -> impl Future<Output = Result<Verdict, StoreError>> + Send {
        (self.0)(login, session.clone())
    }
}

impl<F> fmt::Debug for VerifyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyFn")
    }
}
