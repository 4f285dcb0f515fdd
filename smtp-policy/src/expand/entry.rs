use std::fmt;

use smtp_core::Mailbox;

/// A mailbox and the full name of who reads it, where known: `Joe Doe <joe@example.org>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    name: Option<Box<str>>,
    mailbox: Mailbox,
}

impl Entry {
    /// A mailbox without a name.
    pub fn new(mailbox: Mailbox) -> Self {
        Self { name: None, mailbox }
    }

    /// Adds the full name. Characters that are not printable become spaces, so that an entry is
    /// one line.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.name = Some(name.trim()).filter(|name| !name.is_empty()).map(Into::into);
        self
    }

    /// The full name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The mailbox.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}

impl From<Mailbox> for Entry {
    fn from(mailbox: Mailbox) -> Self {
        Self::new(mailbox)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name} ")?;
        }
        write!(f, "<{}>", self.mailbox)
    }
}
