//! A directory in a PostgreSQL database, which several servers share: aliases and users by queries of the
//! site's own.
//!
//! ```no_run
//! use smtp_policy::aliases::{AliasDirectory, AliasFile, AliasOptions};
//! use smtp_policy::aliases::{PostgresDatabase, PostgresOptions, PostgresUsers};
//!
//! # async fn open() -> Result<(), smtp_core::BoxError> {
//! let database = PostgresDatabase::new("host=/run/postgresql dbname=mail", PostgresOptions::default())?;
//! let query = "SELECT name, members FROM aliases";
//! let aliases = AliasFile::from_postgres(&database, query, AliasOptions::default()).await?;
//! let users = PostgresUsers::open(&database, "SELECT 1 FROM users WHERE address = $1").await?;
//! let directory = AliasDirectory::new(aliases, users, ["example.org".parse()?]);
//! # let _ = directory;
//! # Ok(())
//! # }
//! ```

mod config;
mod database;
mod failure;
mod options;
mod table;
#[cfg(test)]
mod tests;
mod users;

pub use config::PostgresTls;
pub use database::PostgresDatabase;
pub use options::PostgresOptions;
pub(super) use table::Table;
pub use users::PostgresUsers;
