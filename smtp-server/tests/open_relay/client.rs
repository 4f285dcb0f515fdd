//! The client's end of the connection.

use smtp_server::SmtpService;
use smtp_server::testing::connect_with;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

pub(crate) struct Client(BufReader<DuplexStream>);

impl Client {
    /// A stranger that was greeted.
    pub(crate) async fn connect(stack: impl SmtpService) -> Self {
        let mut client = Self(BufReader::new(connect_with(super::stack::stranger(), stack)));
        assert!(client.reply().await.is_some_and(|reply| reply.starts_with("220")));
        client
    }

    /// To a server that has gone nothing is said.
    pub(crate) async fn send(&mut self, octets: &[u8]) {
        let _ = self.0.get_mut().write_all(octets).await;
    }

    /// The last line of the next reply; `None` at the end of the session.
    pub(crate) async fn reply(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            match self.0.read_line(&mut line).await {
                Ok(0) | Err(_) => return None,
                Ok(_) if line.as_bytes().get(3) != Some(&b'-') => return Some(line),
                Ok(_) => {}
            }
        }
    }
}
