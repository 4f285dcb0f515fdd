use std::net::IpAddr;

use hyper::body::Bytes;
use serde::Serialize;
use smtp_core::Session;
use zeroize::Zeroizing;

use crate::store::{PasswordLogin, StoreError};

/// What the service is asked.
#[derive(Serialize)]
pub(super) struct Question<'a> {
    name: &'a str,
    password: &'a str,
    peer: Option<IpAddr>,
    listener: &'a str,
    tls: Option<Tls<'a>>,
}

#[derive(Serialize)]
struct Tls<'a> {
    version: &'a str,
    cipher: &'a str,
}

impl<'a> Question<'a> {
    /// `None` for a password that is no text: nobody has such.
    pub(super) fn new(login: &'a PasswordLogin, session: &'a Session) -> Option<Self> {
        let tls = session.tls().map(|tls| Tls { version: &tls.version, cipher: &tls.cipher });
        let (peer, listener) = (session.peer_ip(), &*session.info().listener);
        Some(Self { name: &login.name, password: login.password.expose_str()?, peer, listener, tls })
    }

    /// As JSON, which is wiped when it was sent.
    pub(super) fn encode(&self) -> Result<Bytes, StoreError> {
        // JSON makes six octets of one at most. With the room for all from the start, none are left behind.
        let room = 6 * (self.name.len() + self.password.len() + self.listener.len()) + 512;
        let mut body = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer(&mut *body, self).map_err(StoreError::new)?;
        Ok(Bytes::from_owner(body))
    }
}
