//! A transaction whose commands come one by one, each with the next hop's answer.

use smtp_core::{Body, BodyError, Envelope, Host, Mail, Recipient, Reply};

use super::connection::Connection;
use super::failure::{self, Failure, recipient_refusal, refusal, with_status};
use super::hop::Hop;
use super::open::NotOpened;
use super::rewind::Rewind;
use super::route::Route;
use super::service::Relay;
use super::{LongLines, chunks, content, pass_on};

/// A connection to the next hop, and what it has accepted.
pub(crate) struct Stepwise {
    relay: Relay,
    hop: Hop,
    name: Host,
    /// Gone once it broke.
    connection: Option<Connection>,
    accepted: Envelope,
}

impl Relay {
    /// Whether all messages go to the same next hop, so that there is one before there are recipients.
    pub(crate) fn has_fixed_next_hop(&self) -> bool {
        !matches!(self.route, Route::Mx(_))
    }

    /// Begins a transaction, over the connection of an earlier one if that will do. Gives the next
    /// hop's answer to MAIL, and the connection if there is one, for this transaction or another.
    pub(crate) async fn begin(
        &self,
        mail: Mail,
        name: &Host,
        earlier: Option<Stepwise>,
    ) -> (Option<Stepwise>, Reply) {
        let envelope = Envelope::new(mail);
        let name = self.settings.name.as_ref().unwrap_or(name);
        let mut begun = match self.continued(earlier, name, &envelope).await {
            Some(begun) => begun,
            None => match self.opened(name, envelope).await {
                Ok(begun) => begun,
                Err(reply) => return (None, reply),
            },
        };
        let answer = begun.mail().await.unwrap_or_else(|broken| broken);
        (Some(begun), answer)
    }

    async fn continued(
        &self,
        earlier: Option<Stepwise>,
        name: &Host,
        envelope: &Envelope,
    ) -> Option<Stepwise> {
        let mut earlier = earlier?;
        let same = earlier.is_by(self)
            && earlier.name == *name
            && pass_on::demand(&earlier.accepted) == pass_on::demand(envelope);
        if !same {
            return None;
        }
        let mut connection = earlier.take().ok()?;
        if connection.is_spent() || !connection.begin_anew().await {
            connection.leave();
            return None;
        }
        earlier.keep(connection);
        earlier.accepted = envelope.clone();
        Some(earlier)
    }

    async fn opened(&self, name: &Host, envelope: Envelope) -> Result<Stepwise, Reply> {
        let mut last = failure::unreachable();
        for hop in self.fixed_hops().await? {
            match self.connection(&hop, name, &envelope).await {
                Ok(connection) => {
                    let (relay, name, connection) = (self.clone(), name.clone(), Some(connection));
                    return Ok(Stepwise { relay, hop, name, connection, accepted: envelope });
                }
                Err(NotOpened::All(reply)) => return Err(reply),
                Err(NotOpened::Server(reply)) => last = reply,
            }
        }
        Err(last)
    }
}

impl Stepwise {
    /// The connection, while a command is on its way: if nobody waits for the answer any more, it is not
    /// fit for another one.
    fn take(&mut self) -> Result<Connection, Reply> {
        self.connection.take().ok_or_else(failure::broken)
    }

    fn keep(&mut self, connection: Connection) {
        self.connection = Some(connection).filter(|connection| !connection.broken);
    }

    async fn mail(&mut self) -> Result<Reply, Reply> {
        let mut connection = self.take()?;
        connection.messages += 1;
        let answer = match pass_on::mail(&connection, &self.accepted) {
            Ok(parameters) => {
                let command = format!("MAIL FROM:{}{parameters}", self.accepted.sender.path);
                let limit = connection.timeouts.mail;
                settled(connection.command(&command, limit).await, refusal)
            }
            Err(refusal) => refusal,
        };
        self.keep(connection);
        Ok(answer)
    }

    /// Asks for one more recipient.
    ///
    /// # Errors
    /// If there is no connection any more.
    pub(crate) async fn rcpt(&mut self, recipient: Recipient) -> Result<Reply, Reply> {
        let mut connection = self.take()?;
        let answer = match pass_on::rcpt(&connection, &self.accepted.sender, &recipient) {
            Ok(parameters) => {
                let command = format!("RCPT TO:{}{parameters}", recipient.path);
                let limit = connection.timeouts.rcpt;
                settled(connection.command(&command, limit).await, recipient_refusal)
            }
            Err(refusal) => refusal,
        };
        self.keep(connection);
        if answer.is_positive() {
            self.accepted.recipients.push(recipient);
        }
        Ok(answer)
    }

    /// Whether this relay would have begun it.
    pub(crate) fn is_by(&self, relay: &Relay) -> bool {
        self.relay.route == relay.route && self.relay.settings.make_the_same_connections(&relay.settings)
    }

    /// Whether this is what the next hop has accepted, no more and no less.
    pub(crate) fn is_for(&self, envelope: &Envelope) -> bool {
        let same =
            |one: &Recipient, other: &Recipient| one.path == other.path && one.parameters == other.parameters;
        let accepted = &self.accepted.recipients;
        self.connection.is_some()
            && self.accepted.sender == envelope.sender
            && accepted.len() == envelope.recipients.len()
            && accepted.iter().zip(&envelope.recipients).all(|(one, other)| same(one, other))
    }

    /// Passes the content on; gives the next hop's answer to it.
    ///
    /// # Errors
    /// If it was not received whole.
    pub(crate) async fn content(&mut self, body: Body) -> Result<Reply, BodyError> {
        let mut connection = match self.take() {
            Ok(connection) => connection,
            Err(broken) => return Ok(broken),
        };
        let long_lines = self.relay.settings.long_lines;
        let sent = send(&mut connection, &self.accepted, Rewind::once(body), long_lines).await;
        self.keep(connection);
        match sent {
            Ok(answer) => Ok(settled(Ok(answer), refusal)),
            Err(Failure::NextHop(reply)) => Ok(reply),
            Err(Failure::Body(error)) => Err(error),
        }
    }
}

async fn send(
    connection: &mut Connection,
    accepted: &Envelope,
    mut body: Rewind,
    long_lines: LongLines,
) -> Result<Reply, Failure> {
    if pass_on::is_binary(accepted) {
        return chunks::send(connection, &mut body).await;
    }
    let answer = connection.command("DATA", connection.timeouts.data).await?;
    if answer.code() != 354 {
        return Err(refusal(answer).into());
    }
    content::send(connection, &mut body, long_lines).await
}

/// The next hop's answer as ours.
fn settled(answer: Result<Reply, Reply>, refused: fn(Reply) -> Reply) -> Reply {
    match answer {
        Ok(answer) if answer.is_positive() => with_status(answer),
        Ok(answer) => refused(answer),
        Err(broken) => broken,
    }
}

impl Drop for Stepwise {
    /// Takes leave without waiting, or leaves the connection to the next message.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let unwanted = self.relay.put_back(connection, &self.hop, &self.name, &self.accepted);
            unwanted.into_iter().for_each(Connection::leave);
        }
    }
}
