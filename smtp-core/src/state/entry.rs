use std::fmt;

use super::Moment;

/// What is remembered under a key: a number, whose meaning is up to who keeps it, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateEntry {
    /// The number.
    pub value: u64,
    /// When it runs out. A store may take the next whole millisecond for it.
    pub until: Moment,
}

/// Under what something is remembered: a name within a space of names, so that what one layer keeps does not
/// displace what another one does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StateKey {
    space: &'static str,
    name: Box<str>,
}

impl StateKey {
    /// The longest name in octets: two addresses and what stands around them have room.
    pub const MAX_NAME: usize = 1024;

    /// This name in this space. A name that is longer than [`MAX_NAME`](Self::MAX_NAME) is cut there.
    pub fn new(space: &'static str, name: impl Into<String>) -> Self {
        let mut name: String = name.into();
        name.truncate(name.floor_char_boundary(Self::MAX_NAME));
        Self { space, name: name.into() }
    }

    /// The space.
    pub fn space(&self) -> &'static str {
        self.space
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.space, self.name)
    }
}
