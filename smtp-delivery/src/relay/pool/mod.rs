//! Connections that wait for the next message.

mod idle;
mod options;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use idle::Idle;
pub(super) use idle::Key;
pub use options::PoolOptions;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::connection::Connection;

/// Keeps connections open for further messages. Cheap to clone: all clones, and all relays that were
/// given one, have the same connections.
///
/// A connection is used again for messages to the same address of the same host, for the same domain,
/// by a relay with the same TLS, AUTH, name and sources, and with the same demand for TLS; whatever was
/// decided about TLS and AUTH stands for as long as it is open. Before it is, it has to show that it is alive: one over
/// which the next hop said something, or hung up, is given up, and RSET begins the transaction. If it breaks
/// all the same, the message goes over a new one, unless the next hop may have it.
///
/// Nothing happens behind the application's back: connections that have waited for too long are closed
/// when the pool is next used, or by [`maintain`](Self::maintain), which the application runs.
///
/// ```
/// use smtp_delivery::Relay;
/// use smtp_delivery::relay::{Pool, PoolOptions};
///
/// let mut options = PoolOptions::default();
/// options.max_messages = 20;
/// let pool = Pool::new(options);
/// let relay = Relay::to("smtp.example.net", 587).pool(pool.clone());
/// // tokio::spawn(async move { pool.maintain().await });
/// assert_eq!(pool.idle(), 0);
/// # let _ = relay;
/// ```
#[derive(Clone, Default)]
pub struct Pool(Arc<Shared>);

#[derive(Default)]
struct Shared {
    options: PoolOptions,
    idle: Mutex<Idle>,
    /// There is a connection to wait for.
    added: Notify,
}

impl Pool {
    /// With these limits.
    pub fn new(options: PoolOptions) -> Self {
        Self(Arc::new(Shared { options, ..Shared::default() }))
    }

    /// How many connections wait.
    pub fn idle(&self) -> usize {
        self.lock().len()
    }

    /// Closes connections that have waited for too long; never ends.
    pub async fn maintain(&self) {
        loop {
            let expired = self.lock().take_expired(&self.0.options);
            join_all(expired.into_iter().map(Connection::quit)).await;
            let next = self.lock().next_expiry(&self.0.options);
            match next {
                Some(next) => sleep_until(next).await,
                None => self.0.added.notified().await,
            }
        }
    }

    /// Closes all connections that wait, at the end of the application for example.
    pub async fn clear(&self) {
        let all = self.lock().take_all();
        join_all(all.into_iter().map(Connection::quit)).await;
    }

    /// A connection that serves messages like this one, and is alive.
    pub(super) async fn take(&self, key: &Key) -> Option<Connection> {
        loop {
            let (expired, found) = {
                let mut idle = self.lock();
                (idle.take_expired(&self.0.options), idle.take(key))
            };
            expired.into_iter().for_each(Connection::leave);
            let mut connection = found?;
            if connection.begin_anew().await {
                return Some(connection);
            }
            tracing::debug!("a connection that waited is of no use any more");
            connection.leave();
        }
    }

    /// Keeps a connection, or gives it back if it must not be used any more.
    pub(super) fn put(&self, key: Key, connection: Connection) -> Option<Connection> {
        let options = &self.0.options;
        let worn = connection.is_spent()
            || connection.messages >= options.max_messages
            || connection.opened + options.max_age <= Instant::now();
        if connection.broken || worn || options.max_idle == 0 || options.max_idle_per_destination == 0 {
            return Some(connection);
        }
        let crowded_out = self.lock().put(key, connection, options);
        crowded_out.into_iter().for_each(Connection::leave);
        self.0.added.notify_one();
        None
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        // Nothing panics while the lock is held.
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("options", &self.0.options).field("idle", &self.idle()).finish()
    }
}
