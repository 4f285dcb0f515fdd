use ipnet::IpNet;
use smtp_core::state::{State, StateKey};
use smtp_core::{BoxError, Command, Mail, Reply, Session};

use super::{By, Counted, Rate, window};
use crate::AccessMap;
use crate::access_map::Remote;
use crate::client_network::{contains, of_client, spell};
use crate::guard::{Event, Guard};

/// What a [`RateLimitLayer`](super::RateLimitLayer) goes by.
#[derive(Debug, Clone)]
pub struct RateGuard {
    state: State,
    pub(super) limits: Vec<Limit>,
    pub(super) map: Option<AccessMap>,
    pub(super) exempt: Vec<IpNet>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) counted: Counted,
    pub(super) by: By,
    pub(super) rate: Rate,
}

/// Whether one is taken out of a bucket, or only looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    One,
    None,
}

impl RateGuard {
    pub(super) fn new(state: State) -> Self {
        Self { state, limits: Vec::new(), map: None, exempt: Vec::new() }
    }

    async fn check(
        &self,
        counted: Counted,
        session: &Session,
        mail: Option<&Mail>,
        take: Take,
    ) -> Result<(), Reply> {
        for Limit { by, rate, .. } in self.limits.iter().filter(|limit| limit.counted == counted) {
            let Some(subject) = by.subject(session, mail) else { continue };
            if !self.has_room(counted, by.bucket(&subject, session, *rate), *rate, take).await {
                return Err(refusal(counted, &subject, *rate));
            }
        }
        Ok(())
    }

    /// Sendmail's words, and its way of counting.
    async fn check_map(&self, session: &Session) -> Result<(), Reply> {
        let Some(map) = &self.map else { return Ok(()) };
        let most = map.rules().await.client_rate(&Remote::client(session)).filter(|most| *most > 0);
        let (Some(most), Some(address)) = (most, session.peer_ip()) else { return Ok(()) };
        let key = StateKey::new("client-rate", spell(of_client(address)));
        let counted = self.state.update(key, window::count).await;
        match counted {
            Ok(count) if count > most => Err(Reply::new(421, "4.3.2 connection rate limit exceeded")),
            Ok(_) => Ok(()),
            Err(error) => {
                not_counted(Counted::Connections, &error);
                Ok(())
            }
        }
    }

    async fn has_room(&self, counted: Counted, bucket: String, rate: Rate, take: Take) -> bool {
        let key = StateKey::new(counted.space(), bucket);
        let looked = match take {
            Take::One => self.state.update(key, move |entry, now| rate.take(entry, now)).await,
            Take::None => self.state.get(key).await.map(|(mut entry, now)| rate.take(&mut entry, now)),
        };
        looked.unwrap_or_else(|error| {
            not_counted(counted, &error);
            true
        })
    }
}

fn not_counted(counted: Counted, error: &BoxError) {
    tracing::warn!(%error, "{counted} cannot be counted; nobody is refused for them");
}

fn refusal(counted: Counted, subject: &str, rate: Rate) -> Reply {
    let code = match counted {
        Counted::Connections => 421,
        Counted::Messages | Counted::Recipients | Counted::Lookups => 451,
        Counted::FailedLogins => 454,
        Counted::Flushes => 458,
    };
    Reply::new(code, format!("4.7.0 too many {counted} from {subject}: {rate} at most"))
}

impl Guard for RateGuard {
    const NAME: &'static str = "rate limit";

    fn watches(&self, command: &Command) -> bool {
        let counted = match command {
            Command::Connect if self.map.is_some() => return true,
            Command::Connect => Counted::Connections,
            Command::Mail(_) => Counted::Messages,
            Command::Rcpt(_) => Counted::Recipients,
            Command::Auth(_) => Counted::FailedLogins,
            Command::Vrfy(_) | Command::Expn(_) => Counted::Lookups,
            Command::Other(other) if other.verb() == "ETRN" => Counted::Flushes,
            _ => return false,
        };
        self.limits.iter().any(|limit| limit.counted == counted)
    }

    async fn before(&self, event: &Event, session: &Session) -> Result<(), Reply> {
        if contains(&self.exempt, session.peer_ip()) {
            return Ok(());
        }
        match event {
            Event::Connect => {
                self.check_map(session).await?;
                self.check(Counted::Connections, session, None, Take::One).await
            }
            Event::Mail(mail) => self.check(Counted::Messages, session, Some(mail), Take::One).await,
            Event::Rcpt(_) => self.check(Counted::Recipients, session, None, Take::One).await,
            Event::Auth => self.check(Counted::FailedLogins, session, None, Take::None).await,
            Event::Lookup => self.check(Counted::Lookups, session, None, Take::One).await,
            Event::Flush => self.check(Counted::Flushes, session, None, Take::One).await,
            _ => Ok(()),
        }
    }

    async fn after(&self, event: &Event, session: &Session, reply: &Reply) -> Result<(), Reply> {
        // The last of a connection is answered with 421.
        let failed = matches!(event, Event::Auth) && (reply.code() == 535 || reply.code() == 421);
        if failed && !contains(&self.exempt, session.peer_ip()) {
            // The failure is answered as such; the next attempt is refused.
            let _ = self.check(Counted::FailedLogins, session, None, Take::One).await;
        }
        Ok(())
    }
}
