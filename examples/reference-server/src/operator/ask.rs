//! The side of the operator.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use smtp_server::BoxError;

use super::{FAILED, OK, Request, SHOWN, path};

/// Asks the server whose data folder this is, and prints what it says.
pub(crate) fn ask(data_dir: &Path, request: &Request) -> Result<(), BoxError> {
    let socket = path(data_dir);
    let mut stream = UnixStream::connect(&socket).map_err(|error| away(&socket, &error))?;
    writeln!(stream, "{request}")?;
    let mut printed = io::stdout().lock();
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if let Some(shown) = line.strip_prefix(SHOWN) {
            writeln!(printed, "{shown}")?;
        } else if line == OK {
            return Ok(());
        } else {
            return Err(line.strip_prefix(FAILED).unwrap_or("the server is of another version").into());
        }
    }
    Err("the server has ended before it answered".into())
}

fn away(socket: &Path, error: &io::Error) -> BoxError {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            "no server with a queue runs there: start it, or name its --config or --data"
        }
        io::ErrorKind::PermissionDenied => "ask as root, or as the user of the server",
        _ => "name the server's --config or --data",
    };
    format!("{}: {error}; {remedy}", socket.display()).into()
}
