//! What mechanisms of our own ask of the callback and tell it.

use rsasl::property::SizedProperty;

use crate::scram::PresentedKeys;

/// Asked for: the SCRAM keys of the user in the context's `AuthId`.
pub(crate) struct Keys;

impl SizedProperty<'_> for Keys {
    type Value = PresentedKeys;
}

/// Asked for: a nonce that was never used before.
pub(crate) struct Nonce;

impl SizedProperty<'_> for Nonce {
    type Value = String;
}

/// Told: the mechanism itself saw a proof of the name, there is no password to verify.
pub(crate) struct Proven;

impl SizedProperty<'_> for Proven {
    type Value = ();
}
