use std::fmt;

/// A command that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandError {
    /// The program is missing, or not given by its absolute path: no search path decides what is run.
    NotAbsolute,
    /// There is no placeholder of this name.
    UnknownPlaceholder(String),
    /// A brace that opens or closes nothing; `{{` and `}}` stand for braces.
    Brace,
    /// The system has no user of this name, or cannot tell.
    UnknownUser(String),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAbsolute => f.write_str("the program is to be given by its absolute path"),
            Self::UnknownPlaceholder(name) => write!(f, "there is no placeholder {{{name}}}"),
            Self::Brace => f.write_str("a brace without its counterpart; write {{ or }} for a brace"),
            Self::UnknownUser(name) => write!(f, "there is no user {name:?}"),
        }
    }
}

impl std::error::Error for CommandError {}
