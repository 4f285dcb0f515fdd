//! Names of clients and lists in a real name server: NSD.
#![cfg(all(unix, feature = "dns"))]

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use peers::{NameServer, Zone};
    use smtp_core::testing::sender;
    use smtp_core::testing::{domain, request};
    use smtp_core::{BoxError, ConnectionInfo, Peer, Reply, Request, SessionFacts};
    use smtp_policy::client_name::{ClientName, ClientNameLayer, DnsNames};
    use smtp_policy::hello_checks::{HelloChecksLayer, Measure, Suspicion};
    use smtp_policy::{DnsList, DnsListLayer};
    use tower::{ServiceBuilder, ServiceExt as _, service_fn};

    const EXAMPLE: &str = "mx A 192.0.2.1\nmx AAAA 2001:db8::1\n\
                           liar A 192.0.2.9\nodd_name A 192.0.2.3\nmany A 192.0.2.4\n\
                           1.2.0.192.bl A 127.0.0.2\n1.2.0.192.bl A 127.0.0.4\n1.2.0.192.bl TXT \"see \" \"why\"\n\
                           3.2.0.192.bl A 127.0.0.10\n4.2.0.192.bl A 127.255.255.254\n\
                           3.2.0.192.good A 127.0.0.1\nspam.test.dbl A 127.0.1.2\n\
                           1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl A 127.0.0.2\n";
    const V4: &str = "1 PTR mx.example.\n2 PTR liar.example.\n\
                      3 PTR odd_name.example.\n4 PTR nowhere.example.\n4 PTR many.example.\n";
    const V6: &str = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR mx.example.\n";

    fn name_server() -> NameServer {
        NameServer::without_root(&[
            Zone::plain("example", EXAMPLE),
            Zone::plain("2.0.192.in-addr.arpa", V4),
            Zone::plain("8.b.d.0.1.0.0.2.ip6.arpa", V6),
        ])
    }

    #[tokio::test]
    async fn clients_have_the_names_that_lead_back() {
        let server = name_server();
        let names = DnsNames::with_servers([server.address()]).unwrap();
        let stack = ServiceBuilder::new().layer(ClientNameLayer::new(names)).service(service_fn(
            |request: Request| async move {
                let name = request.session.connection().get::<ClientName>();
                let name = name.map_or_else(|| "nobody".to_owned(), |ClientName(name)| name.to_string());
                Ok::<_, BoxError>(Reply::new(220, name))
            },
        ));
        for (address, expected) in [
            ("192.0.2.1", "mx.example"),
            ("::ffff:192.0.2.1", "mx.example"),
            ("2001:db8::1", "mx.example"),
            ("192.0.2.2", "nobody"),
            ("192.0.2.3", "nobody"),
            ("192.0.2.4", "many.example"),
            ("192.0.2.5", "nobody"),
            ("198.51.100.1", "nobody"),
        ] {
            let peer = Peer::Ip((address.parse::<IpAddr>().unwrap(), 25_000).into());
            let facts = SessionFacts::new(ConnectionInfo::new(peer, domain("server.example")));
            let reply = stack.clone().oneshot(request("", facts.session())).await.unwrap();
            assert_eq!(reply.text(), expected, "{address}");
        }
    }

    fn from(address: &str) -> SessionFacts {
        let peer = Peer::Ip((address.parse::<IpAddr>().unwrap(), 25_000).into());
        SessionFacts::new(ConnectionInfo::new(peer, domain("server.example")))
    }

    #[tokio::test]
    async fn lists_are_asked() {
        let server = name_server();
        let names = DnsNames::with_servers([server.address()]).unwrap();
        let lists = DnsListLayer::new(names)
            .list(DnsList::of_addresses(domain("bl.example")))
            .list(DnsList::of_addresses(domain("good.example")).of_the_good())
            .list(DnsList::of_domains(domain("dbl.example")))
            // There is no such zone, and the server refuses to answer for it.
            .list(DnsList::of_addresses(domain("elsewhere.test")));
        let ok = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) });
        let stack = ServiceBuilder::new().layer(lists).service(ok);
        for (address, mail, expected) in [
            ("192.0.2.1", "a@example.net", "550 5.7.1 192.0.2.1 is listed by bl.example: see why"),
            ("2001:db8::1", "a@example.net", "550 5.7.1 2001:db8::1 is listed by bl.example"),
            ("192.0.2.2", "a@example.net", "250 2.1.5 ok"),
            ("192.0.2.2", "a@spam.test", "550 5.7.1 spam.test is listed by dbl.example"),
            ("192.0.2.3", "a@spam.test", "250 2.1.5 ok"),
            ("192.0.2.4", "a@example.net", "250 2.1.5 ok"),
        ] {
            let mut facts = from(address);
            facts.start_transaction(sender(mail));
            let rcpt = request("RCPT TO:<joe@example.org>", facts.session());
            let reply = stack.clone().oneshot(rcpt).await.unwrap();
            assert_eq!(reply.to_string(), expected, "{address} {mail}");
        }
    }

    #[tokio::test]
    async fn names_that_clients_give_are_looked_up() {
        let server = name_server();
        let names = DnsNames::with_servers([server.address()]).unwrap();
        let checks = HelloChecksLayer::new()
            .on(Suspicion::HelloUnresolvable, Measure::Refuse)
            .on(Suspicion::NameMissing, Measure::Refuse)
            .on(Suspicion::NameUnconfirmed, Measure::Refuse)
            .resolve_with(names.clone());
        let ok = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) });
        let stack = ServiceBuilder::new().layer(ClientNameLayer::new(names)).layer(checks).service(ok);
        for (address, hello, expected) in [
            ("192.0.2.1", "mx.example", "250 2.1.5 ok"),
            ("2001:db8::1", "liar.example", "250 2.1.5 ok"),
            (
                "192.0.2.1",
                "nowhere.example",
                "550 5.7.1 nowhere.example, as you call yourself, does not exist",
            ),
            // The server does not tell.
            ("192.0.2.1", "nowhere.test", "250 2.1.5 ok"),
            ("198.51.100.1", "mx.example", "250 2.1.5 ok"),
            ("192.0.2.2", "mx.example", "550 5.7.1 the name of your address does not lead back to 192.0.2.2"),
            ("192.0.2.7", "mx.example", "550 5.7.1 your address 192.0.2.7 has no name in the DNS"),
        ] {
            let mut facts = from(address);
            stack.clone().oneshot(request("", facts.session())).await.unwrap();
            facts.set_hello(smtp_core::Hello::extended(domain(hello)), smtp_core::Capabilities::new());
            stack.clone().oneshot(request("MAIL FROM:<a@example.net>", facts.session())).await.unwrap();
            facts.start_transaction(sender("a@example.net"));
            let rcpt = request("RCPT TO:<joe@example.org>", facts.session());
            let reply = stack.clone().oneshot(rcpt).await.unwrap();
            assert_eq!(reply.to_string(), expected, "{address} {hello}");
        }
    }
}
