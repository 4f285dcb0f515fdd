use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::open;
use crate::FileError;
use crate::aliases::file::{Aliases, Source};
use crate::aliases::parse::parse;
use crate::aliases::rows::Rows;
use crate::aliases::{AliasFile, AliasOptions};
use crate::file_error::Problems;
use crate::watched_file::{Files, Watched};

impl AliasFile {
    /// The aliases of a SQLite database. Each row of the query is one: a name in its first column, and in its
    /// second the members, as they stand in an aliases file; rows of one name go together. All are read at
    /// once, and again a few seconds after the database changed. What an error says of lines is about rows,
    /// in the order of their names. Blocks.
    ///
    /// # Errors
    /// As [`open`](Self::open), and if the query does not fit the database.
    pub fn from_sqlite(
        path: impl AsRef<Path>,
        query: impl Into<String>,
        options: AliasOptions,
    ) -> Result<Self, FileError> {
        let (path, query) = (path.as_ref().to_owned(), query.into());
        let database = path.clone();
        let watched = Watched::open(move |files: &mut Files| {
            let mut problems = Problems::default();
            files.note(&database);
            files.note(&write_ahead_log(&database));
            let aliases = match read(&database, &query) {
                Ok(text) => parse(&text, &database, options, files, &mut problems),
                Err(error) => {
                    problems.add_unreadable(&database, &error);
                    Aliases::default()
                }
            };
            problems.into_result(aliases)
        })?;
        Ok(Self { source: Source::Files(Arc::new(watched)), path })
    }
}

/// Where SQLite writes first.
fn write_ahead_log(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push("-wal");
    name.into()
}

/// The rows in the form of a file.
fn read(path: &Path, query: &str) -> io::Result<String> {
    let connection = open(path).map_err(io::Error::other)?;
    let mut statement = connection.prepare(query).map_err(io::Error::other)?;
    if statement.column_count() < 2 || statement.parameter_count() > 0 {
        return Err(io::Error::other("the query has two columns, name and members, and no parameters"));
    }
    let mut rows = statement.query([]).map_err(io::Error::other)?;
    let mut found = Rows::default();
    while let Some(row) = rows.next().map_err(io::Error::other)? {
        let (name, members) = (row.get::<_, String>(0), row.get::<_, String>(1));
        let (name, members) = (name.map_err(io::Error::other)?, members.map_err(io::Error::other)?);
        found.add(&name, members).map_err(io::Error::other)?;
    }
    Ok(found.into_text())
}
