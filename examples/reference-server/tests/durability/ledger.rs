//! What was sent, what was acknowledged, and what is there.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::load::Event;
use crate::message;

#[derive(Default)]
pub(crate) struct Ledger {
    messages: HashMap<u64, Entry>,
    /// The files that were looked into.
    files: HashSet<OsString>,
    octets: usize,
}

#[derive(Default)]
struct Entry {
    sent: usize,
    acknowledged: bool,
    copies: usize,
}

impl Ledger {
    pub(crate) fn note(&mut self, event: Event) {
        match event {
            Event::Sent(number) => self.messages.entry(number).or_default().sent += 1,
            Event::Acknowledged(number) => self.messages.entry(number).or_default().acknowledged = true,
        }
    }

    /// The messages that got no 250 yet.
    pub(crate) fn open(&self) -> Vec<u64> {
        let open = self.messages.iter().filter(|(_, entry)| !entry.acknowledged);
        open.map(|(number, _)| *number).collect()
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.messages.len() - self.open().len()
    }

    /// Compares with what is in the mailbox.
    pub(crate) fn inspect(&mut self, mailbox: &Path) {
        self.read(&mailbox.join("new"));
        for (number, entry) in &self.messages {
            let Entry { sent, acknowledged, copies } = entry;
            assert!(!acknowledged || *copies > 0, "message {number} got its 250 and is lost: {self}");
            // Only who got no 250 sends again.
            assert!(copies <= sent, "message {number} was sent {sent} times and is there {copies} times");
        }
    }

    /// Looks what has come into the mailbox behind a queue, and whether all is there that was
    /// acknowledged. A queue may deliver once more what it was killed over.
    pub(crate) fn is_complete(&mut self, mailbox: &Path) -> bool {
        self.read(&mailbox.join("new"));
        self.messages.values().all(|entry| !entry.acknowledged || entry.copies > 0)
    }

    /// How many copies there are for which nobody asked.
    pub(crate) fn surplus(&self) -> usize {
        self.messages.values().map(|entry| entry.copies.saturating_sub(entry.sent)).sum()
    }

    /// Looks into the files that are new. A mailbox may be missing where nothing was delivered yet.
    fn read(&mut self, folder: &Path) {
        let entries = fs::read_dir(folder).into_iter().flatten();
        let present: HashSet<OsString> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert!(self.files.is_subset(&present), "mail has vanished");
        for name in present.difference(&self.files) {
            let mail = fs::read(folder.join(name)).unwrap();
            let (number, content) = message::find(&mail).unwrap_or_else(|| panic!("{name:?} is torn"));
            assert!(content == message::stored(number), "{name:?} is not what was sent as message {number}");
            self.messages.get_mut(&number).expect("nobody else sends").copies += 1;
            self.octets += mail.len();
        }
        self.files = present;
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = || self.messages.values();
        let again = entries().filter(|entry| entry.sent > 1).count();
        let twice = entries().filter(|entry| entry.copies > 1).count();
        write!(
            f,
            "{} messages, {} acknowledged, {again} sent more than once, {twice} there more than once; {} files \
             of {} MiB",
            self.messages.len(),
            self.acknowledged(),
            self.files.len(),
            self.octets >> 20
        )
    }
}
