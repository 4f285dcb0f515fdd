//! The library takes sockets, and the way to a directory may be TLS: what goes to and fro passes
//! through a pair of sockets.

use std::os::unix::net::UnixStream as StdUnixStream;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use smtp_core::Transport;
use tokio::net::UnixStream;

use super::error::DirectoryError;
use super::guard;

/// Runs `work` over the transport, which is as it was when the work is done. Whatever the directory said
/// besides is forgotten: after StartTLS, what came before TLS.
pub(super) async fn talk<T>(
    transport: &mut Transport,
    work: impl AsyncFnOnce(&mut Ldap) -> Result<T, DirectoryError>,
) -> Result<T, DirectoryError> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(theirs));
    // The scheme says which type of socket it is; the path is not looked at.
    let (connection, mut ldap) = LdapConnAsync::with_settings(settings, "ldapi:///").await?;
    tokio::select! {
        biased;
        result = work(&mut ldap) => result,
        broken = pass(transport, UnixStream::from_std(ours)?) => Err(broken),
        ended = connection.drive() => Err(ended.map_or_else(Into::into, |()| DirectoryError::HungUp)),
    }
}

/// Passes on what each side says, for as long as there is something.
async fn pass(transport: &mut Transport, library: UnixStream) -> DirectoryError {
    let (mut from_directory, mut to_directory) = tokio::io::split(transport);
    let (mut from_library, mut to_library) = library.into_split();
    tokio::select! {
        sent = tokio::io::copy(&mut from_library, &mut to_directory) => {
            sent.map_or_else(Into::into, |_| DirectoryError::HungUp)
        }
        read = guard::pass(&mut from_directory, &mut to_library) => {
            read.map_or_else(Into::into, |()| DirectoryError::HungUp)
        }
    }
}
