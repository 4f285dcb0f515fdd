use std::sync::Arc;

use rand::seq::SliceRandom as _;
use smtp_core::{Domain, Reply};

use super::options::Own;
use super::{MailExchanger, MailExchangers, refusal};

/// The servers of a domain that may be tried, best first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Sorted: plans with the same records are for the same servers.
    pub(super) records: Vec<MailExchanger>,
    /// Whether DNSSEC vouches for the records.
    pub(super) secure: Option<bool>,
    /// There are no MX records: the only server is the domain itself.
    pub(super) implicit: bool,
}

impl Plan {
    /// # Errors
    /// Why the domain has no server for us.
    pub(super) fn new(domain: &Domain, found: MailExchangers, own: &Own) -> Result<Self, Reply> {
        let MailExchangers { mut records, secure } = found;
        let implicit = records.is_empty();
        if implicit {
            records.push(MailExchanger::new(0, domain.to_ascii()));
        }
        // Beside others, the root is no server (RFC 7505 section 3).
        records.retain(|record| !record.host.is_empty());
        if records.is_empty() {
            return Err(refusal::takes_no_mail());
        }
        records.sort_unstable();
        let ours = records.iter().filter(|record| own.is_name(&record.host));
        if let Some(preference) = ours.map(|record| record.preference).min() {
            records.retain(|record| record.preference < preference);
        }
        if records.is_empty() { Err(refusal::circle()) } else { Ok(Self { records, secure, implicit }) }
    }

    /// The hosts of each preference, in random order within it (RFC 5321 section 5.1).
    pub(super) fn levels(&self, max_hosts: usize) -> Vec<Vec<Arc<str>>> {
        let mut rng = rand::rng();
        let mut left = max_hosts;
        let mut seen: Vec<&str> = Vec::new();
        let mut levels = Vec::new();
        for same in self.records.chunk_by(|one, other| one.preference == other.preference) {
            let mut hosts: Vec<Arc<str>> = Vec::new();
            for record in same {
                if !seen.iter().any(|known| known.eq_ignore_ascii_case(&record.host)) {
                    seen.push(&record.host);
                    hosts.push(record.host.clone());
                }
            }
            hosts.shuffle(&mut rng);
            hosts.truncate(left);
            left -= hosts.len();
            levels.extend(Some(hosts).filter(|hosts| !hosts.is_empty()));
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use smtp_core::testing::domain;

    use super::*;

    fn plan(records: &[(u16, &str)], own: &[&str]) -> Result<Plan, String> {
        let records: Vec<_> =
            records.iter().map(|(preference, host)| MailExchanger::new(*preference, *host)).collect();
        let own = Own { names: own.iter().map(|name| domain(name)).collect(), ..Own::default() };
        Plan::new(&domain("example.org"), records.into(), &own).map_err(|reply| reply.to_string())
    }

    fn levels(records: &[(u16, &str)], own: &[&str], max: usize) -> String {
        let mut levels = match plan(records, own) {
            Ok(plan) => plan.levels(max),
            Err(refusal) => return refusal[..10].to_owned(),
        };
        levels.iter_mut().for_each(|level| level.sort_unstable());
        levels.iter().map(|level| level.join("+")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn servers_come_in_the_order_of_their_preference() {
        for (records, own, expected) in [
            (&[][..], &[][..], "example.org"),
            (&[], &["Example.ORG"], "554 5.4.6 "),
            (&[(0, "")], &[], "556 5.1.10"),
            (&[(0, ""), (10, "a")], &[], "a"),
            (&[(20, "c"), (10, "b"), (10, "a")], &[], "a+b c"),
            (&[(20, "c"), (10, "b"), (10, "a"), (5, "d")], &["b"], "d"),
            (&[(20, "c"), (10, "b")], &["C", "x"], "b"),
            (&[(20, "c"), (10, "b")], &["b"], "554 5.4.6 "),
            (&[(10, "a"), (20, "A"), (20, "b")], &[], "a b"),
        ] {
            assert_eq!(levels(records, own, 9), expected, "{records:?} {own:?}");
        }
        assert_eq!(levels(&[(1, "a"), (2, "b"), (2, "b"), (3, "c")], &[], 2), "a b");
    }

    #[test]
    fn those_with_the_same_preference_share_the_load() {
        let plan = plan(&[(10, "a"), (10, "b"), (10, "c")], &[]).unwrap();
        let first = |_| plan.levels(9)[0][0].to_string();
        let mut firsts: Vec<String> = (0..200).map(first).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts, ["a", "b", "c"]);
    }
}
