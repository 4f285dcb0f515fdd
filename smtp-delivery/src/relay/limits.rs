//! LIMITS (RFC 9422): how much the next hop takes at once.

use std::collections::HashSet;
use std::ops::Range;

use smtp_core::extension::Limit;
use smtp_core::{Domain, Recipient};

use super::offers::Offers;

/// What one transaction may have. Of messages there is one on each connection anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    recipients: usize,
    domains: usize,
}

impl Limits {
    pub(super) fn read(offers: &Offers) -> Self {
        let limit = |limit| offers.limit(limit).and_then(|limit| limit.try_into().ok()).unwrap_or(usize::MAX);
        Self { recipients: limit(Limit::RcptMax), domains: limit(Limit::RcptDomainMax) }
    }

    /// Divides recipients into as many as one transaction may have each.
    pub(super) fn divide(self, recipients: &[Recipient]) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut domains: HashSet<&Domain> = HashSet::new();
        let mut start = 0;
        for (index, recipient) in recipients.iter().enumerate() {
            let domain = recipient.path.mailbox().and_then(|mailbox| mailbox.domain());
            let one_more = domain.is_some_and(|domain| !domains.contains(domain));
            let full = index - start >= self.recipients || (one_more && domains.len() >= self.domains);
            if full && index > start {
                parts.push(start..index);
                start = index;
                domains.clear();
            }
            domains.extend(domain);
        }
        parts.push(start..recipients.len());
        parts
    }
}

#[cfg(test)]
mod tests {
    use smtp_core::Reply;
    use smtp_core::testing::recipient;

    use super::*;

    fn limits(text: &str) -> Limits {
        Limits::read(&Offers::read(&Reply::new(250, format!("mx\n{text}"))))
    }

    #[test]
    fn reads_what_is_known() {
        let none = Limits { recipients: usize::MAX, domains: usize::MAX };
        for (text, expected) in [
            ("SIZE", none),
            ("LIMITS", none),
            ("LIMITS MAILMAX=5 RCPTMAX=20", Limits { recipients: 20, ..none }),
            ("limits rcptmax=2 X=1 RCPTDOMAINMAX=1", Limits { recipients: 2, domains: 1 }),
            ("LIMITS RCPTMAX=0 RCPTDOMAINMAX=x RCPTMAX", none),
        ] {
            assert_eq!(limits(text), expected, "{text}");
        }
    }

    #[test]
    fn divides_recipients() {
        let to: Vec<_> = ["a@x", "b@X", "c@y", "d@x", "e@[192.0.2.1]"].map(recipient).into();
        for (text, expected) in [
            ("", &[5][..]),
            ("LIMITS RCPTMAX=5", &[5]),
            ("LIMITS RCPTMAX=2", &[2, 2, 1]),
            ("LIMITS RCPTMAX=1", &[1, 1, 1, 1, 1]),
            ("LIMITS RCPTDOMAINMAX=1", &[2, 1, 2]),
            ("LIMITS RCPTDOMAINMAX=2 RCPTMAX=4", &[4, 1]),
        ] {
            let parts = limits(text).divide(&to);
            assert_eq!(parts.iter().map(ExactSizeIterator::len).collect::<Vec<_>>(), expected, "{text}");
            assert_eq!(parts.into_iter().flatten().collect::<Vec<_>>(), [0, 1, 2, 3, 4], "{text}");
        }
    }
}
