//! Who is looked at by the layers against strangers.

use ipnet::IpNet;
use smtp_core::Session;

use crate::AccessMap;
use crate::access_map::{Action, Remote};
use crate::client_network::contains;

/// All clients but those who logged in, those of some networks, and those whom an access map lets in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strangers {
    networks: Vec<IpNet>,
    map: Option<AccessMap>,
}

impl Strangers {
    /// Clients of these networks are none.
    pub(crate) fn exempt_networks(&mut self, networks: impl IntoIterator<Item = IpNet>) {
        self.networks.extend(networks);
    }

    /// Clients are none whose entry in the map is `OK` or `RELAY`.
    pub(crate) fn exempt_by(&mut self, map: AccessMap) {
        self.map = Some(map);
    }

    /// Whether the client is one.
    pub(crate) async fn have(&self, session: &Session) -> bool {
        if session.identity().is_some() || contains(&self.networks, session.peer_ip()) {
            return false;
        }
        let Some(map) = &self.map else { return true };
        let rules = map.rules().await;
        !matches!(rules.client(&Remote::client(session)), Some(Action::Ok | Action::Relay))
    }
}

#[cfg(test)]
mod tests {
    use smtp_core::testing::facts;

    use super::*;

    #[tokio::test]
    async fn whom_the_map_lets_in_is_no_stranger() {
        for (map, expected) in [
            ("Connect:192.0.2.1 OK\n", false),
            ("Connect:192.0.2 RELAY\n", false),
            ("192.0.2.1 OK\n", false),
            ("Connect:192.0.2.1 REJECT\n", true),
            ("Connect:198.51.100.1 OK\nFrom:192.0.2.1 OK\n", true),
        ] {
            let mut strangers = Strangers::default();
            strangers.exempt_by(AccessMap::from_text(map).unwrap());
            assert_eq!(strangers.have(facts().session()).await, expected, "{map}");
        }
    }
}
