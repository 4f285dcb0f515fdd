use std::env;
use std::io;

use listenfd::ListenFd;

use super::Socket;

/// The sockets that systemd has opened for this service (socket activation), each with its
/// `FileDescriptorName=`, or `unknown`. It asks the environment, which is for one call: further ones
/// find nothing.
///
/// ```no_run
/// # fn run() -> std::io::Result<()> {
/// for (name, socket) in smtp_server::systemd_sockets()? {
///     println!("{name}: {socket:?}");
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// If one of them is no socket that is listened on.
pub fn systemd_sockets() -> io::Result<Vec<(String, Socket)>> {
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':').filter(|name| !name.is_empty());
    let mut handed = ListenFd::from_env();
    let mut sockets = Vec::with_capacity(handed.len());
    for index in 0..handed.len() {
        let name = names.next().unwrap_or("unknown").to_owned();
        let socket = match handed.take_tcp_listener(index) {
            Ok(Some(socket)) => Socket::from_tcp(socket)?,
            // It stays where it was if it is of another kind.
            Ok(None) | Err(_) => match handed.take_unix_listener(index)? {
                Some(socket) => Socket::from_unix(socket)?,
                None => continue,
            },
        };
        sockets.push((name, socket));
    }
    Ok(sockets)
}
