use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::certificate::{self, ServerCertificates, Source};
use crate::{Authorities, TlsError, TlsPolicy};

/// Where all that a server needs is read from.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    /// Certificates and their keys.
    pub(super) pairs: Vec<(Source, Source)>,
    pub(super) authorities: Authorities,
    pub(super) policy: TlsPolicy,
}

impl Sources {
    pub(super) fn certificates(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Arc<ServerCertificates>, TlsError> {
        let load = |(certificate, key): &(Source, Source)| {
            certificate::load(&certificate.read()?, &key.read()?, provider)
        };
        let all = self.pairs.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() {
            return Err(TlsError::Nothing);
        }
        Ok(Arc::new(ServerCertificates::new(all)))
    }

    /// All that is looked at for changes.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let pairs = self.pairs.iter().flat_map(|(certificate, key)| [certificate, key]);
        let mut paths: Vec<PathBuf> = pairs.filter_map(Source::path).map(Path::to_owned).collect();
        paths.extend(self.authorities.paths());
        paths
    }
}
