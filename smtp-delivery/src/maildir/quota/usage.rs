use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use super::Quota;
use super::size_file::SizeFile;

/// So much of a mailbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) octets: i64,
    pub(super) messages: i64,
}

impl Amount {
    pub(super) fn of_message(octets: u64) -> Self {
        Self { octets: i64::try_from(octets).unwrap_or(i64::MAX), messages: 1 }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.octets = self.octets.saturating_add(other.octets);
        self.messages = self.messages.saturating_add(other.messages);
    }

    fn negative(self) -> Self {
        Self { octets: -self.octets, messages: -self.messages }
    }
}

impl fmt::Display for Amount {
    /// As the file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.octets, self.messages)
    }
}

/// Why a message was not put into a mailbox.
#[derive(Debug)]
pub(in crate::maildir) enum Refused {
    /// There is no room for it now.
    Full,
    /// There never will be.
    TooLarge,
    Storage(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Storage(error)
    }
}

/// One delivery at a time looks whether a mailbox has room, or two might find the same. Held for some
/// reads and writes that do not wait for the disk, and while a mailbox is counted.
static GATES: LazyLock<[Mutex<()>; 64]> = LazyLock::new(|| [(); 64].map(|()| Mutex::new(())));
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A mailbox and what it may hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::maildir) struct Usage {
    pub(in crate::maildir) mailbox: Arc<PathBuf>,
    pub(in crate::maildir) quota: Quota,
}

impl Usage {
    /// Puts a message of this size into the mailbox by `deliver`, if there is room for it.
    pub(in crate::maildir) fn admit(
        &self,
        octets: u64,
        deliver: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), Refused> {
        if !self.quota.has_room_for(octets) {
            return Err(Refused::TooLarge);
        }
        let _gate = self.gate();
        let message = Amount::of_message(octets);
        let fits = |mut used: Amount| {
            used.add(message);
            self.quota.allows(used)
        };
        let mut file = SizeFile::open(&self.mailbox, self.quota)?;
        if !fits(file.used) {
            // Nobody is turned away by a sum that may be wrong.
            if file.is_fresh {
                return Err(Refused::Full);
            }
            file = SizeFile::count(&self.mailbox, self.quota)?;
            if !fits(file.used) {
                return Err(Refused::Full);
            }
        }
        // First, so that a crash leaves too large a sum, which is found out when the mailbox is full.
        file.add(message)?;
        deliver().or_else(|error| {
            file.add(message.negative())?;
            Err(error.into())
        })
    }

    /// Takes a message of this size off again.
    pub(in crate::maildir) fn take_back(&self, octets: u64) -> io::Result<()> {
        let _gate = self.gate();
        SizeFile::open(&self.mailbox, self.quota)?.add(Amount::of_message(octets).negative())
    }

    fn gate(&self) -> MutexGuard<'static, ()> {
        let hash = HASHER.hash_one(&self.mailbox);
        let place = usize::try_from(hash % GATES.len() as u64).unwrap_or_default();
        GATES[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
