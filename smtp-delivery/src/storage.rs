//! What a failure of the disk means to the client.

use std::io;

use smtp_core::Reply;

/// 452 4.3.1 if there is no room, else 451 4.3.0 (RFC 3463 section 3.4). The facts are for the
/// log, not for the client.
pub(crate) fn reply(error: &io::Error) -> Reply {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Reply::new(452, "4.3.1 insufficient system storage")
        }
        _ => Reply::new(451, "4.3.0 local storage error, try again later"),
    }
}

/// What a task on the blocking pool gave back; that it panicked, or that the runtime is shutting
/// down, is an error like any other.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_room_is_told_from_other_failures() {
        for (number, code) in [(28, 452), (122, 452), (5, 451), (13, 451)] {
            assert_eq!(reply(&io::Error::from_raw_os_error(number)).code().get(), code);
        }
    }
}
