use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A member of an alias that is no mailbox, where [`AliasOptions`] let it be one. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// `|command`: a program that reads the message. What stands behind the bar, as it is: which words it has,
    /// and whether a shell divides them, is for whoever runs it.
    Program(Arc<str>),
    /// `/path`: a file to which the message is appended.
    File(Arc<Path>),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(command) => write!(f, "|{command}"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// What the members of aliases may be, besides names, addresses and lists: nothing, unless it is allowed.
///
/// Whoever may write the file can run programs and write files as the server's user then, whoever sends the
/// message. So neither is ever taken from an included list, which others may keep; the file itself should
/// belong to root, or to the server's user, and nobody else should be able to write it or to replace it; and
/// what runs a program should run it as a user of its own, without a shell, with a limit of time, and with
/// nothing of the message among its arguments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AliasOptions {
    pub(super) programs: bool,
    pub(super) files: bool,
    pub(super) no_includes: bool,
}

impl AliasOptions {
    /// Lets `|command` be a member.
    #[must_use]
    pub fn allow_programs(mut self) -> Self {
        self.programs = true;
        self
    }

    /// Lets `/path` be a member.
    #[must_use]
    pub fn allow_files(mut self) -> Self {
        self.files = true;
        self
    }

    /// Lets no list be included.
    #[cfg(feature = "postgres")]
    pub(super) fn without_includes(mut self) -> Self {
        self.no_includes = true;
        self
    }
}
