use std::fmt;

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{RData, RecordType};
use smtp_core::client::Destination;

use super::Records;
use crate::client::TlsFailure;
use crate::dns::{Answer, DnsResolver};

/// Looks the keys of next hops up, by a resolver that validates.
///
/// Only what is signed all the way counts: the MX records of the domain, the addresses of the host and
/// its TLSA records (RFC 7672 section 2.2). A domain that is not signed is one without DANE; one whose
/// signatures are wrong, or whose servers do not answer, is one that mail waits for. It also waits where
/// signed MX records do not name the host: whoever made up the others wants mail without DANE. Who found
/// the host by a resolver that validates says so in [`Destination::secure`], and is believed.
#[derive(Debug, Clone)]
pub struct Dane {
    resolver: DnsResolver,
}

/// There is no telling what a domain publishes.
#[derive(Debug)]
pub(crate) struct DaneError {
    asked: String,
    /// Without one, the answer is signed, and not what led to the host.
    cause: Option<NetError>,
}

impl Dane {
    /// Asks this resolver.
    pub fn new(resolver: DnsResolver) -> Self {
        Self { resolver }
    }

    /// What is published for this destination; `None` if that is nothing that counts.
    pub(crate) async fn records(&self, destination: &Destination) -> Result<Option<Records>, DaneError> {
        let host = destination.host.trim_end_matches('.');
        // An address has no name to look up.
        if host.parse::<std::net::IpAddr>().is_ok() {
            return Ok(None);
        }
        let domain = destination.domain.as_ref().map(|domain| domain.to_ascii());
        if let Some(domain) = domain {
            let secure = match destination.secure {
                Some(secure) => secure,
                None => self.leads_to(domain, host).await?,
            };
            if !secure {
                return Ok(None);
            }
        }
        let Some(addresses) = self.addresses(host).await? else { return Ok(None) };
        // Aliases are followed (section 2.2.2), and where there is nothing at their end, not.
        let end = addresses.name.trim_end_matches('.');
        for base in [end, host] {
            let name = format!("_{}._tcp.{base}", destination.port);
            if let Some(found) = self.ask(&name, RecordType::TLSA).await?.filter(|found| found.secure) {
                let names = [Some(base), Some(host), domain].into_iter().flatten();
                return Ok(Some(Records::new(&found.data, names)));
            }
            if end.eq_ignore_ascii_case(host) {
                break;
            }
        }
        Ok(None)
    }

    /// Whether signed MX records lead from the domain to the host, or there are none and they are the
    /// same.
    async fn leads_to(&self, domain: &str, host: &str) -> Result<bool, DaneError> {
        let is_host = |data: &RData| match data {
            RData::MX(mx) => mx.exchange.to_string().trim_end_matches('.').eq_ignore_ascii_case(host),
            _ => false,
        };
        match self.ask(domain, RecordType::MX).await? {
            Some(found) if found.secure && !found.data.iter().any(is_host) => {
                Err(DaneError { asked: format!("{domain} MX"), cause: None })
            }
            Some(found) => Ok(found.secure),
            None => Ok(domain.trim_end_matches('.').eq_ignore_ascii_case(host)),
        }
    }

    /// The addresses of the host, if they are signed.
    async fn addresses(&self, host: &str) -> Result<Option<Answer>, DaneError> {
        for kind in [RecordType::A, RecordType::AAAA] {
            if let Some(found) = self.ask(host, kind).await? {
                return Ok(Some(found).filter(|found| found.secure));
            }
        }
        Ok(None)
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Option<Answer>, DaneError> {
        let failed = |cause| DaneError { asked: format!("{name} {kind}"), cause: Some(cause) };
        self.resolver.lookup(name, kind).await.map_err(failed)
    }
}

impl DaneError {
    pub(crate) fn failure(&self) -> TlsFailure {
        match self.cause {
            None | Some(NetError::Dns(DnsError::DnssecBogus)) => TlsFailure::DnssecInvalid,
            _ => TlsFailure::ValidationFailure,
        }
    }
}

impl fmt::Display for DaneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "cannot look {} up: {cause}", self.asked),
            None => write!(f, "{} is signed, and does not lead to the host", self.asked),
        }
    }
}

impl std::error::Error for DaneError {}
