use ipnet::IpNet;
use smtp_core::state::{State, StateKey};
use smtp_core::{BoxError, Command, EnhancedStatus, Reply, Session};

use crate::client_network::contains;
use crate::guard::{Event, Guard};
use crate::rate_limit::{By, Rate};

/// What an [`UnknownRecipientsLayer`](super::UnknownRecipientsLayer) goes by.
#[derive(Debug, Clone)]
pub struct UnknownRecipientsGuard {
    state: State,
    pub(super) per_session: u32,
    pub(super) per_client: Rate,
    pub(super) exempt: Vec<IpNet>,
}

/// How many a session named, in its typed map.
#[derive(Debug, Default)]
struct Named(u32);

impl UnknownRecipientsGuard {
    pub(super) fn new(state: State) -> Self {
        Self { state, per_session: 10, per_client: Rate::hourly(50), exempt: Vec::new() }
    }

    fn counts(&self, session: &Session) -> bool {
        session.identity().is_none() && !contains(&self.exempt, session.peer_ip())
    }

    async fn is_refused(&self, client: &str) -> Result<bool, BoxError> {
        let (mut entry, now) = self.state.get(key(client)).await?;
        Ok(!self.per_client.take(&mut entry, now))
    }

    async fn count(&self, client: &str) -> Result<bool, BoxError> {
        let rate = self.per_client;
        self.state.update(key(client), move |entry, now| rate.take(entry, now)).await
    }
}

fn key(client: &str) -> StateKey {
    StateKey::new("unknown-recipients", client)
}

fn is_unknown(reply: &Reply) -> bool {
    // The last two are about the sender (RFC 3463 section 3.2).
    let of_recipient = |status: EnhancedStatus| status.subject() == 1 && !matches!(status.detail(), 7 | 8);
    reply.is_permanent() && reply.status().is_some_and(of_recipient)
}

impl Guard for UnknownRecipientsGuard {
    const NAME: &'static str = "unknown recipients";

    fn watches(&self, command: &Command) -> bool {
        matches!(command, Command::Rcpt(_))
    }

    async fn before(&self, _: &Event, session: &Session) -> Result<(), Reply> {
        let client = By::Address.subject(session, None).filter(|_| self.counts(session));
        let Some(client) = client else { return Ok(()) };
        match self.is_refused(&client).await {
            Ok(false) => Ok(()),
            Ok(true) => {
                let what = format!("4.7.0 too many unknown recipients from {client}, try again later");
                Err(Reply::new(450, what))
            }
            Err(error) => {
                tracing::warn!(%error, "unknown recipients cannot be counted; nobody is refused for them");
                Ok(())
            }
        }
    }

    async fn after(&self, _: &Event, session: &Session, reply: &Reply) -> Result<(), Reply> {
        if !is_unknown(reply) || !self.counts(session) {
            return Ok(());
        }
        if let Some(client) = By::Address.subject(session, None)
            && let Err(error) = self.count(&client).await
        {
            tracing::warn!(%error, "an unknown recipient cannot be counted");
        }
        let of_session = session.connection().with(|named: &mut Named| {
            named.0 = named.0.saturating_add(1);
            named.0
        });
        if of_session > self.per_session {
            return Err(Reply::new(421, "4.7.0 too many unknown recipients, closing connection"));
        }
        Ok(())
    }
}
