//! Connections for messages, from the pool and back, or new ones.

use smtp_core::{Envelope, Host};

use super::connection::Connection;
use super::hop::Hop;
use super::open::{NotOpened, Opening};
use super::pass_on;
use super::pool::Key;
use super::service::Relay;

impl Relay {
    /// A connection that waits for a message, or a new one.
    pub(super) async fn connection(
        &self,
        hop: &Hop,
        name: &Host,
        envelope: &Envelope,
    ) -> Result<Connection, NotOpened> {
        if let Some(pool) = &self.pool
            && let Some(connection) = pool.take(&self.key(hop, name, envelope)).await
        {
            return Ok(connection);
        }
        self.open(hop, name, envelope).await
    }

    /// A new connection.
    pub(super) async fn open(
        &self,
        hop: &Hop,
        name: &Host,
        envelope: &Envelope,
    ) -> Result<Connection, NotOpened> {
        let name = hop.name.as_ref().unwrap_or(name);
        Opening { hop, settings: &self.settings, name, demand: pass_on::demand(envelope) }.run().await
    }

    /// Back into the pool, or closed.
    pub(super) async fn give_back(
        &self,
        connection: Connection,
        hop: &Hop,
        name: &Host,
        envelope: &Envelope,
    ) {
        if let Some(unwanted) = self.put_back(connection, hop, name, envelope) {
            unwanted.quit().await;
        }
    }

    /// Back into the pool, if that wants it.
    pub(super) fn put_back(
        &self,
        connection: Connection,
        hop: &Hop,
        name: &Host,
        envelope: &Envelope,
    ) -> Option<Connection> {
        match &self.pool {
            Some(pool) => pool.put(self.key(hop, name, envelope), connection),
            None => Some(connection),
        }
    }

    fn key(&self, hop: &Hop, name: &Host, envelope: &Envelope) -> Key {
        Key {
            settings: self.settings.clone(),
            over: (!hop.by_address).then(|| hop.connect.clone()),
            destination: hop.destination.clone(),
            name: name.clone(),
            demand: pass_on::demand(envelope),
        }
    }
}
