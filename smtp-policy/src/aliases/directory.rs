use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use smtp_core::{BoxError, Domain, ForwardPath, LocalPart, Mailbox, Query, Session};

use super::file::{Alias, Aliases};
use super::lookup::{Found, owner, without_detail};
use super::member::Member;
use super::{AliasFile, Target, Users};
use crate::{Directory, Entry, Verification};

/// Whom an address here means: an alias of a file, or a user. Cheap to clone.
pub struct AliasDirectory<U> {
    inner: Arc<Inner<U>>,
}

struct Inner<U> {
    aliases: AliasFile,
    users: U,
    /// Never empty; names without a domain belong to the first.
    domains: Vec<Domain>,
}

/// What an address means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// A mailbox of its own.
    Mailbox,
    /// These, each once.
    Members {
        /// Where mail goes.
        members: Vec<Mailbox>,
        /// The programs and files that it goes to; empty unless they were allowed.
        targets: Vec<Target>,
        /// Who hears of what fails, if it is a list with an owner.
        owner: Option<Mailbox>,
    },
    /// Nobody.
    Unknown,
    /// It is not for this server to say: its domain is another's.
    Elsewhere,
}

impl<U: Users> AliasDirectory<U> {
    /// The aliases of a file in front of users; both in these domains.
    pub fn new(aliases: AliasFile, users: U, domains: impl IntoIterator<Item = Domain>) -> Self {
        Self { inner: Arc::new(Inner { aliases, users, domains: domains.into_iter().collect() }) }
    }

    /// What an address means.
    ///
    /// # Errors
    /// Those of the users, and of aliases in a database that could not be read yet.
    pub async fn resolve(&self, mailbox: &Mailbox) -> Result<Resolution, BoxError> {
        let members = |aliases: &Aliases, key: &str, alias: &Alias, domain: &Domain| {
            let (members, targets) = self.leaves(aliases, key, alias, domain);
            Resolution::Members { members, targets, owner: owner(aliases, key, domain) }
        };
        Ok(match self.look_up(mailbox, members).await? {
            Found::Alias(members) => members,
            Found::Mailbox => Resolution::Mailbox,
            Found::Unknown => Resolution::Unknown,
            Found::Elsewhere => Resolution::Elsewhere,
        })
    }

    /// What an address is, without a look at the members: whoever asks again and again for a long list must
    /// not keep the server busy.
    pub(super) async fn kind(&self, mailbox: &Mailbox) -> Result<Found<()>, BoxError> {
        self.look_up(mailbox, |_, _, _, _| ()).await
    }

    /// Whether an address is a list with an owner.
    pub(crate) async fn is_list(&self, mailbox: &Mailbox) -> Result<bool, BoxError> {
        let has_owner =
            |aliases: &Aliases, key: &str, _: &Alias, domain: &Domain| owner(aliases, key, domain).is_some();
        Ok(matches!(self.look_up(mailbox, has_owner).await?, Found::Alias(true)))
    }

    /// `of_alias` makes of the entry what is wanted of it.
    async fn look_up<T>(
        &self,
        mailbox: &Mailbox,
        of_alias: impl FnOnce(&Aliases, &str, &Alias, &Domain) -> T + Send,
    ) -> Result<Found<T>, BoxError> {
        let Some(domain) = mailbox.domain().filter(|domain| self.is_local(domain)) else {
            return Ok(Found::Elsewhere);
        };
        let aliases = self.inner.aliases.aliases().await?;
        let name = mailbox.local_part().unquoted().to_ascii_lowercase();
        if let Some((key, alias)) = aliases.find(&name, domain) {
            return Ok(Found::Alias(of_alias(&aliases, key, alias, domain)));
        }
        if self.inner.users.has_mailbox(mailbox).await? {
            return Ok(Found::Mailbox);
        }
        if let Some(plain) = without_detail(mailbox)
            && self.inner.users.has_mailbox(&plain).await?
        {
            return Ok(Found::Mailbox);
        }
        let catch_all = format!("@{}", domain.to_ascii()).to_ascii_lowercase();
        Ok(match aliases.0.get_key_value(&catch_all) {
            Some((key, alias)) => Found::Alias(of_alias(&aliases, key, alias, domain)),
            None => Found::Unknown,
        })
    }

    /// The address of a path; that of `<postmaster>` is in the first domain.
    pub(super) fn address_of(&self, path: &ForwardPath) -> Option<Mailbox> {
        match path {
            ForwardPath::Mailbox(mailbox) => Some(mailbox.clone()),
            _ => Some(Mailbox::new(
                "postmaster".parse::<LocalPart>().ok()?,
                self.inner.domains.first()?.clone(),
            )),
        }
    }

