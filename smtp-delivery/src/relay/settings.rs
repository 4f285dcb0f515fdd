use std::sync::Arc;

use smtp_core::client::{ClientAuth, ClientTls, TlsDecision};
use smtp_core::{Dialect, Host};

use super::{LongLines, Sources, Timeouts};
use crate::SpoolOptions;

/// What a relay was told, whichever next hop its connections lead to.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tls: Arc<dyn ClientTls>,
    pub(crate) auth: Option<Arc<dyn ClientAuth>>,
    /// How we call ourselves, where the source of a connection has no name of its own.
    pub(crate) name: Option<Host>,
    pub(crate) sources: Sources,
    pub(crate) timeouts: Timeouts,
    pub(crate) spool: SpoolOptions,
    pub(crate) long_lines: LongLines,
    pub(crate) dialect: Dialect,
}

impl Settings {
    /// Whether a connection that was made with these would have been made so with those.
    pub(super) fn make_the_same_connections(&self, those: &Self) -> bool {
        let same_auth = match (&self.auth, &those.auth) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        same_auth
            && Arc::ptr_eq(&self.tls, &those.tls)
            && self.sources == those.sources
            && self.timeouts == those.timeouts
            && self.dialect == those.dialect
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tls: Arc::new(TlsDecision::Never),
            auth: None,
            name: None,
            sources: Sources::default(),
            timeouts: Timeouts::default(),
            spool: SpoolOptions::default(),
            long_lines: LongLines::default(),
            dialect: Dialect::Smtp,
        }
    }
}
