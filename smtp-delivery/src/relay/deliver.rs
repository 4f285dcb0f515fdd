//! From a message to its outcomes: to a server, or to one after the other until one has it.

use std::borrow::Cow;
use std::ops::Range;

use smtp_core::{BodyError, BoxError, Envelope, Host, Message, Outcomes, Reply};
use tokio::time::timeout;

use super::connection::Connection;
use super::hop::Hop;
use super::limits::Limits;
use super::open::{NotOpened, Opening};
use super::rewind::Rewind;
use super::route::{self, Route};
use super::service::Relay;
use super::{failure, pass_on, transaction};
use crate::outcome;

/// What one server said to a message.
pub(super) struct Attempt {
    /// The outcome of each recipient.
    pub(super) each: Vec<Reply>,
    /// The recipients, by their places in the envelope, for whom another server may do better.
    pub(super) open: Vec<usize>,
}

impl Attempt {
    fn failed(reply: &Reply, recipients: usize) -> Self {
        let each = (0..recipients).map(|_| reply.without_effects()).collect();
        Self { each, open: (0..recipients).collect() }
    }

    fn settled(each: Vec<Reply>) -> Self {
        Self { each, open: Vec::new() }
    }

    fn append(&mut self, other: Self) {
        let before = self.each.len();
        self.open.extend(other.open.iter().map(|index| before + index));
        self.each.extend(other.each);
    }
}

impl Relay {
    pub(super) async fn deliver(self, message: Message) -> Result<Outcomes, BodyError> {
        let Message { envelope, body, session } = message;
        if envelope.recipients.is_empty() {
            return Ok(Reply::new(554, "5.5.1 no valid recipients").into());
        }
        let name = self.settings.name.as_ref().unwrap_or(session.server_name());
        let hops = match self.hops().await {
            Ok(hops) => hops,
            Err(reply) => return Ok(reply.into()),
        };
        let mut content = if hops.len() > 1 { Rewind::stream(body) } else { Rewind::once(body) };
        let each = self.one_of(&hops, name, &envelope, &mut content).await?;
        Ok(outcome::from_each(each))
    }

    async fn hops(&self) -> Result<Vec<Hop>, Reply> {
        let host = match &self.route {
            Route::Over(connect, destination) => {
                return Ok(vec![Hop::over(connect.clone(), destination.clone())]);
            }
            Route::Host(host) => host,
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

    /// Passes a message on to the first server that will have it.
    pub(super) async fn one_of(
        &self,
        hops: &[Hop],
        name: &Host,
        envelope: &Envelope,
        content: &mut Rewind,
    ) -> Result<Vec<Reply>, BodyError> {
        let mut each: Vec<Option<Reply>> = envelope.recipients.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..each.len()).collect();
        for hop in hops {
            let attempt = self.attempt(hop, name, &part(envelope, &open), content).await?;
            for (index, reply) in open.iter().zip(attempt.each) {
                let known = &mut each[*index];
                // A server that only is not there now may take later what the others never will.
                if !(reply.is_permanent() && known.as_ref().is_some_and(Reply::is_transient)) {
                    *known = Some(reply);
                }
            }
            open = attempt.open.iter().map(|index| open[*index]).collect();
            if open.is_empty() || !content.rewind() {
                break;
            }
        }
        Ok(each.into_iter().map(|reply| reply.unwrap_or_else(failure::unreachable)).collect())
    }

    /// Passes a message on to this server.
    async fn attempt(
        &self,
        hop: &Hop,
        name: &Host,
        envelope: &Envelope,
        content: &mut Rewind,
    ) -> Result<Attempt, BodyError> {
        let count = envelope.recipients.len();
        let connection = match self.connection(hop, name, envelope).await {
            Ok(connection) => connection,
            Err(NotOpened::Server(reply)) => return Ok(Attempt::failed(&reply, count)),
            Err(NotOpened::All(reply)) => {
                return Ok(Attempt::settled(outcome::into_each(reply.into(), count)));
            }
        };
        let parts = Limits::read(&connection.offers).divide(&envelope.recipients);
        if parts.len() == 1 {
            return self.send(connection, hop, name, envelope, content).await;
        }
        self.give_back(connection).await;
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
            let reply = not_spooled(error)?;
            return Ok(Attempt::settled(outcome::into_each(reply.into(), envelope.recipients.len())));
        }
        let mut all = Attempt::settled(Vec::new());
        for indices in parts {
            let indices: Vec<usize> = indices.clone().collect();
            let part = part(envelope, &indices);
            content.rewind();
            content.committed = false;
            let attempt = match self.connection(hop, name, &part).await {
                Ok(connection) => self.send(connection, hop, name, &part, content).await?,
                Err(NotOpened::Server(reply)) => Attempt::failed(&reply, indices.len()),
                Err(NotOpened::All(reply)) => {
                    Attempt::settled(outcome::into_each(reply.into(), indices.len()))
                }
            };
            all.append(attempt);
        }
        content.committed = false;
        Ok(all)
    }

    /// Passes a message on over this connection.
    async fn send(
        &self,
        mut connection: Connection,
        _hop: &Hop,
        _name: &Host,
        envelope: &Envelope,
        content: &mut Rewind,
    ) -> Result<Attempt, BodyError> {
        let sent = transaction::send(&mut connection, envelope, content, self.settings.long_lines).await;
        self.give_back(connection).await;
        let sent = match sent {
            Ok(sent) => sent,
            // That the spool cannot be read is no fault of who sent the message.
            Err(error) if content.is_spooled() => {
                let each = outcome::into_each(error.reply().into(), envelope.recipients.len());
                return Ok(Attempt::settled(each));
            }
            Err(error) => return Err(error),
        };
        let unsettled = sent.refused.iter().enumerate().filter(|(_, refused)| refused.is_none());
        let open = match sent.may_go_elsewhere {
            true => unsettled.map(|(index, _)| index).collect(),
            false => Vec::new(),
        };
        Ok(Attempt { each: sent.each(), open })
    }

    async fn connection(&self, hop: &Hop, name: &Host, envelope: &Envelope) -> Result<Connection, NotOpened> {
        let name = hop.name.as_ref().unwrap_or(name);
        let demand = pass_on::demand(envelope);
        Opening { hop, settings: &self.settings, name, demand }.run().await
    }

    async fn give_back(&self, connection: Connection) {
        connection.quit().await;
    }
}

/// The message for some of its recipients.
pub(super) fn part<'a>(envelope: &'a Envelope, recipients: &[usize]) -> Cow<'a, Envelope> {
    if recipients.len() == envelope.recipients.len() {
        return Cow::Borrowed(envelope);
    }
    let recipients = recipients.iter().map(|index| envelope.recipients[*index].clone()).collect();
    Cow::Owned(Envelope { sender: envelope.sender.clone(), recipients })
}

/// What it means that content was not read whole.
pub(super) fn not_spooled(error: BoxError) -> Result<Reply, BodyError> {
    error.downcast().map_or_else(|error| Ok(outcome::from_error(error)), |error| Err(*error))
}
