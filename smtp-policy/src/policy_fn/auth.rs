//! The two stages of AUTH.

use smtp_core::{Command, Identity, Reply, Request};

use super::Stage;
use super::stage::{Arrival, Moment, Scope};

/// The client wants to authenticate; nothing of its credentials was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartOfAuth {
    /// The mechanism in upper case, as the client named it.
    pub mechanism: String,
}

/// The client has proved who it is, and has not heard so yet. A policy that refuses takes it back.
///
/// The policy belongs outside of the layer that does AUTH.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authenticated {
    /// Who it is.
    pub identity: Identity,
}

impl Moment for StartOfAuth {
    type Settings = ();

    const SCOPE: Scope = Scope::Connection;

    fn arrival(request: &Request) -> Arrival<Self> {
        match &request.command {
            Command::Auth(auth) => Arrival::Here(Self { mechanism: auth.mechanism.clone() }),
            _ => Arrival::Elsewhere,
        }
    }
}

#[diagnostic::do_not_recommend]
impl Stage for StartOfAuth {}

impl Moment for Authenticated {
    type Settings = ();

    const SCOPE: Scope = Scope::Connection;

    fn arrival(request: &Request) -> Arrival<Self> {
        match &request.command {
            Command::Auth(_) => Arrival::InReply,
            _ => Arrival::Elsewhere,
        }
    }

    fn of_reply(reply: &Reply) -> Option<Self> {
        let identity = reply.effects()?.identity.clone().filter(|_| reply.is_positive())?;
        Some(Self { identity })
    }
}

#[diagnostic::do_not_recommend]
impl Stage for Authenticated {}
