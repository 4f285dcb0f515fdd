use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::rr::{RData, RecordType};
use rustls::{ClientConfig, RootCertStore};
use smtp_core::{BoxError, Domain};
use tokio::time::timeout;

use super::cache::Cache;
use super::fetch;
use super::policy::{self, Policy};
use crate::dns::DnsResolver;
use crate::{Authorities, TlsError, TlsPolicy};

/// How long fetching may take (RFC 8461 section 3.3 suggests a minute).
const TIMEOUT: Duration = Duration::from_secs(60);
const HTTPS: u16 = 443;

/// Finds the policies of domains, and remembers them for as long as they hold. Cheap to clone; clones
/// share what they remember.
///
/// A policy that was fetched once holds for its time, whatever becomes of its server or of the records
/// of DNS: whoever can forge those must not be able to switch it off. What was never fetched, and cannot
/// be, demands nothing.
#[derive(Debug, Clone)]
pub struct MtaSts {
    resolver: DnsResolver,
    config: Arc<ClientConfig>,
    cache: Arc<Cache>,
    port: u16,
}

impl MtaSts {
    /// Asks this resolver, and verifies the servers of policies by these CAs: those of the
    /// [system](Authorities::of_system), mostly. Blocks while it reads them.
    ///
    /// # Errors
    /// If the CAs cannot be read.
    pub fn new(resolver: DnsResolver, authorities: &Authorities) -> Result<Self, TlsError> {
        let roots: Arc<RootCertStore> = authorities.load()?.roots;
        let policy = TlsPolicy::default();
        let config = ClientConfig::builder_with_provider(policy.provider()?)
            .with_protocol_versions(policy.versions())
            .map_err(TlsError::library)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { resolver, config: Arc::new(config), cache: Arc::default(), port: HTTPS })
    }

    /// The port of the servers of policies, rather than 443: where a firewall leads to them otherwise, or in
    /// tests.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The policy of the domain, if it has one.
    pub(crate) async fn policy(&self, domain: &Domain) -> Option<Policy> {
        let domain = domain.to_ascii().to_ascii_lowercase();
        let known = self.cache.policy(&domain);
        let id = self.id(&domain).await;
        match (&known, &id) {
            (Some((known_id, policy)), Some(id)) if known_id == id => return Some(policy.clone()),
            (_, None) => return known.map(|(_, policy)| policy),
            _ => {}
        }
        let id = id?;
        if self.cache.has_failed(&domain) {
            return known.map(|(_, policy)| policy);
        }
        match timeout(TIMEOUT, self.fetch(&domain)).await.unwrap_or_else(|elapsed| Err(elapsed.into())) {
            Ok(policy) => {
                self.cache.keep(&domain, id, policy.clone());
                Some(policy)
            }
            Err(error) => {
                tracing::warn!(domain, %error, "no policy of MTA-STS");
                self.cache.note_failure(&domain);
                known.map(|(_, policy)| policy)
            }
        }
    }

    /// The id of the policy that is published now. If there is no telling, that is as good as none.
    async fn id(&self, domain: &str) -> Option<String> {
        let found = self.resolver.lookup(&format!("_mta-sts.{domain}"), RecordType::TXT).await.ok()??;
        let texts = found.data.iter().filter_map(|data| match data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        });
        let mut texts = texts.filter_map(|text| String::from_utf8(text).ok());
        // Other records may stand there, but just one of these (section 3.1).
        let mut texts = texts.by_ref().filter(|text| text.starts_with("v=STSv1"));
        let text = texts.next()?;
        if texts.next().is_some() { None } else { policy::id(&text) }
    }

    async fn fetch(&self, domain: &str) -> Result<Policy, BoxError> {
        let host = format!("mta-sts.{domain}");
        let addresses = self.addresses(&host).await?;
        let text = fetch::policy(&host, &addresses, &self.config).await?;
        Ok(Policy::parse(&text)?)
    }

    async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, BoxError> {
        let mut addresses = Vec::new();
        for kind in [RecordType::AAAA, RecordType::A] {
            let found = self.resolver.lookup(host, kind).await?;
            addresses.extend(found.iter().flat_map(|found| &found.data).filter_map(address));
        }
        if addresses.is_empty() {
            return Err(format!("{host} has no address").into());
        }
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, self.port)).collect())
    }
}

fn address(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        _ => None,
    }
}
