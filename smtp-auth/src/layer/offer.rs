//! What is offered to whom.

use smtp_core::{Capability, Reply, Session};

use super::settings::Settings;
use crate::mechanism::Mechanism;
use crate::store::CredentialStore;

/// The mechanisms that the store has what it takes for.
pub(super) fn usable(settings: &Settings, store: &impl CredentialStore) -> Vec<Mechanism> {
    let is_usable = |mechanism: &Mechanism| mechanism.definition().needs.are_met_by(store);
    settings.mechanisms.iter().copied().filter(is_usable).collect()
}

/// The mechanism of this name, or why it cannot be used in this session.
pub(super) fn choose(settings: &Settings, name: &str, session: &Session) -> Result<Mechanism, Reply> {
    let known = settings.mechanisms.iter().find(|mechanism| mechanism.name() == name);
    let mechanism = *known.ok_or_else(|| Reply::new(504, "5.5.4 unrecognized authentication mechanism"))?;
    if fits(settings, mechanism, session) {
        Ok(mechanism)
    } else {
        // RFC 4954 section 6.
        Err(Reply::new(538, "5.7.11 encryption required for requested authentication mechanism"))
    }
}

/// What is added to the answer to EHLO, if anything is.
pub(super) fn capability(settings: &Settings, session: &Session) -> Option<Capability> {
    if session.identity().is_some() {
        return None;
    }
    let mut offered =
        settings.mechanisms.iter().filter(|mechanism| fits(settings, **mechanism, session)).peekable();
    offered.peek()?;
    // RFC 4954 section 3 lengthens MAIL by 500 octets.
    let capability = Capability::new("AUTH").mail_parameters(&["AUTH"]).line_allowance(500);
    Some(offered.fold(capability, |capability, mechanism| capability.argument(mechanism.name())))
}

/// Adds the capability to a positive answer to EHLO.
pub(super) fn add(capability: Capability, reply: &mut Reply) {
    if reply.is_positive() {
        reply.capabilities_mut().insert(capability);
    }
}

fn fits(settings: &Settings, mechanism: Mechanism, session: &Session) -> bool {
    !mechanism.is_plaintext() || session.tls().is_some() || settings.plaintext_without_tls
}
