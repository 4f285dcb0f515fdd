use smtp_core::client::{ClientAuth, ClientTls, Destination, TlsDemand};
use smtp_core::{Host, Reply};
use tokio::time::timeout;

use super::connection::Connection;
use super::tls::Tls;
use super::{Connect, Timeouts, auth, failure, hello};

/// All that a connection has to have before its first message.
pub(super) struct Opening<'a> {
    pub(super) next_hop: &'a dyn Connect,
    pub(super) destination: &'a Destination,
    pub(super) tls: &'a dyn ClientTls,
    pub(super) auth: Option<&'a dyn ClientAuth>,
    /// How we call ourselves.
    pub(super) name: &'a Host,
    pub(super) demand: TlsDemand,
    pub(super) timeouts: Timeouts,
}

impl Opening<'_> {
    /// Connects and negotiates everything.
    ///
    /// # Errors
    /// What the clients of all messages for this next hop are told.
    pub(super) async fn run(self) -> Result<Connection, Reply> {
        let tls = Tls::decide(self.destination, self.tls, self.demand, self.timeouts).await?;
        let mut connection = self.connect().await?;
        match self.negotiate(&mut connection, &tls).await {
            Ok(()) => Ok(connection),
            Err(refusal) => {
                connection.quit().await;
                Err(refusal)
            }
        }
    }

    async fn connect(&self) -> Result<Connection, Reply> {
        match timeout(self.timeouts.connect, self.next_hop.connect()).await {
            Ok(Ok(transport)) => Ok(Connection::new(transport, self.timeouts)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot connect to the next hop");
                Err(failure::unreachable())
            }
            Err(_) => {
                tracing::warn!("connecting to the next hop takes too long");
                Err(failure::unreachable())
            }
        }
    }

    async fn negotiate(&self, connection: &mut Connection, tls: &Tls<'_>) -> Result<(), Reply> {
        tls.begin(connection).await?;
        hello::greeting(connection).await?;
        hello::hello(connection, self.name).await?;
        tls.start(connection, self.name).await?;
        match self.auth {
            Some(auth) => auth::log_in(connection, auth, self.destination).await,
            None => Ok(()),
        }
    }
}
