//! The byte stream under a session, and what may take it over.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{BoxError, BoxFuture, TlsInfo};

trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// Any byte stream, type-erased: TCP, a Unix socket, TLS over either, a pipe in memory.
pub struct Transport(Pin<Box<dyn Stream>>);

impl Transport {
    /// Wraps a stream.
    pub fn new(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        Self(Box::pin(stream))
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_read(cx, buf)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

/// The stream and the facts that an [`Upgrade`] leaves behind.
#[derive(Debug)]
pub struct Upgraded {
    /// The stream to go on with.
    pub transport: Transport,
    /// What is known of the protection that it now has.
    pub tls: Arc<TlsInfo>,
}

/// Takes a transport over and gives back a protected one: a TLS handshake, as server or client.
///
/// This is the seam between the drivers, which own sockets, and whoever knows TLS. Closures
/// `Fn(Transport) -> impl Future<Output = Result<Upgraded, BoxError>>` implement it.
pub trait Upgrade: Send + Sync + 'static {
    /// Does it. An error means that the connection is lost.
    fn upgrade(&self, transport: Transport) -> BoxFuture<Result<Upgraded, BoxError>>;
}

impl<F, Fut> Upgrade for F
where
    F: Fn(Transport) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Upgraded, BoxError>> + Send + 'static,
{
    fn upgrade(&self, transport: Transport) -> BoxFuture<Result<Upgraded, BoxError>> {
        Box::pin(self(transport))
    }
}

impl<U: Upgrade + ?Sized> Upgrade for Arc<U> {
    fn upgrade(&self, transport: Transport) -> BoxFuture<Result<Upgraded, BoxError>> {
        (**self).upgrade(transport)
    }
}
