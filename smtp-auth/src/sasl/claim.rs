use rsasl::callback::Context;
use rsasl::prelude::Validation;
use rsasl::property::{AuthId, AuthzId, Password};
use smtp_core::Secret;

use super::{ByCertificate, Proven, Token, Trace};
use crate::saslprep::{prepare, prepare_secret};

/// Who the client says that it is, in the form that SASLprep gives.
#[derive(Debug)]
pub(crate) struct Claim {
    /// Whose credentials it shows; `None` where they tell that themselves.
    pub(crate) name: Option<String>,
    /// For whom it wants to act, if it said so and that is not itself.
    pub(crate) acts_for: Option<String>,
    pub(crate) proof: Proof,
}

/// What backs a claim.
#[derive(Debug)]
pub(crate) enum Proof {
    /// This password, which is yet to be verified.
    Password(Secret),
    /// This bearer token, which is yet to be verified.
    Token(Secret),
    /// The client certificate of the TLS session, of which is yet to be seen whose it is.
    Certificate,
    /// The mechanism verified it.
    Shown,
    /// Nothing: this is what an anonymous client says of itself.
    Nothing { trace: String },
}

impl Validation for Claim {
    type Value = Self;
}

impl Claim {
    /// What a mechanism tells; `None` if names or password are not to be had, or prohibited.
    pub(super) fn read(context: &Context<'_>) -> Option<Self> {
        let proof = Proof::read(context)?;
        let needs_name = matches!(proof, Proof::Password(_) | Proof::Shown);
        let name = match context.get_ref::<AuthId>() {
            Some(name) => Some(prepare(name)?.into_owned()),
            None if needs_name => return None,
            None => None,
        };
        let acts_for = match context.get_ref::<AuthzId>() {
            None | Some("") => None,
            Some(other) => Some(prepare(other)?.into_owned()).filter(|other| Some(other) != name.as_ref()),
        };
        Some(Self { name, acts_for, proof })
    }
}

impl Proof {
    fn read(context: &Context<'_>) -> Option<Self> {
        if context.get_ref::<Proven>().is_some() {
            return Some(Self::Shown);
        }
        if context.get_ref::<ByCertificate>().is_some() {
            return Some(Self::Certificate);
        }
        if let Some(token) = context.get_ref::<Token>() {
            return Some(Self::Token(Secret::new(token.to_vec())));
        }
        if let Some(trace) = context.get_ref::<Trace>() {
            return Some(Self::Nothing { trace: trace.to_owned() });
        }
        let password = Secret::new(context.get_ref::<Password>()?.to_vec());
        prepare_secret(&password).map(Self::Password)
    }
}
