//! The database in which a queue is, and TLS with databases.

use std::path::Path;

use smtp_server::BoxError;
use smtp_server::auth::{TrustError, TrustedRoots, VerifiedTls};
use smtp_server::delivery::queue::store::postgres::{PostgresOptions, PostgresStore};

use crate::config::about;
use crate::stores::secret;

/// Joins the queue in the database whose address the file has: elsewhere by TLS, with a server that `ca` vouches
/// for, or the authorities that the system trusts.
pub(crate) async fn open(address_file: &Path, ca: Option<&Path>) -> Result<PostgresStore, BoxError> {
    let (address, options) =
        (secret::read(address_file).map_err(about("[queue] postgres_file"))?, PostgresOptions::default());
    let (opened, no_roots) = match (tls(ca), ca) {
        (Ok(tls), _) => (PostgresStore::connect_with_tls(address, tls, options).await, None),
        // A database on this computer needs no authorities.
        (Err(error), None) => (PostgresStore::connect(address, options).await, Some(error)),
        (Err(error), Some(_)) => return Err(wrong_ca(error)),
    };
    opened.map_err(|error| {
        let authorities = no_roots.map(|error| format!(" ({error})")).unwrap_or_default();
        format!(
            "the queue in the database cannot be opened: {error}{authorities}; start the database, correct its \
             address in {}, or name the authority of its certificate by [queue] postgres_ca",
            address_file.display()
        )
        .into()
    })
}

/// Whether the files can be read; the database is not asked.
pub(crate) fn check(address_file: &Path, ca: Option<&Path>) -> Result<(), BoxError> {
    secret::read(address_file).map_err(about("[queue] postgres_file"))?;
    match (tls(ca), ca) {
        (Err(error), Some(_)) => Err(wrong_ca(error)),
        _ => Ok(()),
    }
}

/// What verifies databases: by `ca`, or the authorities that the system trusts.
pub(crate) fn tls(ca: Option<&Path>) -> Result<VerifiedTls, TrustError> {
    VerifiedTls::new(&ca.map_or(TrustedRoots::System, |file| TrustedRoots::File(file.to_owned())))
}

fn wrong_ca(error: TrustError) -> BoxError {
    about("[queue] postgres_ca")(error)
}
