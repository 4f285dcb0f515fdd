//! What mechanisms of our own ask of the callback and tell it.

use rsasl::property::{Property, SizedProperty};
use smtp_core::Secret;

use crate::scram::PresentedKeys;

/// Asked for: the SCRAM keys of the user in the context's `AuthId`.
pub(crate) struct Keys;

impl SizedProperty<'_> for Keys {
    type Value = PresentedKeys;
}

/// Asked for: the password of the user in the context's `AuthId`, which both sides know.
pub(crate) struct SharedSecret;

impl SizedProperty<'_> for SharedSecret {
    type Value = PresentedSecret;
}

/// A shared secret as a mechanism sees it: that of a user, or one with which no proof counts.
#[derive(Debug, Clone)]
pub(crate) struct PresentedSecret {
    pub(crate) secret: Secret,
    pub(crate) genuine: bool,
}

/// Asked for: a nonce that was never used before.
pub(crate) struct Nonce;

impl SizedProperty<'_> for Nonce {
    type Value = String;
}

/// Asked for: whether mechanisms with channel binding are offered to this client.
pub(crate) struct BindingOffered;

impl SizedProperty<'_> for BindingOffered {
    type Value = bool;
}

/// Told: the mechanism itself saw a proof of the name, there is no password to verify.
pub(crate) struct Proven;

impl SizedProperty<'_> for Proven {
    type Value = ();
}

/// Told: a bearer token.
pub(crate) struct Token;

impl Property<'_> for Token {
    type Value = [u8];
}

/// Told: the proof was given to TLS.
pub(crate) struct ByCertificate;

impl SizedProperty<'_> for ByCertificate {
    type Value = ();
}

/// Told: what an anonymous client says of itself.
pub(crate) struct Trace;

impl Property<'_> for Trace {
    type Value = str;
}
