//! Names of users that mail can reach.

use smtp_server::{Domain, Mailbox};

use crate::residents::DETAIL;

/// Why nobody should be called so.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    #[error("{0:?} cannot receive mail: write letters, digits, dots, hyphens and underscores, or an address")]
    Unreachable(String),
    #[error("{0:?} cannot receive mail: what stands behind a plus is the user's own affair; leave it out")]
    Detail(String),
}

/// A name to which mail finds its way.
#[derive(Debug)]
pub(super) struct Name<'a> {
    name: &'a str,
    /// Where it names one.
    domain: Option<Domain>,
}

impl<'a> Name<'a> {
    pub(super) fn parse(name: &'a str) -> Result<Self, NameError> {
        let unreachable = || NameError::Unreachable(name.to_owned());
        if !name.chars().all(|character| character.is_ascii_graphic()) {
            return Err(unreachable());
        }
        if name.contains(DETAIL) {
            return Err(NameError::Detail(name.to_owned()));
        }
        let has_domain = name.contains('@');
        let address = if has_domain { name.to_owned() } else { format!("{name}@localhost") };
        let mailbox: Mailbox = address.parse().map_err(|_| unreachable())?;
        // Recipients are looked for without their quotes.
        if mailbox.local_part().is_quoted() {
            return Err(unreachable());
        }
        let domain = mailbox.domain().cloned().ok_or_else(unreachable)?;
        Ok(Self { name, domain: has_domain.then_some(domain) })
    }

    /// The addresses in these domains; none if the name has a domain that is not among them.
    pub(super) fn addresses(&self, local: &[Domain]) -> Vec<String> {
        match &self.domain {
            None => local.iter().map(|domain| format!("{}@{domain}", self.name)).collect(),
            Some(domain) if local.contains(domain) => vec![self.name.to_owned()],
            Some(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_finds_its_way_to_a_name() {
        let local = ["example.org", "example.net"].map(|domain| domain.parse().unwrap());
        for (name, addresses) in [
            ("joe", &["joe@example.org", "joe@example.net"][..]),
            ("Joe.M_2-x", &["Joe.M_2-x@example.org", "Joe.M_2-x@example.net"]),
            ("joe@EXAMPLE.org", &["joe@EXAMPLE.org"]),
            ("joe@example.com", &[]),
        ] {
            assert_eq!(Name::parse(name).unwrap().addresses(&local), addresses, "{name}");
        }
    }

    #[test]
    fn names_that_no_mail_reaches_are_refused() {
        for name in [
            "",
            "joe m",
            "joe\t",
            "joe\r\n",
            "j\u{f6}",
            "\"joe\"",
            ".joe",
            "joe..m",
            "joe@",
            "@example.org",
            "joe@[192.0.2.1]",
            "joe@example.org@example.net",
            "joe:x",
        ] {
            assert_eq!(Name::parse(name).unwrap_err(), NameError::Unreachable(name.to_owned()));
        }
        for name in ["joe+lists", "joe+lists@example.org"] {
            assert_eq!(Name::parse(name).unwrap_err(), NameError::Detail(name.to_owned()));
        }
    }
}
