//! What may be meant, but seldom is.

use std::net::IpAddr;

use smtp_server::client::Destination;
use smtp_server::policy::access_map::Remote;
use smtp_server::policy::{AccessMap, IpNet};

use super::{Config, Demanded, Listener, Store};

impl Config {
    /// What whoever wrote the file should look at again. Nothing of it keeps the server from starting.
    pub(crate) fn warnings(&self) -> Vec<String> {
        // Networks can make up the whole world together.
        let everybody =
            IpNet::aggregate(&self.trusted_networks).into_iter().filter(|net| net.prefix_len() == 0);
        let open = everybody.map(|net| {
            format!(
                "everybody may relay: [relay] trusted_networks contain {net}, so that anybody's mail goes \
                 anywhere; name your own networks alone"
            )
        });
        let loops = self.next_hop.iter().flat_map(|(host, port)| {
            let own = self.listeners.iter().filter(|listener| self.is_own(listener, host, *port));
            own.map(move |listener| {
                format!(
                    "mail goes in circles: [relay] next_hop {host}, port {port}, is this server's own listener \
                     {}; name another server, or leave the line out",
                    listener.name
                )
            })
        });
        let weak = self.mechanisms.iter().filter_map(|mechanism| {
            let weakness = mechanism.weakness()?;
            Some(format!(
                "a weak mechanism is offered: [auth] mechanisms contain {mechanism}, with which {weakness}; \
                 leave it out as soon as no client needs it"
            ))
        });
        let stores = self.stores.iter().flat_map(|store| self.warnings_of(store));
        open.chain(loops)
            .chain(weak)
            .chain(self.doubts())
            .chain(stores)
            .chain(self.unprotected())
            .chain(self.blocked_mailboxes())
            .collect()
    }

    /// Values of the access map that may be mistakes, each with its place.
    fn doubts(&self) -> Vec<String> {
        let rules = self.access.as_ref().map(AccessMap::last_rules);
        let doubts = rules.as_ref().and_then(|rules| rules.doubts()).map(ToString::to_string);
        doubts.iter().flat_map(|doubts| doubts.lines()).map(str::to_owned).collect()
    }

    /// What is lost on the way to the next hop.
    fn unprotected(&self) -> Option<String> {
        let (host, _) = self.next_hop.as_ref()?;
        let near = host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_near);
        let demand = self.relay_tls.destinations.get(host).unwrap_or(&self.relay_tls.demand);
        match demand {
            _ if near => None,
            Demanded::Verified | Demanded::Dane => None,
            _ if self.login.is_some() || self.logs_in_by_access_map(host) => Some(format!(
                "a password may go to a stranger: [relay] auth or AuthInfo: is for {host}, whose certificate \
                 is not verified; write demand = \"verified\" in [relay.tls], or leave the line out"
            )),
            Demanded::Never => Some(format!(
                "mail goes over the network in plain text: [relay.tls] demand is \"never\" for {host}; leave \
                 it out, so that TLS is used where {host} has it"
            )),
            Demanded::Opportunistic | Demanded::Required => None,
        }
    }

    fn logs_in_by_access_map(&self, host: &str) -> bool {
        let rules = self.access.as_ref().map(AccessMap::last_rules);
        rules.is_some_and(|rules| rules.auth_info(&Remote::server(&Destination::new(host, 25))).is_some())
    }

    /// What will keep users of a store from logging in.
    fn warnings_of(&self, store: &Store) -> Vec<String> {
        let name = store.name();
        let absent = store.needs().filter(|path| !path.exists());
        let absent = absent.map(|path| {
            let path = path.display();
            format!("there is no {path}, which [auth.{name}] goes by; start or make what is missing")
        });
        let fitting = store.mechanisms();
        let useless = !self.mechanisms.iter().any(|mechanism| fitting.contains(mechanism));
        let useless = useless.then(|| {
            let fitting: Vec<_> = fitting.iter().map(|mechanism| mechanism.name()).collect();
            let fitting = fitting.join(" or ");
            format!("nobody logs in by [auth] stores {name:?}: it needs {fitting} among [auth] mechanisms")
        });
        absent.into_iter().chain(useless).collect()
    }

    /// Whether the listener is what a connection to this host reaches. Nobody is asked for the addresses
    /// of a name: they may be others tomorrow.
    fn is_own(&self, listener: &Listener, host: &str, port: u16) -> bool {
        let Some(address) = listener.address.tcp() else { return false };
        let own = address.ip().to_canonical();
        address.port() == port
            && match host.parse::<IpAddr>() {
                Ok(ip) => {
                    let ip = ip.to_canonical();
                    // Who connects to the unspecified address reaches this computer.
                    ip == own
                        || (is_near(ip) && (own.is_unspecified() || ip.is_unspecified() && is_near(own)))
                }
                Err(_) if host.eq_ignore_ascii_case("localhost") => is_near(own),
                Err(_) => host.eq_ignore_ascii_case(self.hostname.as_str()),
            }
    }
}

