//! A directory in a SQLite database: aliases and users by queries of the site's own.
//!
//! ```
//! use smtp_policy::aliases::{AliasDirectory, AliasFile, AliasOptions, Resolution, SqliteUsers};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), smtp_core::BoxError> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("directory.sqlite");
//! # rusqlite::Connection::open(&path)?.execute_batch(
//! #     "CREATE TABLE users (address TEXT PRIMARY KEY);
//! #      CREATE TABLE aliases (name TEXT, members TEXT);
//! #      INSERT INTO users VALUES ('joe@example.org');
//! #      INSERT INTO aliases VALUES ('sales', 'joe'), ('sales', 'ann@example.net'), ('@example.com', 'joe@example.org');",
//! # )?;
//! let aliases = AliasFile::from_sqlite(&path, "SELECT name, members FROM aliases", AliasOptions::default())?;
//! let users = SqliteUsers::open(&path, "SELECT 1 FROM users WHERE address = $1")?;
//! let directory = AliasDirectory::new(aliases, users, ["example.org".parse()?, "example.com".parse()?]);
//! assert_eq!(directory.resolve(&"joe+x@example.org".parse()?).await?, Resolution::Mailbox);
//! let Resolution::Members { members, .. } = directory.resolve(&"sales@example.org".parse()?).await? else { panic!() };
//! assert_eq!(members, ["joe@example.org".parse()?, "ann@example.net".parse()?]);
//! # Ok(())
//! # }
//! ```

mod table;
#[cfg(test)]
mod tests;
mod users;

pub use users::SqliteUsers;

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// How long to wait for who writes.
const BUSY: std::time::Duration = std::time::Duration::from_secs(2);
