use std::fmt;
use std::net::SocketAddr;

use serde::Deserialize;

/// An address on which clients are awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) kind: Kind,
}

/// Whom a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Other servers (port 25): STARTTLS and AUTH are offered, neither is required.
    Mx,
    /// Users (port 587): nothing is taken before STARTTLS and AUTH.
    Submission,
    /// Users (port 465): TLS begins with the connection, AUTH is required.
    Submissions,
}

impl Kind {
    /// Whether clients must say who they are before they send mail, and by TLS.
    pub(crate) fn is_for_users(self) -> bool {
        self != Self::Mx
    }

    pub(crate) fn begins_with_tls(self) -> bool {
        self == Self::Submissions
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mx => "mx",
            Self::Submission => "submission",
            Self::Submissions => "submissions",
        })
    }
}
