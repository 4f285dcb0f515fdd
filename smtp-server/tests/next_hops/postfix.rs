use std::ops::{Deref, DerefMut};

use smtp_server::Transport;
use smtp_server::client::Destination;
use smtp_server::delivery::Relay;

use crate::PASSWORD;

/// A Postfix of its own, with one user of Cyrus SASL and one mailbox for everybody.
pub(crate) struct Postfix(peers::Postfix);

impl Postfix {
    pub(crate) fn start(more: &str) -> Self {
        Self(peers::Postfix::receiving(PASSWORD, more))
    }

    /// A relay to it.
    pub(crate) fn relay(&self) -> Relay {
        let socket = self.socket();
        let relay = Relay::over(move || {
            let socket = socket.clone();
            async move { Ok(Transport::new(tokio::net::UnixStream::connect(socket).await?)) }
        });
        relay.destination(Destination::new("mx.example.net", 25))
    }
}

impl Deref for Postfix {
    type Target = peers::Postfix;

    fn deref(&self) -> &peers::Postfix {
        &self.0
    }
}

impl DerefMut for Postfix {
    fn deref_mut(&mut self) -> &mut peers::Postfix {
        &mut self.0
    }
}
