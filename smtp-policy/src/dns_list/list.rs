use std::net::{IpAddr, Ipv4Addr};

use smtp_core::{Domain, Host, Session};

use super::ListCodes;
use super::codes::is_meant;
use crate::client_name::ClientName;

/// The longest name in the DNS, without the dot at its end (RFC 1035 section 2.3.4).
const LONGEST: usize = 253;

/// A list in the DNS.
#[derive(Debug, Clone)]
pub struct DnsList {
    pub(super) zone: Domain,
    about: About,
    codes: Vec<ListCodes>,
    pub(super) score: u32,
    pub(super) of_the_good: bool,
}

#[derive(Debug, Clone)]
enum About {
    Addresses,
    Domains(Vec<DomainOf>),
}

/// Whose domain a list of domains is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DomainOf {
    /// The name in HELO or EHLO.
    Hello,
    /// The sender, in MAIL FROM.
    Sender,
    /// The client, as far as the DNS confirms its name: see [`ClientNameLayer`](crate::ClientNameLayer).
    Client,
}

impl DnsList {
    /// A list of addresses. Each entry counts, with a score of 1.
    pub fn of_addresses(zone: Domain) -> Self {
        Self { zone, about: About::Addresses, codes: Vec::new(), score: 1, of_the_good: false }
    }

    /// A list of domains, which is asked about all that there are.
    pub fn of_domains(zone: Domain) -> Self {
        let all = vec![DomainOf::Hello, DomainOf::Sender, DomainOf::Client];
        Self { about: About::Domains(all), ..Self::of_addresses(zone) }
    }

    /// Asks about these domains alone; of no effect on a list of addresses.
    #[must_use]
    pub fn about(mut self, domains: impl IntoIterator<Item = DomainOf>) -> Self {
        if let About::Domains(asked) = &mut self.about {
            *asked = domains.into_iter().collect();
        }
        self
    }

    /// Counts only these answers.
    #[must_use]
    pub fn codes(mut self, codes: impl IntoIterator<Item = ListCodes>) -> Self {
        self.codes = codes.into_iter().collect();
        self
    }

    /// What an entry adds to the score.
    #[must_use]
    pub fn score(mut self, score: u32) -> Self {
        self.score = score;
        self
    }

    /// A list of those to whom no other list does any harm.
    #[must_use]
    pub fn of_the_good(mut self) -> Self {
        self.of_the_good = true;
        self
    }

    /// Whether it has addresses.
    pub(super) fn is_of_addresses(&self) -> bool {
        matches!(self.about, About::Addresses)
    }

    /// Whether this answer counts.
    pub(super) fn counts(&self, answer: Ipv4Addr) -> bool {
        is_meant(answer) && (self.codes.is_empty() || self.codes.iter().any(|codes| codes.contains(answer)))
    }

    /// What it is asked about in this session, and by which names.
    pub(super) fn questions(&self, session: &Session) -> Vec<(String, String)> {
        let mut questions = self.all_questions(session);
        // There is no such name in the DNS, whatever a stranger says.
        questions.retain(|(_, name)| name.len() <= LONGEST);
        questions
    }

    fn all_questions(&self, session: &Session) -> Vec<(String, String)> {
        match &self.about {
            About::Addresses => {
                let address = session.peer_ip();
                address
                    .map(|address| (address.to_string(), self.name(&reversed(address))))
                    .into_iter()
                    .collect()
            }
            About::Domains(domains) => {
                let mut names: Vec<String> = domains.iter().filter_map(|whose| whose.name(session)).collect();
                names.sort_unstable();
                names.dedup();
                names.into_iter().map(|name| (name.clone(), self.name(&name))).collect()
            }
        }
    }

    fn name(&self, entry: &str) -> String {
        format!("{entry}.{}", self.zone.to_ascii())
    }
}

impl DomainOf {
    fn name(self, session: &Session) -> Option<String> {
        let domain = match self {
            Self::Hello => session.hello()?.host.as_ref().and_then(Host::domain).cloned(),
            Self::Sender => session.envelope()?.sender.path.mailbox()?.domain().cloned(),
            Self::Client => session.connection().get::<ClientName>().map(|ClientName(name)| name),
        };
        // What has no dot is nobody's domain.
        domain.map(|domain| domain.to_ascii().to_ascii_lowercase()).filter(|name| name.contains('.'))
    }
}

/// The address as lists have it: numbers or nibbles, the last first (RFC 5782 sections 2.1 and 2.4).
fn reversed(address: IpAddr) -> String {
    let parts: Vec<String> = match address {
        IpAddr::V4(address) => address.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (0..32).map(|nibble| format!("{:x}", (bits >> (4 * nibble)) & 0xf)).collect()
        }
    };
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_asked_about_backwards() {
        assert_eq!(reversed(Ipv4Addr::new(192, 0, 2, 99).into()), "99.2.0.192");
        let nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
        assert_eq!(reversed("2001:db8::1".parse().unwrap()), nibbles);
    }
}
