use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::decide::Loaded;
use super::demand::Table;
use super::{Demand, RelayTls, TlsReport};
use crate::certificate::{Pem, Source};
use crate::{Authorities, TlsError, TlsPolicy};

/// Who hears what came of TLS.
pub(super) type Hook = Arc<dyn Fn(TlsReport) + Send + Sync>;

/// What makes a [`RelayTls`].
#[derive(Clone, Default)]
#[must_use = "it does nothing until it is built"]
pub struct RelayTlsBuilder {
    pub(super) table: Table,
    pub(super) authorities: Authorities,
    pub(super) own: Option<(Source, Source)>,
    pub(super) policy: TlsPolicy,
    pub(super) implicit_port: Option<u16>,
    pub(super) timeout: Option<Duration>,
    pub(super) hook: Option<Hook>,
    #[cfg(feature = "dane")]
    pub(super) dane: Option<crate::dane::Dane>,
    #[cfg(feature = "mta-sts")]
    pub(super) mta_sts: Option<crate::mta_sts::MtaSts>,
}

impl RelayTlsBuilder {
    /// What is demanded of destinations that nothing else is said of; opportunistic by default.
    pub fn default_demand(mut self, demand: Demand) -> Self {
        self.table.default = demand;
        self
    }

    /// What is demanded of a host or a domain of recipients, whatever it publishes; of all within a
    /// domain where the name begins with a dot. The nearest name counts, and a domain of recipients
    /// before a host.
    pub fn demand_for(mut self, name: &str, demand: Demand) -> Self {
        self.table.insert(name, demand);
        self
    }

    /// The CAs that certificates of servers are verified with. Without any none is good.
    pub fn authorities(mut self, authorities: Authorities) -> Self {
        self.authorities = authorities;
        self
    }

    /// The certificate that is shown to servers that ask for one, from PEM files.
    pub fn certificate_files(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.own = Some((Source::File(certificate.into()), Source::File(key.into())));
        self
    }

    /// The same from PEM in memory.
    pub fn certificate_pem(mut self, certificate: &[u8], key: &[u8]) -> Self {
        let (certificate, key) = (Pem::new("certificate", certificate), Pem::new("key", key));
        self.own = Some((Source::Memory(certificate), Source::Memory(key)));
        self
    }

    /// What is spoken.
    pub fn policy(mut self, policy: TlsPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// On connections to this port TLS begins with the connection, as on 465 (RFC 8314), and is always
    /// demanded.
    pub fn implicit_port(mut self, port: u16) -> Self {
        self.implicit_port = Some(port);
        self
    }

    /// Gives handshakes this much time instead of 30 seconds.
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Who hears what came of TLS, for statistics and reports. It must not block.
    pub fn on_outcome(mut self, hook: impl Fn(TlsReport) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Demands by DANE (RFC 7672) of domains that publish their keys, unless the table says otherwise.
    #[cfg(feature = "dane")]
    pub fn dane(mut self, dane: crate::dane::Dane) -> Self {
        self.dane = Some(dane);
        self
    }

    /// Demands by MTA-STS (RFC 8461) of domains that publish a policy and no keys by DANE, unless the
    /// table says otherwise.
    #[cfg(feature = "mta-sts")]
    pub fn mta_sts(mut self, mta_sts: crate::mta_sts::MtaSts) -> Self {
        self.mta_sts = Some(mta_sts);
        self
    }

    /// Reads everything. Blocks while it does.
    ///
    /// # Errors
    /// If a file cannot be read, has not in it what it should, or if the key belongs to another
    /// certificate. The error names the file.
    pub fn build(self) -> Result<RelayTls, TlsError> {
        Ok(RelayTls::new(Loaded::read(&self)?, self))
    }
}

impl std::fmt::Debug for RelayTlsBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayTlsBuilder").field("table", &self.table).finish_non_exhaustive()
    }
}
