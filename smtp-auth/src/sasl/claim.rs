use rsasl::callback::Context;
use rsasl::prelude::Validation;
use rsasl::property::{AuthId, AuthzId, Password};
use smtp_core::Secret;

use super::Proven;
use crate::saslprep::{prepare, prepare_secret};

/// Who the client says that it is, in the form that SASLprep gives.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) name: String,
    /// For whom it wants to act, if it said so and that is not itself.
    pub(crate) acts_for: Option<String>,
    pub(crate) proof: Proof,
}

/// What backs a claim.
#[derive(Debug)]
pub(crate) enum Proof {
    /// This password, which is yet to be verified.
    Password(Secret),
    /// The mechanism verified it.
    Shown,
}

impl Validation for Claim {
    type Value = Self;
}

impl Claim {
    /// What a mechanism tells; `None` if names or password are not to be had, or prohibited.
    pub(super) fn read(context: &Context<'_>) -> Option<Self> {
        let name = prepare(context.get_ref::<AuthId>()?)?.into_owned();
        let acts_for = match context.get_ref::<AuthzId>() {
            None | Some("") => None,
            Some(other) => Some(prepare(other)?.into_owned()).filter(|other| *other != name),
        };
        let proof = if context.get_ref::<Proven>().is_some() {
            Proof::Shown
        } else {
            let password = Secret::new(context.get_ref::<Password>()?.to_vec());
            Proof::Password(prepare_secret(&password)?)
        };
        Some(Self { name, acts_for, proof })
    }
}
