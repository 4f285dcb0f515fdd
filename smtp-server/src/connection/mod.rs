//! One connection, driven: the ten rules of the driver live here.

mod auth;
mod call;
mod chunks;
mod data;
mod driver;
mod error;
mod pace;
mod starttls;
mod timer;
mod wire;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use smtp_core::{BoxFuture, ConnectionInfo, SmtpService, Transport};
use tokio::io::{AsyncRead, AsyncWrite};

pub use error::ConnectionError;

use crate::Options;
use driver::Driver;

/// A connection with one client, from the greeting to its end: a future that does all of its work
/// while it is polled, and starts no task.
///
/// It needs a tokio runtime with time. Dropping it drops the connection, and with it whatever the
/// service is doing for it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use smtp_core::testing::RecordingDelivery;
/// use smtp_server::{Connection, ConnectionInfo, Deliver};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// let (mut client, server) = tokio::io::duplex(1024);
/// let connection = Connection::new(server, ConnectionInfo::default(), Deliver::new(RecordingDelivery::new()));
/// let mut answer = String::new();
/// let talk = async {
///     client.write_all(b"NOOP\r\nQUIT\r\n").await?;
///     client.read_to_string(&mut answer).await
/// };
/// let (served, talked) = tokio::join!(connection, talk);
/// (served.unwrap(), talked.unwrap());
/// assert_eq!(answer, "220 [127.0.0.1] ESMTP\r\n250 2.0.0 OK\r\n221 2.0.0 bye\r\n");
/// # });
/// ```
pub struct Connection {
    driver: BoxFuture<Result<(), ConnectionError>>,
    shutdown: Arc<AtomicBool>,
}

impl Connection {
    /// Serves the client at the other end of `io` with `service`, under default [`Options`].
    pub fn new<Io, S>(io: Io, info: ConnectionInfo, service: S) -> Self
    where
        Io: AsyncRead + AsyncWrite + Send + 'static,
        S: SmtpService,
    {
        Self::with_options(io, info, service, Options::default())
    }

    /// The same under these options.
    pub fn with_options<Io, S>(io: Io, info: ConnectionInfo, service: S, options: Options) -> Self
    where
        Io: AsyncRead + AsyncWrite + Send + 'static,
        S: SmtpService,
    {
        let shutdown = Arc::<AtomicBool>::default();
        let driver = Driver::new(Transport::new(io), info, service, options, shutdown.clone());
        Self { driver: Box::pin(driver.run()), shutdown }
    }

    /// Lets the command in flight end, then answers 421 and closes. Poll on.
    pub fn graceful_shutdown(&self) {
        self.shutdown.store(true, Ordering::Release);
    }
}

impl Future for Connection {
    /// `Ok` when the client or the server ended the session in order.
    type Output = Result<(), ConnectionError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.driver.as_mut().poll(cx)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}
