//! Which entry of the file an address means.

use smtp_core::{Domain, LocalPart, Mailbox};

use super::file::{Alias, Aliases};

/// What an address is.
pub(super) enum Found<T> {
    /// An entry of the file.
    Alias(T),
    /// A user.
    Mailbox,
    /// Nobody.
    Unknown,
    /// Another's.
    Elsewhere,
}

/// Who hears of what fails on its way to the members of this entry.
pub(super) fn owner(aliases: &Aliases, key: &str, domain: &Domain) -> Option<Mailbox> {
    let name = key.split('@').next().filter(|name| !name.is_empty())?;
    let owner = format!("owner-{name}");
    aliases.find(&owner, domain)?;
    Some(Mailbox::new(owner.parse::<LocalPart>().ok()?, domain.clone()))
}

impl Aliases {
    /// The entry of a name in a domain, the closest first.
    pub(super) fn find(&self, name: &str, domain: &Domain) -> Option<(&str, &Alias)> {
        let domain = domain.to_ascii().to_ascii_lowercase();
        let plain = name.split_once('+').map(|(plain, _)| plain).filter(|plain| !plain.is_empty());
        let any_detail = plain.map(|plain| format!("{plain}+*"));
        let names = [Some(name), any_detail.as_deref(), plain];
        names.into_iter().flatten().find_map(|name| {
            let here = self.0.get_key_value(&format!("{name}@{domain}"));
            // `"info@example.com"` in quotes is no address of another domain.
            let anywhere = || self.0.get_key_value(name).filter(|_| !name.contains('@'));
            here.or_else(anywhere).map(|(key, alias)| (key.as_str(), alias))
        })
    }
}

/// The address without what stands behind a `+`, if something does.
pub(super) fn without_detail(mailbox: &Mailbox) -> Option<Mailbox> {
    let name = mailbox.local_part().unquoted();
    let (plain, _) = name.split_once('+').filter(|(plain, _)| !plain.is_empty())?;
    Mailbox::from_utf8(&format!("{plain}@{}", mailbox.host())).ok()
}
