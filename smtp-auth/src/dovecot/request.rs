use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use smtp_core::{Peer, Secret, Session};

use super::escape::escape;
use crate::store::PasswordLogin;

/// The number of the only request of a connection.
pub(super) const ID: &str = "1";

/// Room for all parameters but the response.
const PARAMETERS: usize = 512;

/// An AUTH command with the response of PLAIN (RFC 4616).
pub(super) struct Request(Secret);

impl Request {
    /// `None` if name and password cannot be told from each other.
    pub(super) fn encode(login: &PasswordLogin, service: &str, session: &Session) -> Option<Self> {
        let (name, password) = (login.name.as_bytes(), login.password.expose());
        if name.contains(&0) || password.contains(&0) {
            return None;
        }
        let mut response = Vec::with_capacity(2 + name.len() + password.len());
        for part in [b"\0", name, b"\0", password] {
            response.extend(part);
        }
        let response = Secret::new(response);
        let parameters = parameters(service, session);
        // In one piece: what grows leaves the password behind in memory that nobody wipes.
        let length = response.expose().len().div_ceil(3) * 4;
        let mut line = String::with_capacity(parameters.len() + length + 1);
        line.push_str(&parameters);
        BASE64_STANDARD.encode_string(response.expose(), &mut line);
        line.push('\n');
        Some(Self(Secret::new(line.into_bytes())))
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.0.expose()
    }
}

/// Everything up to the response, which is the last of them.
fn parameters(service: &str, session: &Session) -> String {
    let mut line = String::with_capacity(PARAMETERS);
    // Nobody asks later for the user's data, so Dovecot need not remember the login.
    line += &format!("AUTH\t{ID}\tPLAIN\tservice={}\tnologin", escape(service));
    if session.tls().is_some() {
        line += "\tsecured";
    }
    let info = session.info();
    if let Some(local) = info.local {
        line += &format!("\tlip={}\tlport={}", local.ip().to_canonical(), local.port());
    }
    match info.peer {
        Peer::Ip(peer) => line += &format!("\trip={}\trport={}", peer.ip().to_canonical(), peer.port()),
        // All clients without an address would wait for the failures of any of them.
        _ => line += "\tno-penalty",
    }
    line += "\tresp=";
    line
}

#[cfg(test)]
mod tests {
    use smtp_core::testing::facts;
    use smtp_core::{AddressLiteral, ConnectionInfo, SessionFacts};

    use super::*;

    fn encode(name: &str, password: &str, session: &Session) -> Option<String> {
        let login = PasswordLogin::new(name, password.into());
        let request = Request::encode(&login, "submission\t1", session)?;
        Some(String::from_utf8(request.octets().to_owned()).unwrap())
    }

    #[test]
    fn dovecot_is_told_who_asks() {
        let peer = Peer::Ip("[::ffff:192.0.2.1]:4000".parse().unwrap());
        let name = AddressLiteral::V4([192, 0, 2, 25].into());
        let info = ConnectionInfo::new(peer, name).local("192.0.2.25:587".parse().unwrap());
        let line = encode("tim", "tanstaaftanstaaf", SessionFacts::new(info).session()).unwrap();
        assert_eq!(
            line,
            "AUTH\t1\tPLAIN\tservice=submission\u{1}t1\tnologin\tlip=192.0.2.25\tlport=587\trip=192.0.2.1\t\
             rport=4000\tresp=AHRpbQB0YW5zdGFhZnRhbnN0YWFm\n"
        );
    }

    #[test]
    fn a_name_holds_no_password() {
        let session = facts().session().clone();
        assert!(encode("alice", "secret", &session).is_some());
        assert!(encode("alice\0x", "secret", &session).is_none());
        assert!(encode("alice", "secret\0x", &session).is_none());
    }
}
