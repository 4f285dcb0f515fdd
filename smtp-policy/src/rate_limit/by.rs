use std::fmt;

use smtp_core::{Mail, Session};

use super::Rate;
use crate::client_network::{of_bits, of_client, spell};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Counted {
    /// Connections.
    Connections,
    /// MAIL commands.
    Messages,
    /// RCPT commands.
    Recipients,
    /// AUTH commands that were answered with 535.
    FailedLogins,
    /// VRFY and EXPN commands.
    Lookups,
    /// ETRN commands (RFC 1985), each of which has a server look through its queue.
    Flushes,
}

/// What counts as one and the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum By {
    /// A client: an IPv4 address, or the 64 bits in front of an IPv6 address.
    Address,
    /// The client's network with so many bits.
    Network {
        /// In IPv4.
        v4: u8,
        /// In IPv6.
        v6: u8,
    },
    /// Who logged in.
    Account,
    /// The address of MAIL FROM, without regard to case. Anybody can name any: who did not log in uses up what
    /// the address has in [that network](Self::NETWORK), and no more.
    Sender,
}

impl By {
    /// The networks in which addresses are handed out to one subscriber or host: 24 bits of IPv4, 48 of
    /// IPv6.
    pub const NETWORK: Self = Self::Network { v4: 24, v6: 48 };

    /// Who that is in this session; `mail` is the sender where there is one.
    pub(crate) fn subject(self, session: &Session, mail: Option<&Mail>) -> Option<String> {
        match self {
            Self::Address => session.peer_ip().map(of_client).map(spell),
            Self::Network { v4, v6 } => session.peer_ip().map(|address| of_bits(address, v4, v6)).map(spell),
            Self::Account => session.identity().map(|identity| identity.name().to_owned()),
            Self::Sender => {
                let envelope = session.envelope().map(|envelope| &envelope.sender);
                let mailbox = mail.or(envelope)?.path.mailbox()?;
                Some(mailbox.to_string().to_lowercase())
            }
        }
    }

    /// The name of its bucket: of nobody else, whatever it is called. Accounts may be called as addresses are.
    pub(super) fn bucket(self, subject: &str, session: &Session, rate: Rate) -> String {
        let network = match self {
            // Whoever names somebody else as the sender does not use up what that one may send.
            Self::Sender if session.identity().is_none() => Self::NETWORK.subject(session, None),
            _ => None,
        };
        format!("{self:?} {rate} {} {subject}", network.unwrap_or_default())
    }
}

impl Counted {
    pub(super) fn space(self) -> &'static str {
        match self {
            Self::Connections => "rate-connections",
            Self::Messages => "rate-messages",
            Self::Recipients => "rate-recipients",
            Self::FailedLogins => "rate-failed-logins",
            Self::Lookups => "rate-lookups",
            Self::Flushes => "rate-flushes",
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connections => "connections",
            Self::Messages => "messages",
            Self::Recipients => "recipients",
            Self::FailedLogins => "failed logins",
            Self::Lookups => "lookups",
            Self::Flushes => "flushes",
        })
    }
}
