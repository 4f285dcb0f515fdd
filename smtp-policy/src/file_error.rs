//! What is wrong with a file of the site.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// More of them help nobody.
const MOST: usize = 20;

/// A file cannot be read or understood. Prints a line for each problem: file, line, column, what is
/// wrong there and what to do about it. Values of the file, which may be secret, are not in it.
#[derive(Debug)]
pub struct FileError(Problems);

#[derive(Debug)]
struct Problem {
    path: PathBuf,
    /// Line and column, counted from 1.
    place: Option<(usize, usize)>,
    what: String,
}

impl FileError {
    /// The place of the first problem: line and column, counted from 1.
    pub fn place(&self) -> Option<(usize, usize)> {
        self.0.first.first().and_then(|problem| problem.place)
    }

    /// How many problems were found.
    pub fn count(&self) -> usize {
        self.0.first.len() + self.0.more
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Problem { path, place, what }) in self.0.first.iter().enumerate() {
            f.write_str(if index > 0 { "\n" } else { "" })?;
            write!(f, "{}", path.display())?;
            if let Some((line, column)) = place {
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": {what}")?;
        }
        match self.0.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more problems"),
        }
    }
}

impl std::error::Error for FileError {}

/// Collects the problems of one file, or of several.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    first: Vec<Problem>,
    /// A large file may have one in each line.
    more: usize,
}

impl Problems {
    pub(crate) fn add(&mut self, path: &Path, line: usize, column: usize, what: impl Into<String>) {
        self.push(path, Some((line, column)), what.into());
    }

    pub(crate) fn add_unreadable(&mut self, path: &Path, error: &io::Error) {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "; correct the path, or make the file",
            io::ErrorKind::PermissionDenied => "; give the server's account access to it",
            io::ErrorKind::InvalidData => "; save it as UTF-8",
            io::ErrorKind::FileTooLarge => "; name the right file, or leave out what is not needed",
            _ => "",
        };
        let what = format!("cannot be read: {error}{remedy}");
        self.push(path, None, what);
    }

    fn push(&mut self, path: &Path, place: Option<(usize, usize)>, what: String) {
        if self.first.len() < MOST {
            self.first.push(Problem { path: path.to_owned(), place, what });
        } else {
            self.more += 1;
        }
    }

    /// # Errors
    /// If there is a problem.
    pub(crate) fn into_result<T>(self, value: T) -> Result<T, FileError> {
        if self.first.is_empty() { Ok(value) } else { Err(FileError(self)) }
    }
}