    /// Whether mail for this domain stays here.
    pub(super) fn is_local(&self, domain: &Domain) -> bool {
        self.inner.domains.contains(domain)
    }

    /// The form in which an address is compared with others. What the case of a local part means is for its own
    /// domain to say (RFC 5321 section 2.4): here it means nothing, elsewhere it may.
    pub(super) fn compared(&self, mailbox: &Mailbox) -> String {
        let name = mailbox.local_part().unquoted();
        let Some(domain) = mailbox.domain() else { return format!("{name}@{}", mailbox.host()) };
        let name = if self.is_local(domain) { name.to_ascii_lowercase() } else { name.into() };
        format!("{name}@{}", domain.to_ascii().to_ascii_lowercase())
    }

    /// Where the ways from an alias end, in order.
    fn leaves(
        &self,
        aliases: &Aliases,
        key: &str,
        alias: &Alias,
        domain: &Domain,
    ) -> (Vec<Mailbox>, Vec<Target>) {
        let (mut found, mut targets) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        let mut leaves = HashSet::new();
        // Names belong to the domain of the address that led to them.
        let mut open = Vec::new();
        let mut follow = |open: &mut Vec<_>, key: &str, alias: &Alias, domain: &Domain| {
            if seen.insert(key.to_owned()) {
                let step = |member: &Member| (member.clone(), key.to_owned(), domain.clone());
                open.extend(alias.members.iter().rev().map(step));
            }
        };
        follow(&mut open, key, alias, domain);
        while let Some((member, from, domain)) = open.pop() {
            let (mailbox, follows) = match member {
                Member::Name(name) => (Mailbox::new(name, domain), true),
                Member::User(name) => (Mailbox::new(name, domain), false),
                Member::Address(mailbox) => (mailbox, true),
                Member::Include(_) => continue,
                Member::Target(target) => {
                    if !targets.contains(&target) {
                        targets.push(target);
                    }
                    continue;
                }
            };
            let here = mailbox.domain().filter(|domain| follows && self.is_local(domain));
            let name = mailbox.local_part().unquoted().to_ascii_lowercase();
            let next = here.and_then(|domain| Some((aliases.find(&name, domain)?, domain)));
            // `joe: joe, ann` means the user.
            if let Some(((next, alias), domain)) = next.filter(|((next, _), _)| **next != *from) {
                follow(&mut open, next, alias, domain);
                continue;
            }
            if leaves.insert(self.compared(&mailbox)) {
                found.push(mailbox);
            }
        }
        (found, targets)
    }

    /// Whom free text means: an address, or a name in the first domain.
    fn mailbox_of(&self, query: &Query) -> Option<Mailbox> {
        let text = query.as_str();
        let text = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
        let named =
            || Some(Mailbox::new(text.parse::<LocalPart>().ok()?, self.inner.domains.first()?.clone()));
        Mailbox::from_utf8(text).ok().or_else(named)
    }
}

impl<U: Users> Directory for AliasDirectory<U> {
    async fn verify(&self, query: &Query, _: &Session) -> Result<Verification, BoxError> {
        let Some(mailbox) = self.mailbox_of(query) else { return Ok(Verification::Unknown) };
        Ok(match self.kind(&mailbox).await? {
            Found::Mailbox | Found::Alias(()) => Verification::Found(mailbox.into()),
            Found::Elsewhere => Verification::Unverifiable,
            Found::Unknown => Verification::Unknown,
        })
    }

    async fn expand(&self, query: &Query, _: &Session) -> Result<Option<Vec<Entry>>, BoxError> {
        let Some(mailbox) = self.mailbox_of(query) else { return Ok(None) };
        Ok(match self.resolve(&mailbox).await? {
            Resolution::Mailbox => Some(vec![mailbox.into()]),
            // What programs and files there are is nobody's business.
            Resolution::Members { members, targets, .. } if members.is_empty() && !targets.is_empty() => {
                Some(vec![mailbox.into()])
            }
            Resolution::Members { members, .. } => Some(members.into_iter().map(Entry::new).collect()),
            Resolution::Elsewhere | Resolution::Unknown => None,
        })
    }
}

impl<U> Clone for AliasDirectory<U> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<U> fmt::Debug for AliasDirectory<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AliasDirectory")
            .field("aliases", &self.inner.aliases)
            .field("domains", &self.inner.domains)
            .finish_non_exhaustive()
    }
}
