use std::collections::{HashMap, HashSet};

use smtp_core::{BoxError, Mailbox, Query, Session};

use super::{Directory, Entry, Verification};

/// A directory in memory: users, and lists of mailboxes that may be lists in turn.
///
/// A query is a mailbox, with or without brackets, its local part alone, or a part of a user's
/// full name. Case does not count.
///
/// VRFY finds users and lists. EXPN gives the members of a list, each once; lists within it are
/// expanded too, and a list that contains itself does no harm. A user expands to itself.
#[derive(Debug, Clone, Default)]
pub struct StaticDirectory {
    entries: Vec<Entry>,
    members: HashMap<String, Vec<Mailbox>>,
}

impl StaticDirectory {
    /// Without users and lists.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user.
    #[must_use]
    pub fn user(mut self, user: impl Into<Entry>) -> Self {
        self.entries.push(user.into());
        self
    }

    /// Adds a list, or members to it.
    #[must_use]
    pub fn list(mut self, list: Mailbox, members: impl IntoIterator<Item = Mailbox>) -> Self {
        let present = self.members.entry(key(&list)).or_insert_with(|| {
            self.entries.push(list.into());
            Vec::new()
        });
        present.extend(members);
        self
    }

    /// Whom the query means.
    fn find(&self, query: &str) -> Vec<&Entry> {
        let query = without_brackets(query);
        if let Ok(mailbox) = query.parse::<Mailbox>() {
            return self.matching(|entry| key(entry.mailbox()) == key(&mailbox));
        }
        let query = query.to_ascii_lowercase();
        let local =
            self.matching(|entry| entry.mailbox().local_part().unquoted().eq_ignore_ascii_case(&query));
        if !local.is_empty() {
            return local;
        }
        self.matching(|entry| entry.name().is_some_and(|name| name.to_ascii_lowercase().contains(&query)))
    }

    fn matching(&self, means: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| means(entry)).collect()
    }

    /// Whether the query is a mailbox of a host that this directory knows nothing of.
    fn is_elsewhere(&self, query: &str) -> bool {
        without_brackets(query)
            .parse::<Mailbox>()
            .is_ok_and(|mailbox| self.entries.iter().all(|entry| entry.mailbox().host() != mailbox.host()))
    }

    /// The leaves below `start` in order.
    fn leaves(&self, start: &Entry) -> Vec<Entry> {
        let mut leaves = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![start.mailbox()];
        while let Some(mailbox) = open.pop() {
            let key = key(mailbox);
            match self.members.get(&key) {
                _ if seen.contains(&key) => continue,
                Some(members) => open.extend(members.iter().rev()),
                None => leaves.push(self.entry_of(mailbox)),
            }
            seen.insert(key);
        }
        leaves
    }

    /// The mailbox with its name, where it is known.
    fn entry_of(&self, mailbox: &Mailbox) -> Entry {
        let known = self.matching(|entry| key(entry.mailbox()) == key(mailbox));
        known.first().map_or_else(|| Entry::new(mailbox.clone()), |entry| Entry::clone(entry))
    }
}

impl Directory for StaticDirectory {
    async fn verify(&self, query: &Query, _: &Session) -> Result<Verification, BoxError> {
        Ok(match self.find(query.as_str()).as_slice() {
            [] if self.is_elsewhere(query.as_str()) => Verification::Unverifiable,
            [] => Verification::Unknown,
            [entry] => Verification::Found(Entry::clone(entry)),
            several => Verification::Ambiguous(several.iter().copied().cloned().collect()),
        })
    }

    async fn expand(&self, query: &Query, _: &Session) -> Result<Option<Vec<Entry>>, BoxError> {
        Ok(match self.find(query.as_str()).as_slice() {
            [] => None,
            [entry] => Some(self.leaves(entry)),
            // Which list is meant the client has to say.
            _ => return Err(smtp_core::Reply::new(553, "5.1.4 list ambiguous").into()),
        })
    }
}

fn without_brackets(query: &str) -> &str {
    query.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(query)
}

/// The form in which mailboxes are compared.
fn key(mailbox: &Mailbox) -> String {
    format!("{}@{}", mailbox.local_part().unquoted(), mailbox.host()).to_ascii_lowercase()
}
