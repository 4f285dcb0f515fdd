//! What stands behind the verb: attributes with values in xtext.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use smtp_server::extension::xtext;
use smtp_server::{ConnectionInfo, Identity, Peer};

/// Where a client is whose address the proxy does not know: not where the proxy is, which is trusted.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// What the proxy says of its client. What it does not say stays as it was.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    address: Option<IpAddr>,
    port: Option<u16>,
    login: Option<String>,
    destination_address: Option<IpAddr>,
    destination_port: Option<u16>,
}

impl Attributes {
    pub(crate) const OFFERED: &'static str = "ADDR PORT LOGIN DESTADDR DESTPORT";

    /// Reads them; `None` if one is malformed or was not offered.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut attributes = Self::default();
        for attribute in text.split(' ') {
            let (name, value) = attribute.split_once('=')?;
            let value = String::from_utf8(xtext::decode(value)?).ok()?;
            let unknown = ["[UNAVAILABLE]", "[TEMPUNAVAIL]"].contains(&&*value);
            let value = Some(&*value).filter(|_| !unknown);
            match name.to_ascii_uppercase().as_str() {
                "ADDR" => attributes.address = Some(value.map_or(Some(NOWHERE), address)?),
                "PORT" => attributes.port = read(value, |port| port.parse().ok())?,
                "LOGIN" => attributes.login = read(value, login)?,
                "DESTADDR" => attributes.destination_address = read(value, address)?,
                "DESTPORT" => attributes.destination_port = read(value, |port| port.parse().ok())?,
                _ => return None,
            }
        }
        Some(attributes)
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        self.login.as_ref().map(|login| Identity::new(login, "XCLIENT"))
    }

    /// The connection as that of the client.
    pub(crate) fn apply(&self, info: &ConnectionInfo) -> ConnectionInfo {
        let mut info = info.clone();
        if let Peer::Ip(peer) = &mut info.peer {
            set(peer, self.address, self.port);
        }
        if let Some(local) = &mut info.local {
            set(local, self.destination_address, self.destination_port);
        }
        info
    }
}

/// A value that is not known is none; one that is malformed makes the whole malformed.
fn read<T>(value: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| parse(value).map(Some))
}

fn address(text: &str) -> Option<IpAddr> {
    match text.split_at_checked(5) {
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPV6:") => address.parse().ok().map(IpAddr::V6),
        _ => text.parse().ok().map(IpAddr::V4),
    }
}

fn login(name: &str) -> Option<String> {
    (!name.is_empty() && !name.chars().any(char::is_control)).then(|| name.to_owned())
}

fn set(end: &mut SocketAddr, address: Option<IpAddr>, port: Option<u16>) {
    if let Some(address) = address {
        end.set_ip(address);
    }
    if let Some(port) = port {
        end.set_port(port);
    }
}