fn is_near(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::source;

    fn warnings(relay: &str) -> Vec<String> {
        let text = format!(
            "hostname = \"mail.example.org\"\n\
             [[listener]]\naddress = \"[::]:25\"\nkind = \"mx\"\n\
             [[listener]]\naddress = \"127.0.0.1:2525\"\nkind = \"mx\"\n\
             [[listener]]\naddress = \"192.0.2.1:587\"\nkind = \"submission\"\n[relay]\n{relay}"
        );
        source::check("smtpd.toml", &text, Path::new(""), None).unwrap().warnings()
    }

    #[test]
    fn networks_that_contain_everybody_are_noticed() {
        for (networks, expected) in [
            ("[]", 0),
            ("[\"192.0.2.0/24\", \"0.0.0.0/1\", \"2001:db8::/32\"]", 0),
            ("[\"0.0.0.0/0\"]", 1),
            ("[\"192.0.2.1/0\"]", 1),
            ("[\"0.0.0.0/0\", \"::/0\"]", 2),
            ("[\"0.0.0.0/1\", \"128.0.0.0/1\"]", 1),
        ] {
            let found = warnings(&format!("trusted_networks = {networks}"));
            assert_eq!(found.len(), expected, "{networks}: {found:?}");
            assert!(found.iter().all(|warning| warning.contains("everybody may relay")), "{found:?}");
        }
    }

    #[test]
    fn weak_mechanisms_are_noticed() {
        for (mechanisms, expected) in [
            ("[\"SCRAM-SHA-1\", \"PLAIN\"]", 0),
            ("[\"CRAM-MD5\", \"DIGEST-MD5\", \"PLAIN\"]", 2),
            ("[\"anonymous\"]", 1),
        ] {
            let found = warnings(&format!("[auth]\nmechanisms = {mechanisms}"));
            assert_eq!(found.len(), expected, "{mechanisms}: {found:?}");
            assert!(found.iter().all(|warning| warning.contains("weak mechanism")), "{found:?}");
        }
    }

    #[test]
    fn stores_that_nobody_can_log_in_by_are_noticed() {
        let saslauthd = |socket: &str, mechanism: &str| {
            let found = warnings(&format!(
                "[auth]\nstores = [\"users\", \"saslauthd\"]\nmechanisms = [{mechanism:?}]\n\
                 [auth.saslauthd]\nsocket = {socket:?}\n"
            ));
            found.join("\n")
        };
        let there = std::env::current_exe().unwrap().display().to_string();
        assert_eq!(saslauthd(&there, "PLAIN"), "");
        assert!(
            saslauthd("/nowhere/mux", "PLAIN")
                .starts_with("there is no /nowhere/mux, which [auth.saslauthd]")
        );
        assert!(saslauthd(&there, "SCRAM-SHA-256").contains("needs PLAIN or LOGIN"));
    }

    #[test]
    fn a_way_without_protection_is_noticed() {
        let auth = "auth = { name = \"joe\", password_file = \"secret\" }\n";
        let tls = |demand: &str| format!("[relay.tls]\ndemand = {demand:?}\n");
        for (host, auth, tls, expected) in [
            ("smtp.example.com", "", String::new(), None),
            ("smtp.example.com", "", tls("required"), None),
            ("smtp.example.com", "", tls("never"), Some("plain text")),
            ("localhost", "", tls("never"), None),
            ("127.0.0.2", auth, tls("never"), None),
            ("smtp.example.com", auth, String::new(), None),
            ("smtp.example.com", auth, tls("verified"), None),
            ("smtp.example.com", auth, tls("required"), Some("a password may go to a stranger")),
            ("smtp.example.com", auth, tls("never"), Some("a password may go to a stranger")),
        ] {
            let found = warnings(&format!("next_hop = \"{host}:587\"\n{auth}{tls}"));
            assert_eq!(found.len(), usize::from(expected.is_some()), "{host} {tls}: {found:?}");
            assert!(found.iter().all(|warning| warning.contains(expected.unwrap())), "{found:?}");
            assert!(found.iter().all(|warning| !warning.contains("secret")), "{found:?}");
        }
    }

    #[test]
    fn a_next_hop_that_is_the_server_itself_is_noticed() {
        for (next_hop, expected) in [
            ("smtp.example.com:25", None),
            ("192.0.2.2:25", None),
            ("127.0.0.1:26", None),
            ("192.0.2.1:2525", None),
            ("localhost:587", None),
            ("127.0.0.1:25", Some("mx")),
            ("[::1]:25", Some("mx")),
            ("0.0.0.0:2525", Some("mx-2")),
            ("127.0.0.1:2525", Some("mx-2")),
            ("[::ffff:127.0.0.1]:2525", Some("mx-2")),
            ("localhost:2525", Some("mx-2")),
            ("192.0.2.1:587", Some("submission")),
            ("MAIL.example.org:25", Some("mx")),
        ] {
            let found = warnings(&format!("next_hop = {next_hop:?}"));
            assert_eq!(found.len(), usize::from(expected.is_some()), "{next_hop}: {found:?}");
            if let Some(name) = expected {
                assert!(found[0].contains(&format!("own listener {name};")), "{found:?}");
            }
        }
    }
}
