//! `[directory]`: a database with users and aliases.

use std::path::PathBuf;
#[cfg(feature = "postgres")]
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::check::Check;

/// Who has mail here besides those in the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) database: DirectoryDatabase,
    /// The query for a user, with `$1` for the address.
    pub(crate) users: Option<String>,
    /// The query for all aliases.
    pub(crate) aliases: Option<String>,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DirectoryDatabase {
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(PostgresDirectory),
}

/// A database that several servers share.
#[cfg(feature = "postgres")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PostgresDirectory {
    pub(crate) address_file: PathBuf,
    /// In the place of the authorities that the system trusts.
    pub(crate) ca: Option<PathBuf>,
    /// Of a lookup.
    pub(crate) timeout: Duration,
    /// How old aliases may be.
    pub(crate) refresh: Duration,
}

/// The directory as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectoryTable {
    sqlite: Option<Spanned<PathBuf>>,
    postgres_file: Option<Spanned<PathBuf>>,
    postgres_ca: Option<Spanned<PathBuf>>,
    users: Option<Spanned<String>>,
    aliases: Option<Spanned<String>>,
    timeout: Option<Spanned<String>>,
    refresh: Option<Spanned<String>>,
}

/// A database on the next host answers in milliseconds.
#[cfg(feature = "postgres")]
const TIMEOUT: Duration = Duration::from_secs(5);
#[cfg(feature = "postgres")]
const REFRESH: Duration = Duration::from_secs(10);

impl Check<'_> {
    pub(super) fn directory(
        &mut self,
        table: Option<&Spanned<DirectoryTable>>,
        has_file_of_aliases: bool,
    ) -> Option<Directory> {
        let spanned = table?;
        let table = spanned.get_ref();
        if table.users.is_none() && table.aliases.is_none() {
            self.refuse(
                spanned,
                "nobody is looked up in this directory",
                "add users or aliases, a query each",
            );
        }
        if let Some(query) = table.users.as_ref().filter(|query| !query.get_ref().contains("$1")) {
            self.refuse(query, "the query says nowhere where the address goes", "write $1 there");
        }
        if let Some(query) = table.aliases.as_ref().filter(|_| has_file_of_aliases) {
            let help = "leave this out, or the aliases of [local]";
            self.refuse(query, "aliases are in a file or in a database", help);
        }
        let database = match (&table.sqlite, &table.postgres_file) {
            (Some(path), None) => {
                for key in [&table.timeout, &table.refresh].into_iter().flatten() {
                    self.refuse(key, "this is for PostgreSQL", "leave the line out");
                }
                if let Some(ca) = &table.postgres_ca {
                    let help = "add postgres_file in the place of sqlite, or leave the line out";
                    self.refuse(ca, "a file needs no authorities", help);
                }
                Some(DirectoryDatabase::Sqlite(self.folder.join(path.get_ref())))
            }
            (None, Some(file)) => {
                self.is_file_name(file);
                self.postgres_directory(file, table)
            }
            _ => {
                let help = "add one of sqlite and postgres_file";
                self.refuse(spanned, "a directory is in one database", help);
                None
            }
        };
        let query = |query: &Option<Spanned<String>>| query.as_ref().map(|query| query.get_ref().clone());
        Some(Directory { database: database?, users: query(&table.users), aliases: query(&table.aliases) })
    }

    #[cfg(feature = "postgres")]
    fn postgres_directory(
        &mut self,
        file: &Spanned<PathBuf>,
        table: &DirectoryTable,
    ) -> Option<DirectoryDatabase> {
        Some(DirectoryDatabase::Postgres(PostgresDirectory {
            address_file: self.folder.join(file.get_ref()),
            ca: table.postgres_ca.as_ref().map(|ca| self.folder.join(ca.get_ref())),
            timeout: self.duration(table.timeout.as_ref(), TIMEOUT),
            refresh: self.duration(table.refresh.as_ref(), REFRESH),
        }))
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres_directory(
        &mut self,
        file: &Spanned<PathBuf>,
        _: &DirectoryTable,
    ) -> Option<DirectoryDatabase> {
        self.lacks(file, "postgres")
    }
}
