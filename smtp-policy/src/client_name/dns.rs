use std::fmt;
use std::net::{IpAddr, SocketAddr};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use smtp_core::{BoxError, Domain};

use super::NameLookup;

/// Looks names and lists up in the DNS. Cheap to clone; clones share a cache.
#[derive(Clone)]
pub struct DnsNames(TokioResolver);

impl DnsNames {
    /// Asks the name servers of this system (`/etc/resolv.conf`).
    ///
    /// # Errors
    /// If the system's configuration cannot be read.
    pub fn of_system() -> Result<Self, BoxError> {
        Ok(Self(TokioResolver::builder_tokio()?.build()?))
    }

    /// Asks these name servers.
    ///
    /// # Errors
    /// If no resolver can be made.
    pub fn with_servers(servers: impl IntoIterator<Item = SocketAddr>) -> Result<Self, BoxError> {
        let servers = servers.into_iter().map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        Ok(Self(builder.build()?))
    }

    /// What is under the name; nothing if nothing is.
    pub(crate) async fn look_up(&self, name: Name, kind: RecordType) -> Result<Vec<RData>, BoxError> {
        match self.0.lookup(name, kind).await {
            Ok(lookup) => Ok(lookup.answers().iter().map(|record| record.data.clone()).collect()),
            Err(error) if is_empty(&error) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_empty(error: &NetError) -> bool {
    error.is_nx_domain() || error.is_no_records_found()
}

impl NameLookup for DnsNames {
    async fn names(&self, address: IpAddr) -> Result<Vec<Domain>, BoxError> {
        let found = self.look_up(Name::from(address), RecordType::PTR).await?;
        let name = |data: &RData| match data {
            // What is no host name is none.
            RData::PTR(name) => name.to_ascii().trim_end_matches('.').parse().ok(),
            _ => None,
        };
        Ok(found.iter().filter_map(name).collect())
    }

    async fn addresses(&self, name: &Domain) -> Result<Vec<IpAddr>, BoxError> {
        // With a dot at its end, no domain is searched for it.
        let name = Name::from_ascii(format!("{}.", name.to_ascii()))?;
        let mut found = self.look_up(name.clone(), RecordType::A).await?;
        found.extend(self.look_up(name, RecordType::AAAA).await?);
        let address = |data: &RData| match data {
            RData::A(address) => Some(address.0.into()),
            RData::AAAA(address) => Some(address.0.into()),
            _ => None,
        };
        Ok(found.iter().filter_map(address).collect())
    }
}

impl fmt::Debug for DnsNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DnsNames")
    }
}
