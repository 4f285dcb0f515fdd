//! Who the client proved to be.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// An authenticated client (RFC 4954). Cheap to clone.
///
/// ```
/// use smtp_core::{Identity, Strength};
///
/// let identity = Identity::new("alice", "SCRAM-SHA-256-PLUS").with_strength(Strength::ChannelBound);
/// assert!(identity.strength() >= Strength::Challenge);
/// assert_eq!(Identity::new("alice", "PLAIN").acting_for("office").name(), "office");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    name: Arc<str>,
    acts_for: Option<Arc<str>>,
    mechanism: Cow<'static, str>,
    store: Option<Arc<str>>,
    strength: Strength,
}

/// How well an identity is proven, the weakest first; policies compare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Strength {
    /// Not at all (RFC 4505): the name is what the client says.
    Anonymous,
    /// By a password or a token that went over the network as it is.
    Exposed,
    /// By a digest of a challenge, from which who reads along can guess the password: CRAM-MD5,
    /// DIGEST-MD5.
    Digest,
    /// By a password or a token shown to this server alone, within TLS.
    Encrypted,
    /// By a proof from which nobody learns the password, given by both sides: SCRAM.
    Challenge,
    /// By such a proof, tied to this very TLS session (RFC 5056): nobody stands in between.
    ChannelBound,
    /// By the key of a client certificate.
    Certificate,
}

impl Identity {
    /// Who proved to be `name` by `mechanism`, named as in the SASL registry. How well is not known,
    /// so [`Strength::Exposed`] is assumed; nothing is proven by ANONYMOUS.
    pub fn new(name: &str, mechanism: impl Into<Cow<'static, str>>) -> Self {
        let mechanism = mechanism.into();
        let anonymous = mechanism.eq_ignore_ascii_case("ANONYMOUS");
        let strength = if anonymous { Strength::Anonymous } else { Strength::Exposed };
        Self { name: name.into(), acts_for: None, mechanism, store: None, strength }
    }

    /// Who acts for another user (the authorization identity of SASL).
    #[must_use]
    pub fn acting_for(mut self, name: &str) -> Self {
        self.acts_for = Some(name.into());
        self
    }

    /// Whose credentials the store of this name knows.
    #[must_use]
    pub fn from_store(mut self, store: &str) -> Self {
        self.store = Some(store.into());
        self
    }

    /// Who is proven as well as this.
    #[must_use]
    pub fn with_strength(mut self, strength: Strength) -> Self {
        self.strength = strength;
        self
    }

    /// Whose credentials were shown.
    pub fn authenticated_name(&self) -> &str {
        &self.name
    }

    /// On whose behalf the client acts: itself, unless it asked to act for another and may.
    pub fn name(&self) -> &str {
        self.acts_for.as_deref().unwrap_or(&self.name)
    }

    /// The SASL mechanism, `SCRAM-SHA-256` for example.
    pub fn mechanism(&self) -> &str {
        &self.mechanism
    }

    /// The store that knows the credentials, where one has a name.
    pub fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    /// How well it is proven.
    pub fn strength(&self) -> Strength {
        self.strength
    }

    /// Whether the name is only what the client says (RFC 4505).
    pub fn is_anonymous(&self) -> bool {
        self.strength == Strength::Anonymous
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Anonymous => "anonymous",
            Self::Exposed => "exposed",
            Self::Digest => "digest",
            Self::Encrypted => "encrypted",
            Self::Challenge => "challenge",
            Self::ChannelBound => "channel-bound",
            Self::Certificate => "certificate",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnectionInfo, SessionFacts};

    #[test]
    fn who_proved_nothing_is_nobody() {
        let mut facts = SessionFacts::new(ConnectionInfo::default());
        facts.set_identity(Identity::new("guest", "anonymous"));
        assert!(facts.session().identity().is_none());
        assert!(facts.session().login().is_some_and(Identity::is_anonymous));
        facts.set_identity(Identity::new("alice", "PLAIN"));
        assert_eq!(facts.session().identity(), facts.session().login());
    }
}
