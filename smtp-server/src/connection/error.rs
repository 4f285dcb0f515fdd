use std::fmt;
use std::io;

use smtp_core::BoxError;

use super::wire::Stop;

/// Why a connection ended out of order.
#[derive(Debug)]
pub struct ConnectionError(Kind);

#[derive(Debug)]
enum Kind {
    Io(io::Error),
    Timeout,
    Handshake(BoxError),
}

impl ConnectionError {
    pub(super) fn handshake(error: BoxError) -> Self {
        Self(Kind::Handshake(error))
    }

    /// Whether the client was silent for too long.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0, Kind::Timeout)
    }

    /// Whether the handshake behind STARTTLS failed.
    pub fn is_handshake(&self) -> bool {
        matches!(self.0, Kind::Handshake(_))
    }

    /// The outcome of a connection that stopped for this reason.
    pub(super) fn from_stop(stop: Stop) -> Result<(), Self> {
        match stop {
            Stop::Closed | Stop::Shutdown => Ok(()),
            Stop::Timeout => Err(Self(Kind::Timeout)),
            Stop::Io(error) => Err(Self(Kind::Io(error))),
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Io(_) => "the connection broke",
            Kind::Timeout => "the client was silent for too long",
            Kind::Handshake(_) => "the handshake behind STARTTLS failed",
        })
    }
}

impl std::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Io(error) => Some(error),
            Kind::Timeout => None,
            Kind::Handshake(error) => Some(&**error),
        }
    }
}
