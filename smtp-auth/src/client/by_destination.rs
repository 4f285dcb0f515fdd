use std::collections::HashMap;
use std::fmt;

use smtp_core::client::Destination;
use smtp_core::{BoxError, BoxFuture};

use super::{CredentialSource, Credentials};

/// Credentials by the destination's name, as Sendmail's `AuthInfo:` had them.
///
/// A key is a host's name or address, or a domain, which stands for the hosts below it and for the
/// recipients' domain too. The longest key that fits counts; the host's own comes before those of the
/// recipients' domain.
///
/// ```
/// use smtp_auth::client::{ByDestination, Credentials};
/// use smtp_core::client::Destination;
///
/// let table = ByDestination::new()
///     .with("example.net", Credentials::password("joe", "secret"))
///     .with("mx2.example.net", Credentials::password("jim", "secret"));
/// let name = |host: &str| table.get(&Destination::new(host, 587)).map(Credentials::name);
/// assert_eq!(name("smtp.Example.net"), Some("joe"));
/// assert_eq!(name("mx2.example.net"), Some("jim"));
/// assert_eq!(name("example.com"), None);
/// ```
#[derive(Clone, Default)]
pub struct ByDestination(HashMap<String, Credentials>);

impl ByDestination {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds credentials, in the place of those with the same key.
    #[must_use]
    pub fn with(mut self, key: &str, credentials: Credentials) -> Self {
        self.0.insert(key.to_ascii_lowercase(), credentials);
        self
    }

    /// The credentials for this destination.
    pub fn get(&self, destination: &Destination) -> Option<&Credentials> {
        let domain = destination.domain.as_ref().map(|domain| domain.to_ascii());
        [Some(&*destination.host), domain].into_iter().flatten().find_map(|name| self.longest(name))
    }

    fn longest(&self, name: &str) -> Option<&Credentials> {
        let name = name.to_ascii_lowercase();
        let is_address = name.parse::<std::net::IpAddr>().is_ok();
        let parents = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]).filter(|_| !is_address);
        std::iter::once(&*name).chain(parents).find_map(|key| self.0.get(key))
    }
}

impl CredentialSource for ByDestination {
    fn credentials(&self, destination: &Destination) -> BoxFuture<Result<Option<Credentials>, BoxError>> {
        let credentials = self.get(destination).cloned();
        Box::pin(async { Ok(credentials) })
    }
}

impl fmt::Debug for ByDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ByDestination").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_key_counts_and_the_host_s_before_the_domain_s() {
        let table = ["net", "example.net", "192.0.2.1", "0.2.1", "example.org"]
            .iter()
            .fold(ByDestination::new(), |table, key| table.with(key, Credentials::password(*key, "x")));
        let name = |host: &str, domain: Option<&str>| {
            let mut destination = Destination::new(host, 25);
            destination.domain = domain.map(|domain| domain.parse().unwrap());
            table.get(&destination).map(|credentials| credentials.name().to_owned())
        };
        for (host, domain, expected) in [
            ("mx.example.net", None, Some("example.net")),
            ("EXAMPLE.NET", Some("example.org"), Some("example.net")),
            ("anexample.net", None, Some("net")),
            ("192.0.2.1", None, Some("192.0.2.1")),
            ("1.0.2.1", None, None),
            ("mx.example.com", Some("lists.example.org"), Some("example.org")),
            ("mx.example.com", None, None),
        ] {
            assert_eq!(name(host, domain).as_deref(), expected, "{host} {domain:?}");
        }
    }
}
