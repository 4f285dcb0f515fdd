use smtp_core::{Reply, SmtpService, UpgradeFn};
use tokio::time::timeout;

use super::ConnectionError;
use super::driver::{Driver, End, Next};

impl<S: SmtpService> Driver<S> {
    /// STARTTLS was accepted: hands the transport over.
    pub(super) async fn start_tls(&mut self, reply: &Reply, upgrade: UpgradeFn) -> Result<Next, End> {
        if self.wire.has_input() {
            // Plaintext behind the command may be injected; it must not be taken for a part of
            // the protected session, nor may a client believe that it was (RFC 3207 section 4.2).
            tracing::warn!("plaintext behind STARTTLS");
            self.wire.reply(&Reply::new(421, "4.7.0 plaintext behind STARTTLS, closing connection"));
            return Ok(Next::Close { linger: true });
        }
        self.wire.reply(reply);
        self.wire.flush(self.options.command_timeout).await?;
        let handshake = upgrade.upgrade(self.wire.take_transport());
        let upgraded = match timeout(self.options.handshake_timeout, handshake).await {
            Ok(result) => result,
            Err(elapsed) => Err(elapsed.into()),
        };
        match upgraded {
            Ok(upgraded) => {
                self.wire.set_transport(upgraded.transport);
                self.protocol.upgraded(upgraded.tls);
                Ok(Next::Command)
            }
            Err(error) => Err(End::Handshake(ConnectionError::handshake(error))),
        }
    }
}
