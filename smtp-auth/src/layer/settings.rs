use std::fmt;
use std::sync::Arc;

use smtp_core::Session;

use super::failures::FailureLimit;
use crate::mechanism::{Mechanism, TokenHints};
use crate::sasl::NonceSource;
use crate::scram::Decoy;
use crate::throttle::Throttle;

/// What the application chose.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) mechanisms: Vec<Mechanism>,
    pub(super) offer: OfferRule,
    pub(super) plaintext_without_tls: bool,
    pub(super) failures: FailureLimit,
    pub(super) throttle: Throttle,
    pub(super) token_hints: TokenHints,
    pub(super) decoy: Decoy,
    pub(super) nonce: NonceSource,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mechanisms: Mechanism::DEFAULT.to_vec(),
            offer: OfferRule::default(),
            plaintext_without_tls: false,
            failures: FailureLimit::default(),
            throttle: Throttle::default(),
            token_hints: TokenHints::default(),
            decoy: Decoy::random(),
            nonce: NonceSource::default(),
        }
    }
}

/// Which of the mechanisms are for which session.
#[derive(Clone)]
pub(super) struct OfferRule(Arc<Rule>);

type Rule = dyn Fn(Mechanism, &Session) -> bool + Send + Sync;

impl OfferRule {
    pub(super) fn new(rule: impl Fn(Mechanism, &Session) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(rule))
    }

    pub(super) fn allows(&self, mechanism: Mechanism, session: &Session) -> bool {
        (self.0)(mechanism, session)
    }
}

impl Default for OfferRule {
    fn default() -> Self {
        Self::new(|_, _| true)
    }
}

impl fmt::Debug for OfferRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfferRule")
    }
}
