//! A resolver that validates, for what domains publish about TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use smtp_core::BoxError;

/// Asks name servers, and validates their answers by DNSSEC itself: what stands between it and them
/// is not trusted. Cheap to clone; clones share a cache.
#[derive(Clone)]
pub struct DnsResolver(TokioResolver);

/// What was found under a name.
#[derive(Debug)]
#[cfg_attr(not(feature = "dane"), expect(dead_code))]
pub(crate) struct Answer {
    pub(crate) data: Vec<RData>,
    /// Whether all of it is signed, up to the root.
    pub(crate) secure: bool,
    /// The name at the end of the aliases.
    pub(crate) name: String,
}

impl DnsResolver {
    /// Asks the name servers of this system (`/etc/resolv.conf`).
    ///
    /// # Errors
    /// If the system's configuration cannot be read.
    pub fn of_system() -> Result<Self, BoxError> {
        let builder = TokioResolver::builder_tokio()?;
        let anchors = Arc::new(TrustAnchors::default());
        Ok(Self(Self::tuned(builder).with_trust_anchor(anchors).build()?))
    }

    /// Asks these name servers. Signatures lead to the root's key, or to those in a file with `DNSKEY`
    /// records where the root is one's own.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn with_servers(
        servers: impl IntoIterator<Item = SocketAddr>,
        trust_anchors: Option<&Path>,
    ) -> Result<Self, BoxError> {
        let servers = servers.into_iter().map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let anchors = match trust_anchors {
            Some(path) => TrustAnchors::from_file(path)?,
            None => TrustAnchors::default(),
        };
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        Ok(Self(Self::tuned(builder).with_trust_anchor(Arc::new(anchors)).build()?))
    }

    fn tuned(
        mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>,
    ) -> hickory_resolver::ResolverBuilder<TokioRuntimeProvider> {
        // What goes through everywhere without being fragmented.
        builder.options_mut().edns_payload_len = 1232;
        builder
    }

    /// What is under the name, if something is.
    ///
    /// # Errors
    /// If there is no telling: nobody answers, or somebody has forged the answer.
    pub(crate) async fn lookup(&self, name: &str, kind: RecordType) -> Result<Option<Answer>, NetError> {
        // Always from the root: a search list must not lead elsewhere.
        let name = Name::from_ascii(format!("{}.", name.trim_end_matches('.')))?;
        match self.0.lookup(name, kind).await {
            Ok(lookup) => Ok(answer(&lookup, kind)),
            Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn answer(lookup: &Lookup, kind: RecordType) -> Option<Answer> {
    // The signatures are among the answers too.
    let wanted =
        |kind: RecordType| lookup.answers().iter().filter(move |record| record.record_type() == kind);
    let data: Vec<RData> = wanted(kind).map(|record| record.data.clone()).collect();
    let name = wanted(kind).next()?.name.to_string();
    let secure = wanted(kind).chain(wanted(RecordType::CNAME)).all(|record| record.proof == Proof::Secure);
    Some(Answer { data, secure, name })
}

impl std::fmt::Debug for DnsResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DnsResolver")
    }
}
