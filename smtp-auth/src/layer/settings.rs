use std::sync::Arc;

use super::failure_limit::FailureLimit;
use super::originator;
use super::rules::{DelegationRule, OfferRule, OriginatorRule, Rule};
use crate::mechanism::{Mechanism, TokenHints};
use crate::sasl::NonceSource;
use crate::scram::Decoy;
use crate::throttle::Throttle;

/// What the application chose.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) mechanisms: Vec<Mechanism>,
    pub(super) offer: OfferRule,
    pub(super) delegation: DelegationRule,
    pub(super) originator: OriginatorRule,
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
            offer: Rule(Arc::new(|_, _| true)),
            delegation: Rule(Arc::new(|_, _, _| false)),
            originator: Rule(Arc::new(originator::is_client)),
            plaintext_without_tls: false,
            failures: FailureLimit::default(),
            throttle: Throttle::default(),
            token_hints: TokenHints::default(),
            decoy: Decoy::random(),
            nonce: NonceSource::default(),
        }
    }
}
