use super::failures::FailureLimit;
use crate::mechanism::Mechanism;
use crate::sasl::NonceSource;
use crate::scram::Decoy;

/// What the application chose.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) mechanisms: Vec<Mechanism>,
    pub(super) plaintext_without_tls: bool,
    pub(super) failures: FailureLimit,
    pub(super) decoy: Decoy,
    pub(super) nonce: NonceSource,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mechanisms: Mechanism::ALL.to_vec(),
            plaintext_without_tls: false,
            failures: FailureLimit::default(),
            decoy: Decoy::random(),
            nonce: NonceSource::default(),
        }
    }
}
