use std::collections::HashMap;
use std::net::IpAddr;

use smtp_core::{Domain, Envelope, Host};

/// Where the message goes for some of its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Domain(Domain),
    Address(IpAddr),
    /// To no server.
    Nowhere,
}

/// Recipients, by their places in the envelope, who have the same servers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) target: Target,
    pub(super) recipients: Vec<usize>,
}

/// Divides recipients by what stands behind the `@`, in the order in which they come.
pub(super) fn by_target(envelope: &Envelope) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<Target, usize> = HashMap::new();
    for (index, recipient) in envelope.recipients.iter().enumerate() {
        let target = match recipient.path.mailbox().map(|mailbox| mailbox.host()) {
            Some(Host::Domain(domain)) => Target::Domain(domain.clone()),
            Some(Host::Literal(literal)) => literal.ip().map_or(Target::Nowhere, Target::Address),
            None => Target::Nowhere,
        };
        let place = *known.entry(target.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.recipients.push(index),
            None => groups.push(Group { target, recipients: vec![index] }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use smtp_core::testing::{domain, recipient, sender};
    use smtp_core::{ForwardPath, Recipient};

    use super::*;

    #[test]
    fn recipients_of_one_domain_go_together() {
        let mut envelope = Envelope::new(sender("joe@example.com"));
        envelope.recipients = ["a@x.example", "b@[192.0.2.1]", "postmaster", "c@X.example", "d@[192.0.2.1]"]
            .map(
                |to| if to == "postmaster" { Recipient::new(ForwardPath::Postmaster) } else { recipient(to) },
            )
            .into();
        let group = |target, recipients: &[usize]| Group { target, recipients: recipients.to_vec() };
        assert_eq!(
            by_target(&envelope),
            [
                group(Target::Domain(domain("x.example")), &[0, 3]),
                group(Target::Address("192.0.2.1".parse().unwrap()), &[1, 4]),
                group(Target::Nowhere, &[2]),
            ]
        );
    }
}
