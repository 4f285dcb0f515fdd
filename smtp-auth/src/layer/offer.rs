//! What is offered to whom.

use smtp_core::{Capability, Reply, Session, Verify};

use super::settings::Settings;
use crate::mechanism::{Mechanism, Needs};
use crate::store::CredentialStore;

/// What one session may use.
pub(super) struct Offer<'a, C> {
    pub(super) settings: &'a Settings,
    pub(super) store: &'a C,
    pub(super) session: &'a Session,
}

/// Why a mechanism is not offered.
enum Obstacle {
    /// It is unknown, or the store or this session lacks what it needs.
    Unsupported,
    /// It needs TLS.
    NoTls,
    /// The site does not want it.
    TooWeak,
}

impl Obstacle {
    /// RFC 4954 section 6.
    fn reply(&self) -> Reply {
        match self {
            Self::Unsupported => Reply::new(504, "5.5.4 unrecognized authentication mechanism"),
            Self::NoTls => {
                Reply::new(538, "5.7.11 encryption required for requested authentication mechanism")
            }
            Self::TooWeak => Reply::new(534, "5.7.9 authentication mechanism is too weak"),
        }
    }
}

impl<C: CredentialStore> Offer<'_, C> {
    /// The mechanism of this name, or why it cannot be used.
    pub(super) fn choose(&self, name: &str) -> Result<Mechanism, Reply> {
        let named = |mechanism: &&Mechanism| mechanism.name() == name;
        let Some(mechanism) = self.settings.mechanisms.iter().find(named) else {
            let off = Mechanism::ALL.iter().find(named).filter(|mechanism| mechanism.weakness().is_some());
            return Err(off.map_or(Obstacle::Unsupported, |_| Obstacle::TooWeak).reply());
        };
        self.check(*mechanism).map(|()| *mechanism).map_err(|obstacle| obstacle.reply())
    }

    /// What is added to the answer to EHLO, if anything is.
    pub(super) fn capability(&self) -> Option<Capability> {
        if self.session.login().is_some() {
            return None;
        }
        let mut offered = self.mechanisms().peekable();
        offered.peek()?;
        // RFC 4954 section 3 lengthens MAIL by 500 octets.
        let capability = Capability::new("AUTH").mail_parameters(&["AUTH"]).line_allowance(500);
        Some(offered.fold(capability, |capability, mechanism| capability.argument(mechanism.name())))
    }

    /// Whether a mechanism with channel binding is there.
    pub(super) fn has_channel_binding(&self) -> bool {
        self.mechanisms().any(Mechanism::has_channel_binding)
    }

    fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        self.settings.mechanisms.iter().copied().filter(|mechanism| self.check(*mechanism).is_ok())
    }

    fn check(&self, mechanism: Mechanism) -> Result<(), Obstacle> {
        let needs = mechanism.definition().needs;
        if !needs.are_met_by(self.store) {
            return Err(Obstacle::Unsupported);
        }
        let exposed = mechanism.is_plaintext() && !self.settings.plaintext_without_tls;
        match self.session.tls() {
            None if exposed || mechanism.has_channel_binding() || needs == Needs::Certificate => {
                return Err(Obstacle::NoTls);
            }
            Some(tls) if mechanism.has_channel_binding() && tls.channel_bindings.is_empty() => {
                return Err(Obstacle::Unsupported);
            }
            Some(tls) if needs == Needs::Certificate && tls.verify != Verify::Ok => {
                return Err(Obstacle::Unsupported);
            }
            _ => {}
        }
        if (self.settings.offer)(mechanism, self.session) { Ok(()) } else { Err(Obstacle::TooWeak) }
    }
}

/// Adds the capability to a positive answer to EHLO.
pub(super) fn add(capability: Capability, reply: &mut Reply) {
    if reply.is_positive() {
        reply.capabilities_mut().insert(capability);
    }
}
