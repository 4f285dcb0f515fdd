//! Who has mail here: the users and aliases of files, and those of a database.

use smtp_server::policy::aliases::SqliteUsers;
#[cfg(feature = "postgres")]
use smtp_server::policy::aliases::{PostgresDatabase, PostgresOptions, PostgresUsers};
use smtp_server::policy::{AliasDirectory, AliasFile, AliasOptions, Users};
use smtp_server::{BoxError, Mailbox};

use crate::bootstrap::Prepared;
#[cfg(feature = "postgres")]
use crate::config::PostgresDirectory;
use crate::config::{Config, Directory, DirectoryDatabase, about};
#[cfg(feature = "postgres")]
use crate::database;
use crate::residents::Residents;
#[cfg(feature = "postgres")]
use crate::stores::secret;

/// The users of a database.
#[derive(Debug)]
pub(crate) enum DatabaseUsers {
    Sqlite(SqliteUsers),
    #[cfg(feature = "postgres")]
    Postgres(PostgresUsers),
}

/// What a database has of a directory.
#[derive(Default)]
struct Opened {
    users: Option<DatabaseUsers>,
    aliases: Option<AliasFile>,
}

pub(crate) async fn open(
    config: &Config,
    prepared: &Prepared,
) -> Result<AliasDirectory<Residents>, BoxError> {
    let opened = match &config.directory {
        Some(directory) => Opened::of(directory).await?,
        None => Opened::default(),
    };
    let aliases = match config.aliases.clone().or(opened.aliases) {
        Some(aliases) => aliases,
        None => AliasFile::from_text("")?,
    };
    let residents = Residents::new(prepared.users.clone(), opened.users);
    Ok(AliasDirectory::new(aliases, residents, config.local_domains.iter().cloned()))
}

/// Whether a directory in a database can be used. That it is away is a warning: a server would start, and wait
/// for it.
pub(crate) fn check(config: &Config) -> Result<Option<String>, BoxError> {
    let Some(directory) = &config.directory else { return Ok(None) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        #[cfg(feature = "postgres")]
        if let DirectoryDatabase::Postgres(place) = &directory.database
            && let Err(error) = postgres(place)?.check().await
        {
            return Ok(Some(format!(
                "the database of [directory] is away: {error}; start it, or correct its address in {}",
                place.address_file.display()
            )));
        }
        Opened::of(directory).await?;
        Ok(None)
    })
}

impl Opened {
    async fn of(directory: &Directory) -> Result<Self, BoxError> {
        let (users, aliases) = (directory.users.as_deref(), directory.aliases.as_deref());
        let (of_users, of_aliases) = (about("[directory] users"), about("[directory] aliases"));
        // Programs are for the file alone, which belongs to whoever runs the server.
        let options = AliasOptions::default();
        match &directory.database {
            DirectoryDatabase::Sqlite(path) => {
                let users = users.map(|query| SqliteUsers::open(path, query)).transpose();
                let aliases = aliases.map(|query| AliasFile::from_sqlite(path, query, options)).transpose();
                Ok(Self {
                    users: users.map_err(of_users)?.map(DatabaseUsers::Sqlite),
                    aliases: aliases.map_err(of_aliases)?,
                })
            }
            #[cfg(feature = "postgres")]
            DirectoryDatabase::Postgres(place) => {
                let database = postgres(place)?;
                let mut opened = Self::default();
                if let Some(query) = users {
                    let users = PostgresUsers::open(&database, query).await.map_err(of_users)?;
                    opened.users = Some(DatabaseUsers::Postgres(users));
                }
                if let Some(query) = aliases {
                    let aliases = AliasFile::from_postgres(&database, query, options).await;
                    opened.aliases = Some(aliases.map_err(of_aliases)?);
                }
                Ok(opened)
            }
        }
    }
}

/// The database whose address the file has: elsewhere by TLS, with a server that `ca` vouches for, or the
/// authorities that the system trusts.
#[cfg(feature = "postgres")]
fn postgres(place: &PostgresDirectory) -> Result<PostgresDatabase, BoxError> {
    let options = PostgresOptions::default().timeout(place.timeout).refresh(place.refresh);
    let address = secret::read(&place.address_file).map_err(about("[directory] postgres_file"))?;
    let database = match (database::tls(place.ca.as_deref()), &place.ca) {
        (Ok(tls), _) => PostgresDatabase::with_tls(address, tls, options),
        // A database on this computer needs no authorities.
        (Err(roots), None) => PostgresDatabase::new(address, options).map_err(|error| {
            format!("{error}, and there are no authorities to verify it by: {roots}").into()
        }),
        (Err(error), Some(_)) => return Err(about("[directory] postgres_ca")(error)),
    };
    database.map_err(about("[directory] postgres_file"))
}

impl Users for DatabaseUsers {
    async fn has_mailbox(&self, mailbox: &Mailbox) -> Result<bool, BoxError> {
        match self {
            Self::Sqlite(users) => users.has_mailbox(mailbox).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(users) => users.has_mailbox(mailbox).await,
        }
    }
}
