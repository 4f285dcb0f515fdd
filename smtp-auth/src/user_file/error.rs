use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A user file cannot be read, written or understood. The text names file, line and remedy.
#[derive(Debug)]
pub struct UserFileError {
    path: PathBuf,
    line: Option<usize>,
    problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    Io { what: &'static str, error: io::Error },
    Fields,
    Name,
    Unprepared { prepared: String },
    Twice { first: usize },
    Hash,
    Keys,
    Password,
    Hashing,
}

impl UserFileError {
    pub(super) fn io(path: &Path, what: &'static str, error: io::Error) -> Self {
        Problem::Io { what, error }.in_file(path)
    }

    /// The line, counted from 1, if one is to blame.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Problem {
    pub(super) fn in_file(self, path: &Path) -> UserFileError {
        UserFileError { path: path.to_owned(), line: None, problem: self }
    }

    pub(super) fn in_line(self, path: &Path, line: usize) -> UserFileError {
        UserFileError { line: Some(line), ..self.in_file(path) }
    }
}

impl fmt::Display for UserFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Shows nothing of the line but a name: it may be a password in the wrong place.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { what, error } => {
                let remedy = match error.kind() {
                    io::ErrorKind::NotFound => "; set the password of a first user, or correct the path",
                    io::ErrorKind::PermissionDenied => "; give the server's account access to it",
                    io::ErrorKind::InvalidData => "; save it as UTF-8",
                    _ => "",
                };
                write!(f, "cannot be {what}: {error}{remedy}")
            }
            Self::Fields => f.write_str(
                "not of the form name:argon2id-hash:scram-keys..; set the user's password again, or put # in \
                 front of a comment",
            ),
            Self::Name => f.write_str(
                "a user's name is not empty, has neither colons nor control characters, and begins with \
                 neither # nor a space; choose another name",
            ),
            Self::Unprepared { prepared } => {
                write!(f, "clients that log in by this name are looked for as {prepared:?}; write it so")
            }
            Self::Twice { first } => {
                write!(f, "the user stands in line {first} already; delete one of the two")
            }
            Self::Hash => {
                f.write_str("the second field is no Argon2id hash in PHC form; set the user's password again")
            }
            Self::Keys => f.write_str(
                "a field behind the second is neither of the form \
                 {SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey nor {SHARED-SECRET}base64, or there \
                 twice; set the user's password again",
            ),
            Self::Password => {
                f.write_str("a password is UTF-8, not empty and without control characters; choose another")
            }
            Self::Hashing => f.write_str("the password cannot be hashed; is there memory and randomness?"),
        }
    }
}

impl std::error::Error for UserFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
