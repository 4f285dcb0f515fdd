use std::collections::{HashMap, HashSet};

use smtp_core::{BoxFuture, Domain, Mailbox, Reply};

use super::{AddressMap, Mapped};
use crate::address::{AddressKey, split_detail};

/// A table of addresses and domains. Case makes no difference in what is looked up.
///
/// What is looked for first: the address; the address without its detail, which goes over to what comes
/// out (`joe+x` to `jane+x`); the domain's new name; the domain's catch-all. An address of a domain that
/// is [`closed`](Self::closed) for which there is nothing is refused with 550 5.1.1.
#[derive(Debug, Clone, Default)]
pub struct AddressTable {
    addresses: HashMap<AddressKey, Vec<Mailbox>>,
    domains: HashMap<Domain, Domain>,
    catch_alls: HashMap<Domain, Vec<Mailbox>>,
    masqueraded: Vec<Domain>,
    closed: HashSet<Domain>,
    detail_separator: Option<char>,
}

impl AddressTable {
    /// Without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// These take the place of an address. Without any, nobody gets mail for it: 550 5.1.1.
    #[must_use]
    pub fn address(mut self, from: &Mailbox, to: impl IntoIterator<Item = Mailbox>) -> Self {
        self.addresses.insert(AddressKey::of(from), to.into_iter().collect());
        self
    }

    /// The addresses of a domain are those of another one.
    #[must_use]
    pub fn domain(mut self, from: Domain, to: Domain) -> Self {
        self.domains.insert(from, to);
        self
    }

    /// These get what is for addresses of a domain for which nothing else is said.
    #[must_use]
    pub fn catch_all(mut self, domain: Domain, to: impl IntoIterator<Item = Mailbox>) -> Self {
        self.catch_alls.insert(domain, to.into_iter().collect());
        self
    }

    /// Domains below this one become this one, at any depth: `joe@host.example.org` is
    /// `joe@example.org`.
    #[must_use]
    pub fn masquerade(mut self, domain: Domain) -> Self {
        self.masqueraded.push(domain);
        self
    }

    /// A domain has no addresses but those of the table.
    #[must_use]
    pub fn closed(mut self, domain: Domain) -> Self {
        self.closed.insert(domain);
        self
    }

    /// What divides user and detail (RFC 5233); without one, there are no details.
    #[must_use]
    pub fn detail_separator(mut self, separator: char) -> Self {
        self.detail_separator = Some(separator);
        self
    }

    fn look_up(&self, mailbox: &Mailbox) -> Mapped {
        if let Some(to) = self.of_address(mailbox) {
            return Mapped::To(to);
        }
        let Some(domain) = mailbox.domain() else { return Mapped::Unchanged };
        let in_domain =
            |domain: &Domain| Mapped::To(vec![Mailbox::new(mailbox.local_part().clone(), domain.clone())]);
        if let Some(to) = self.domains.get(domain) {
            return in_domain(to);
        }
        if let Some(to) = self.catch_alls.get(domain) {
            return Mapped::To(to.clone());
        }
        if self.closed.contains(domain) {
            return Mapped::Refused(Reply::new(550, "5.1.1 no such user here"));
        }
        match self.masqueraded.iter().find(|parent| domain.is_within(parent) && domain != *parent) {
            Some(parent) => in_domain(parent),
            None => Mapped::Unchanged,
        }
    }

    fn of_address(&self, mailbox: &Mailbox) -> Option<Vec<Mailbox>> {
        if let Some(to) = self.addresses.get(&AddressKey::of(mailbox)) {
            return Some(to.clone());
        }
        let local_part = mailbox.local_part().unquoted();
        let (user, detail) = split_detail(&local_part, self.detail_separator)?;
        let to = self.addresses.get(&AddressKey::new(user, mailbox.host()))?;
        Some(to.iter().map(|to| self.with_detail(to, detail)).collect())
    }

    /// The mailbox with this detail; without, if there is no such address.
    fn with_detail(&self, mailbox: &Mailbox, detail: &str) -> Mailbox {
        let Some(separator) = self.detail_separator else { return mailbox.clone() };
        let local_part = format!("{}{separator}{detail}", mailbox.local_part().unquoted());
        let quoted = local_part.replace('\\', "\\\\").replace('"', "\\\"");
        let host = mailbox.host();
        Mailbox::from_utf8(&format!("{local_part}@{host}"))
            .or_else(|_| Mailbox::from_utf8(&format!("\"{quoted}\"@{host}")))
            .unwrap_or_else(|_| mailbox.clone())
    }
}

impl AddressMap for AddressTable {
    fn map(&self, mailbox: &Mailbox) -> BoxFuture<Mapped> {
        Box::pin(std::future::ready(self.look_up(mailbox)))
    }
}

#[cfg(test)]
mod tests {
    use smtp_core::testing::domain;

    use super::*;

    fn mailbox(text: &str) -> Mailbox {
        text.parse().unwrap()
    }

    fn mapped(table: &AddressTable, text: &str) -> String {
        match table.look_up(&mailbox(text)) {
            Mapped::Unchanged => "unchanged".to_owned(),
            Mapped::Refused(reply) => reply.code().to_string(),
            Mapped::To(to) => to.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        }
    }

    #[test]
    fn the_nearest_entry_holds() {
        let table = AddressTable::new()
            .address(&mailbox("joe@x.example"), [mailbox("a@y"), mailbox("b@y")])
            .address(&mailbox("joe+special@x.example"), [mailbox("c@y")])
            .address(&mailbox("gone@z.example"), [])
            .domain(domain("old.example"), domain("new.example"))
            .catch_all(domain("z.example"), [mailbox("all@y")])
            .closed(domain("x.example"))
            .masquerade(domain("site.example"))
            .detail_separator('+');
        for (address, expected) in [
            ("joe@x.example", "a@y b@y"),
            ("JOE@X.Example", "a@y b@y"),
            (r#""joe"@x.example"#, "a@y b@y"),
            ("joe+lists@x.example", "a+lists@y b+lists@y"),
            (r#""joe+a b\"c"@x.example"#, r#""a+a b\"c"@y "b+a b\"c"@y"#),
            ("joe+@x.example", "a+@y b+@y"),
            ("Joe+Special@x.example", "c@y"),
            ("jane@x.example", "550"),
            ("jane@sub.x.example", "unchanged"),
            ("Joe.Doe+x@old.example", "Joe.Doe+x@new.example"),
            ("gone@z.example", ""),
            ("who@z.example", "all@y"),
            ("joe@a.b.site.example", "joe@site.example"),
            ("joe@site.example", "unchanged"),
            ("joe@othersite.example", "unchanged"),
            ("joe@[192.0.2.1]", "unchanged"),
        ] {
            assert_eq!(mapped(&table, address), expected, "{address}");
        }
    }

    #[test]
    fn a_detail_that_does_not_fit_is_left_out() {
        let table = AddressTable::new()
            .address(&mailbox("j@x"), [mailbox(&format!("{}@y", "a".repeat(60)))])
            .detail_separator('-');
        assert_eq!(mapped(&table, "j-bcdef@x"), format!("{}@y", "a".repeat(60)));
        assert_eq!(mapped(&table, "j-bcd@x"), format!("{}-bcd@y", "a".repeat(60)));
    }
}
