use std::fmt;

use smtp_core::Secret;

use crate::Mechanism;

/// What to log in with.
///
/// ```
/// use smtp_auth::Mechanism;
/// use smtp_auth::client::Credentials;
///
/// let credentials = Credentials::password("joe", "secret").mechanisms([Mechanism::SCRAM_SHA_256]);
/// assert!(!format!("{credentials:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct Credentials {
    pub(super) name: String,
    pub(super) acts_for: String,
    pub(super) proof: Proof,
    pub(super) mechanisms: Option<Vec<Mechanism>>,
    pub(super) plaintext_without_tls: bool,
}

/// What shows that the name is ours.
#[derive(Clone)]
pub(super) enum Proof {
    Password(Secret),
    Token(Secret),
    Certificate,
}

impl Credentials {
    /// A name and its password, for SCRAM, CRAM-MD5, PLAIN and LOGIN.
    pub fn password(name: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::new(name.into(), Proof::Password(password.into()))
    }

    /// A name and a bearer token (RFC 6750), for OAUTHBEARER and XOAUTH2. Tokens expire: a
    /// [source](super::CredentialSource) that gets a fresh one each time is a closure.
    pub fn token(name: impl Into<String>, token: impl Into<Secret>) -> Self {
        Self::new(name.into(), Proof::Token(token.into()))
    }

    /// The certificate that TLS shows, for EXTERNAL.
    pub fn certificate() -> Self {
        Self::new(String::new(), Proof::Certificate)
    }

    fn new(name: String, proof: Proof) -> Self {
        Self { name, acts_for: String::new(), proof, mechanisms: None, plaintext_without_tls: false }
    }

    /// Acts for another (the authorization identity of RFC 4422 section 2).
    #[must_use]
    pub fn acts_for(mut self, name: impl Into<String>) -> Self {
        self.acts_for = name.into();
        self
    }

    /// Uses these mechanisms alone.
    #[must_use]
    pub fn mechanisms(mut self, mechanisms: impl IntoIterator<Item = Mechanism>) -> Self {
        self.mechanisms = Some(mechanisms.into_iter().collect());
        self
    }

    /// Shows the password or the token without TLS too, to whoever reads along.
    #[must_use]
    pub fn plaintext_without_tls(mut self) -> Self {
        self.plaintext_without_tls = true;
        self
    }

    /// The name; empty for a certificate.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is nothing in the names that a mechanism could take for its own.
    pub(super) fn are_well_formed(&self) -> bool {
        let has_control = |name: &str| name.chars().any(char::is_control);
        let named = !self.name.is_empty() || matches!(self.proof, Proof::Certificate);
        named && !has_control(&self.name) && !has_control(&self.acts_for)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("name", &self.name)
            .field("acts_for", &self.acts_for)
            .finish_non_exhaustive()
    }
}
