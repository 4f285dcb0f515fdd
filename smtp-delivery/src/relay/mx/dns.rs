use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use smtp_core::{BoxError, BoxFuture, Domain};

use super::{LookupError, MailExchanger, MailExchangers, MxLookup};

/// Looks mail servers up in the DNS. Cheap to clone; clones share a cache.
///
/// Answers are believed as they come, unless it validates them by DNSSEC
/// ([`validating`](DnsMxBuilder::validating)).
#[derive(Clone)]
pub struct DnsMx {
    resolver: TokioResolver,
    validates: bool,
}

/// What makes a [`DnsMx`].
#[must_use = "it does nothing until it is built"]
pub struct DnsMxBuilder {
    resolver: ResolverBuilder<TokioRuntimeProvider>,
    anchors: Option<TrustAnchors>,
}

impl DnsMx {
    /// Asks the name servers of this system (`/etc/resolv.conf`).
    ///
    /// # Errors
    /// If the system's configuration cannot be read.
    pub fn of_system() -> Result<DnsMxBuilder, BoxError> {
        Ok(DnsMxBuilder { resolver: TokioResolver::builder_tokio()?, anchors: None })
    }

    /// Asks these name servers.
    pub fn with_servers(servers: impl IntoIterator<Item = SocketAddr>) -> DnsMxBuilder {
        let servers = servers.into_iter().map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        DnsMxBuilder { resolver, anchors: None }
    }

    /// What is under a name; `None` if it has nothing of this kind.
    async fn lookup(&self, name: &str, kind: RecordType) -> Result<Option<Lookup>, LookupError> {
        // Always from the root: a search list must not lead elsewhere.
        let name = Name::from_ascii(format!("{name}.")).map_err(|_| LookupError::NoSuchName)?;
        match self.resolver.lookup(name, kind).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_nx_domain() => Err(LookupError::NoSuchName),
            Err(error) if error.is_no_records_found() => Ok(None),
            Err(error) => Err(LookupError::Temporary(error.into())),
        }
    }
}

impl DnsMxBuilder {
    /// Validates answers by DNSSEC, so that what stands between here and the name servers need not be
    /// trusted. Signatures lead to the root's key, or to those in a file with `DNSKEY` records where the
    /// root is one's own.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn validating(mut self, trust_anchors: Option<&Path>) -> Result<Self, BoxError> {
        self.anchors = Some(match trust_anchors {
            Some(path) => TrustAnchors::from_file(path)?,
            None => TrustAnchors::default(),
        });
        Ok(self)
    }

    /// Makes it.
    ///
    /// # Errors
    /// If no resolver can be made.
    pub fn build(self) -> Result<DnsMx, BoxError> {
        let (mut builder, validates) = (self.resolver, self.anchors.is_some());
        // What goes through everywhere without being fragmented.
        builder.options_mut().edns_payload_len = 1232;
        if let Some(anchors) = self.anchors {
            builder = builder.with_trust_anchor(Arc::new(anchors));
        }
        Ok(DnsMx { resolver: builder.build()?, validates })
    }
}

impl MxLookup for DnsMx {
    fn mail_exchangers(&self, domain: &Domain) -> BoxFuture<Result<MailExchangers, LookupError>> {
        let (dns, name) = (self.clone(), domain.to_ascii().to_owned());
        Box::pin(async move {
            let Some(found) = dns.lookup(&name, RecordType::MX).await? else {
                return Ok(MailExchangers::default());
            };
            // The aliases that led to them, and the signatures, are among the answers too.
            let of = |kind| found.answers().iter().filter(move |record| record.record_type() == kind);
            let mut chain = of(RecordType::MX).chain(of(RecordType::CNAME));
            let proved = chain.all(|record| record.proof == Proof::Secure);
            let records: Vec<_> =
                of(RecordType::MX).filter_map(|record| mail_exchanger(&record.data)).collect();
            // That there are none, no record proves.
            let secure = (dns.validates && !records.is_empty()).then_some(proved);
            Ok(MailExchangers { records, secure })
        })
    }

    fn addresses(&self, host: &str) -> BoxFuture<Result<Vec<IpAddr>, LookupError>> {
        let (dns, host) = (self.clone(), host.to_owned());
        Box::pin(async move {
            let (v6, v4) =
                futures::join!(dns.lookup(&host, RecordType::AAAA), dns.lookup(&host, RecordType::A));
            let found =
                [v6, v4].map(|found| found.map(|found| found.as_ref().map_or_else(Vec::new, addresses)));
            match found {
                [Ok(v6), Ok(v4)] => Ok([v6, v4].concat()),
                // What was found of one family will do.
                [Ok(found), Err(_)] | [Err(_), Ok(found)] if !found.is_empty() => Ok(found),
                [Err(error @ LookupError::Temporary(_)), _] | [_, Err(error)] | [Err(error), _] => Err(error),
            }
        })
    }
}

fn mail_exchanger(data: &RData) -> Option<MailExchanger> {
    match data {
        RData::MX(mx) => {
            let host = mx.exchange.to_ascii();
            Some(MailExchanger::new(mx.preference, host.trim_end_matches('.')))
        }
        _ => None,
    }
}

fn addresses(found: &Lookup) -> Vec<IpAddr> {
    let address = |data: &RData| match data {
        RData::A(address) => Some(address.0.into()),
        RData::AAAA(address) => Some(address.0.into()),
        _ => None,
    };
    found.answers().iter().filter_map(|record| address(&record.data)).collect()
}

impl fmt::Debug for DnsMx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsMx").field("validates", &self.validates).finish_non_exhaustive()
    }
}

impl fmt::Debug for DnsMxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsMxBuilder").field("validates", &self.anchors.is_some()).finish_non_exhaustive()
    }
}
