use std::collections::HashMap;

use smtp_core::Domain;
use smtp_core::client::Destination;

/// What is demanded of TLS towards a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Demand {
    /// STARTTLS is not used.
    Never,
    /// STARTTLS is used where it is offered, and any certificate will do: enough against those who
    /// only listen (RFC 7435). Where a domain publishes more, more is demanded, if DANE or MTA-STS is
    /// switched on.
    #[default]
    Opportunistic,
    /// Without TLS nothing is sent. Any certificate will do.
    Required,
    /// Without TLS nothing is sent, and the certificate has to be good for the host, by a CA that is
    /// trusted.
    ///
    /// Where an MX record has led to the host, anybody who can forge DNS has chosen its name. The
    /// certificate has to be good then for the domain of the recipients, or for a host within it; for any
    /// host if DNSSEC vouches for the record ([`Destination::secure`]).
    Verified,
    /// The domain has to publish its keys by DANE (RFC 7672), and the server to have one of them.
    /// Without records that are signed nothing is sent.
    Dane,
}

/// Demands by destination.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) default: Demand,
    by_name: HashMap<String, Demand>,
}

impl Table {
    pub(super) fn insert(&mut self, name: &str, demand: Demand) {
        let name = name.trim_end_matches('.');
        let (below, domain) = name.strip_prefix('.').map_or(("", name), |domain| (".", domain));
        // Destinations are looked for in ASCII.
        let domain =
            Domain::from_utf8(domain).map_or_else(|_| domain.to_owned(), |domain| domain.to_ascii().into());
        self.by_name.insert(format!("{below}{domain}").to_ascii_lowercase(), demand);
    }

    /// What is said of this destination, if something is: of its domain before its host, of a name
    /// before the domains that it is in.
    pub(super) fn named(&self, destination: &Destination) -> Option<Demand> {
        let domain = destination.domain.as_ref().map(|domain| domain.to_ascii());
        domain.into_iter().chain([&*destination.host]).find_map(|name| self.by_suffix(name))
    }

    fn by_suffix(&self, name: &str) -> Option<Demand> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if let Some(demand) = self.by_name.get(&name) {
            return Some(*demand);
        }
        let dots = name.match_indices('.').map(|(at, _)| &name[at..]);
        dots.filter_map(|suffix| self.by_name.get(suffix)).next().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_counts() {
        let mut table = Table::default();
        for (name, demand) in [
            ("Example.org", Demand::Never),
            (".example.org", Demand::Required),
            (".b.example.org.", Demand::Verified),
            ("192.0.2.1", Demand::Dane),
        ] {
            table.insert(name, demand);
        }
        for (host, expected) in [
            ("example.ORG.", Some(Demand::Never)),
            ("a.example.org", Some(Demand::Required)),
            ("b.example.org", Some(Demand::Required)),
            ("a.b.example.org", Some(Demand::Verified)),
            ("192.0.2.1", Some(Demand::Dane)),
            ("example.net", None),
            ("xexample.org", None),
        ] {
            assert_eq!(table.named(&Destination::new(host, 25)), expected, "{host}");
        }
        let mx = Destination::new("a.b.example.org", 25).domain("example.org".parse().unwrap());
        assert_eq!(table.named(&mx), Some(Demand::Never));
    }
}
