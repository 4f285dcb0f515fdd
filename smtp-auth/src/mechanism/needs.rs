use crate::scram::ScramHash;
use crate::store::CredentialStore;

/// What a mechanism needs of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// To verify a password.
    Password,
    /// To verify a token. A client whose token is refused hears this status.
    Token { status: &'static str },
    /// To know whose a certificate is.
    Certificate,
    /// To hand out keys for this hash.
    ScramKeys(ScramHash),
    /// To hand out passwords as they are.
    SharedSecret,
    /// Nothing: nobody proves anything.
    Nothing,
}

impl Needs {
    /// Whether the store can do it.
    pub(crate) fn are_met_by(self, store: &impl CredentialStore) -> bool {
        match self {
            Self::Password => store.verifies_passwords(),
            Self::Token { .. } => store.takes_tokens(),
            Self::Certificate => store.maps_certificates(),
            Self::ScramKeys(hash) => store.has_scram_keys(hash),
            Self::SharedSecret => store.has_shared_secrets(),
            Self::Nothing => true,
        }
    }
}
