//! What becomes of a connection behind a message: the next one, or its end.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use smtp_core::extension::Limit;
use tokio::io::{AsyncWrite as _, AsyncWriteExt};
use tokio::time::timeout;

use super::connection::Connection;

/// How long a server that is alive takes to say so, if it may take that long.
const ALIVE: Duration = Duration::from_secs(10);

impl Connection {
    /// Whether the next hop takes no further message over it (RFC 9422, MAILMAX).
    pub(super) fn is_spent(&self) -> bool {
        self.offers.limit(Limit::MailMax).is_some_and(|most| self.messages >= most)
    }

    /// Makes a connection that was used ready for the next message; tells whether it is.
    pub(crate) async fn begin_anew(&mut self) -> bool {
        // What the server says unasked is good-bye, or nothing that could be understood.
        self.broken |= self.has_spoken().await;
        let limit = ALIVE.min(self.timeouts.mail);
        !self.broken && self.command("RSET", limit).await.is_ok_and(|answer| answer.is_positive())
    }

    /// Takes leave without waiting for anything.
    pub(crate) fn leave(mut self) {
        if self.broken {
            return;
        }
        let mut cx = Context::from_waker(Waker::noop());
        let mut transport = Pin::new(&mut self.transport);
        // Who is not there any more need not hear it.
        let _ = transport.as_mut().poll_write(&mut cx, b"QUIT\r\n");
        let _ = transport.as_mut().poll_flush(&mut cx);
        let _ = transport.poll_shutdown(&mut cx);
    }

    /// Takes leave, if there is still somebody to take it from.
    pub(crate) async fn quit(mut self) {
        if self.broken {
            return;
        }
        let limit = self.timeouts.quit;
        let farewell = async {
            // The message is settled: whether the next hop answers changes nothing.
            let _ = self.command("QUIT", limit).await;
            let _ = self.transport.shutdown().await;
        };
        let _ = timeout(limit, farewell).await;
    }
}
