//! Who the client proved to be.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// An authenticated client (RFC 4954). Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    name: Arc<str>,
    acts_for: Option<Arc<str>>,
    mechanism: Cow<'static, str>,
}

impl Identity {
    /// Who proved to be `name` by `mechanism`, named as in the SASL registry.
    pub fn new(name: &str, mechanism: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), acts_for: None, mechanism: mechanism.into() }
    }

    /// Who acts for another user (the authorization identity of SASL).
    #[must_use]
    pub fn acting_for(mut self, name: &str) -> Self {
        self.acts_for = Some(name.into());
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
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
