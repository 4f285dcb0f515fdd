//! From a message to its outcomes: to one server after the other until one has it.

use std::ops::Range;
use std::time::Duration;

use smtp_core::{BodyError, BoxError, Envelope, Host, Message, Outcomes, Reply};
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use super::connection::Connection;
use super::failure;
use super::hop::Hop;
use super::limits::Limits;
use super::progress::{Attempt, Progress, part};
use super::rewind::Rewind;
use super::route::{self, Route};
use super::service::Relay;
use super::transaction;
use crate::outcome;

/// How long the addresses of a fixed host are tried.
const FOR_ALL: Duration = Duration::from_mins(10);

impl Relay {
    pub(super) async fn deliver(self, message: Message) -> Result<Outcomes, BodyError> {
        let Message { envelope, body, session } = message;
        if envelope.recipients.is_empty() {
            return Ok(Reply::new(554, "5.5.1 no valid recipients").into());
        }
        let name = self.settings.name.as_ref().unwrap_or(session.server_name());
        if let Route::Mx(mx) = &self.route {
            return self.deliver_by_mx(mx, &envelope, body, &session).await;
        }
        let hops = match self.fixed_hops().await {
            Ok(hops) => hops,
            Err(reply) => return Ok(reply.into()),
        };
        let once = hops.len() == 1 && self.pool.is_none();
        let mut content = if once { Rewind::once(body) } else { Rewind::stream(body) };
        let mut progress = Progress::new(envelope.recipients.len());
        let until = Instant::now() + FOR_ALL;
        self.try_each(&hops, name, &envelope, &mut content, &mut progress, until).await?;
        Ok(outcome::from_each(progress.into_each()))
    }

    /// The servers that are one fixed next hop.
    pub(super) async fn fixed_hops(&self) -> Result<Vec<Hop>, Reply> {
        let host = match &self.route {
            Route::Over(connect, destination) => {
                return Ok(vec![Hop::over(connect.clone(), destination.clone())]);
            }
            Route::Host(host) => host,
            Route::Mx(_) => return Ok(Vec::new()),
        };
        let limit = self.settings.timeouts.connect;
        match timeout(limit, route::of_host(host, &self.settings.sources)).await {
            Ok(Ok(hops)) if !hops.is_empty() => return Ok(hops),
            Ok(Ok(_)) => tracing::warn!("next hop has no address"),
            Ok(Err(error)) => tracing::warn!(%error, "cannot look the next hop up"),
            Err(_) => tracing::warn!("looking the next hop up takes too long"),
        }
        Err(failure::unreachable())
    }

    /// Passes a message on to the first of these servers that will have it; when the time has come, no
    /// other one is tried. Tells whether the message may go to others.
    pub(super) async fn try_each(
        &self,
        hops: &[Hop],
        name: &Host,
        envelope: &Envelope,
        content: &mut Rewind,
        progress: &mut Progress,
        until: Instant,
    ) -> Result<bool, BodyError> {
        for hop in hops {
            let rest = progress.rest(envelope);
            let attempt = self.attempt(hop, name, &rest, content).instrument(hop.span()).await?;
            progress.add(attempt);
            if progress.is_settled() || !content.rewind() || Instant::now() >= until {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Passes a message on to this server.
    async fn attempt(
        &self,
        hop: &Hop,
        name: &Host,
        envelope: &Envelope,
        content: &mut Rewind,
    ) -> Result<Attempt, BodyError> {
        let connection = match self.connection(hop, name, envelope).await {
            Ok(connection) => connection,
            Err(failed) => return Ok(Attempt::not_opened(&failed, envelope.recipients.len())),
        };
        let parts = Limits::read(&connection.offers).divide(&envelope.recipients);
        if parts.len() == 1 {
            return self.send(connection, hop, name, envelope, content).await;
        }
        self.give_back(connection, hop, name, envelope).await;
        self.in_parts(hop, name, envelope, &parts, content).await
    }

    /// Passes a message on in several transactions.
    async fn in_parts(
        &self,
        hop: &Hop,
        name: &Host,
        envelope: &Envelope,
        parts: &[Range<usize>],
        content: &mut Rewind,
    ) -> Result<Attempt, BodyError> {
        if let Err(error) = content.spool(&self.settings.spool).await {
            return Ok(Attempt::settled(&not_spooled(error)?, envelope.recipients.len()));
        }
        let mut all = Attempt::default();
        let until = Instant::now() + self.settings.timeouts.recipients;
        for indices in parts {
            if Instant::now() >= until {
                all.append(Attempt::settled(&failure::timeout(), indices.len()));
                continue;
            }
            let indices: Vec<usize> = indices.clone().collect();
            let part = part(envelope, &indices);
            content.rewind();
            all.append(match self.connection(hop, name, &part).await {
                Ok(connection) => self.send(connection, hop, name, &part, content).await?,
                Err(failed) => Attempt::not_opened(&failed, indices.len()),
            });
        }
        Ok(all)
    }

    /// Passes a message on over this connection, or over a new one if this one is no longer what it was.
    async fn send(
        &self,
        mut connection: Connection,
        hop: &Hop,
        name: &Host,
        envelope: &Envelope,
        content: &mut Rewind,
    ) -> Result<Attempt, BodyError> {
        loop {
            let used = connection.messages > 0;
            let sent = transaction::send(&mut connection, envelope, content, self.settings.long_lines).await;
            self.give_back(connection, hop, name, envelope).await;
            let sent = match sent {
                Ok(sent) => sent,
                // That the spool cannot be read is no fault of who sent the message.
                Err(error) if content.is_spooled() => {
                    return Ok(Attempt::settled(&error.reply(), envelope.recipients.len()));
                }
                Err(error) => return Err(error),
            };
            if !(used && sent.may_go_elsewhere && content.rewind()) {
                return Ok(sent.into());
            }
            connection = match self.open(hop, name, envelope).await {
                Ok(connection) => connection,
                Err(failed) => return Ok(Attempt::not_opened(&failed, envelope.recipients.len())),
            };
        }
    }
}

/// What it means that content was not read whole.
pub(super) fn not_spooled(error: BoxError) -> Result<Reply, BodyError> {
    error.downcast().map_or_else(|error| Ok(outcome::from_error(error)), |error| Err(*error))
}
