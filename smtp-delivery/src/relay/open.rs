use smtp_core::client::TlsDemand;
use smtp_core::{Host, Reply};
use tokio::time::timeout;

use super::connection::{Checked, Connection};
use super::hop::Hop;
use super::settings::Settings;
use super::tls::Tls;
use super::{auth, failure, hello};

/// All that a connection has to have before its first message.
pub(crate) struct Opening<'a> {
    pub(crate) hop: &'a Hop,
    pub(crate) settings: &'a Settings,
    /// How we call ourselves.
    pub(crate) name: &'a Host,
    pub(crate) demand: TlsDemand,
}

/// Why there is no connection.
pub(crate) enum NotOpened {
    /// This server is to blame; another one of the same destination may do.
    Server(Reply),
    /// None would do.
    All(Reply),
}

impl From<Reply> for NotOpened {
    fn from(reply: Reply) -> Self {
        Self::Server(reply)
    }
}

impl Opening<'_> {
    /// Connects and negotiates everything.
    ///
    /// # Errors
    /// What the clients of all messages for this next hop are told.
    pub(crate) async fn run(self) -> Result<Connection, NotOpened> {
        let (destination, timeouts) = (&self.hop.destination, self.settings.timeouts);
        let tls = Tls::decide(destination, &*self.settings.tls, self.demand, timeouts).await?;
        let mut connection = self.connect().await?;
        match self.negotiate(&mut connection, &tls).await {
            Ok(()) => {
                let (policy, destination) = (self.settings.tls.clone(), destination.clone());
                connection.checked = Some(Checked { policy, destination });
                Ok(connection)
            }
            Err(refusal) => {
                connection.quit().await;
                Err(refusal)
            }
        }
    }

    async fn connect(&self) -> Result<Connection, Reply> {
        let timeouts = self.settings.timeouts;
        let limit = timeouts.connect.min(self.hop.patience);
        match timeout(limit, self.hop.connect.connect()).await {
            Ok(Ok(transport)) => {
                let mut connection = Connection::new(self.hop.destination.host.clone(), transport, timeouts);
                connection.dialect = self.settings.dialect;
                Ok(connection)
            }
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

    async fn negotiate(&self, connection: &mut Connection, tls: &Tls<'_>) -> Result<(), NotOpened> {
        tls.begin(connection).await?;
        hello::greeting(connection).await?;
        hello::hello(connection, self.name).await?;
        tls.start(connection, self.name).await?;
        if let Some(auth) = &self.settings.auth {
            let logged_in = auth::log_in(connection, &**auth, &self.hop.destination).await;
            // Wrong credentials are wrong everywhere, and each attempt counts.
            logged_in.map_err(|refusal| match connection.broken {
                true => NotOpened::Server(refusal),
                false => NotOpened::All(refusal),
            })?;
        }
        Ok(())
    }
}
