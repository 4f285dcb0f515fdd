//! Where mail of a domain goes, and what is said if it cannot.

use std::sync::Arc;
use std::time::Duration;

use smtp_server::Parameter;
use smtp_server::delivery::relay::mx::{DnsMx, Mx};
use smtp_server::delivery::relay::{Source, Timeouts};
use smtp_server::testing::domain;
use tower::ServiceExt;

use super::hosts::Hosts;
use super::{CONTENT, RECORDED, lookup, message, mx, name_server, relay, send};

const CIRCLE: &str = "554 5.4.6 mail for this domain comes back here";
const DOWN: &str = "451 4.4.1 next hop does not answer";
const NO_DOMAIN: &str = "550 5.1.2 domain does not exist, or has neither mail servers nor addresses";
const NOT_KNOWN: &str = "451 4.4.3 mail servers of the domain cannot be looked up now";

#[tokio::test]
async fn mail_goes_to_the_best_server_that_takes_it() {
    let (names, hosts) = (name_server(), Hosts::start().await);
    let relay = relay(mx(&names, &hosts));
    for (domain, server) in [
        ("first", 0),
        ("second", 1),
        ("tobusy", 1),
        ("tobreaks", 1),
        ("toclosing", 1),
        ("tomulti", 1),
        ("tosix", 2),
        ("c", 2),
        ("alias", 0),
        ("toalias", 2),
        ("better", 0),
        ("FIRST", 0),
    ] {
        let before = hosts.counts();
        assert_eq!(send(&relay, &[&format!("jane@{domain}.example")]).await, [RECORDED], "{domain}");
        let mut expected = before;
        expected[server] += 1;
        assert_eq!(hosts.counts(), expected, "{domain}");
        let messages = hosts.messages(server);
        let last = messages.last().unwrap();
        assert_eq!(last.content, CONTENT.as_bytes(), "{domain}");
        assert_eq!(last.session.hello().unwrap().name(), "relay.example");
    }
    assert_eq!(send(&relay, &["jane@[127.0.0.3]"]).await, [RECORDED]);
}

#[tokio::test]
async fn where_there_is_no_server_it_is_said_why() {
    let (names, hosts) = (name_server(), Hosts::start().await);
    let mx = mx(&names, &hosts);
    for (to, expected) in [
        ("none.example", "556 5.1.10 domain takes no mail"),
        ("gone.example", NO_DOMAIN),
        ("text.example", NO_DOMAIN),
        ("nobody.example", NO_DOMAIN),
        ("lost.example", "550 5.4.4 no mail server of the domain has an address"),
        ("byname.example", CIRCLE),
        ("byaddress.example", CIRCLE),
        ("self.example", CIRCLE),
        ("[127.0.0.8]", CIRCLE),
        ("[0.0.0.0]", "550 5.1.3 address leads to no server"),
        ("[IPv6:::ffff:127.0.0.8]", CIRCLE),
        // One that is better than us may be there later.
        ("behind.example", DOWN),
        ("alldown.example", DOWN),
    ] {
        assert_eq!(send(&relay(mx.clone()), &[&format!("jane@{to}")]).await, [expected], "{to}");
    }
    // What a server says of a recipient holds.
    let refused = "550 5.1.1 no such user";
    assert_eq!(send(&relay(mx.clone()), &["bad@first.example"]).await, [refused]);
    assert_eq!(hosts.counts(), [0, 0, 0]);
    // Loopback is here unless it is said to be elsewhere.
    let careful = Mx::new(lookup(&names)).port(hosts.port());
    for to in ["first.example", "[127.0.0.3]", "[IPv6:::1]"] {
        assert_eq!(send(&relay(careful.clone()), &[&format!("jane@{to}")]).await, [CIRCLE], "{to}");
    }
    assert_eq!(hosts.counts(), [0, 0, 0]);
}

#[tokio::test]
async fn there_is_an_end_to_trying() {
    let (names, hosts) = (name_server(), Hosts::start().await);
    let mx = mx(&names, &hosts);
    for mx in [mx.clone().max_hosts(1), mx.clone().max_addresses(1), mx.clone().patience(Duration::ZERO)] {
        let outcome = send(&relay(mx), &["jane@second.example"]).await;
        assert!(outcome[0].starts_with("451 4.4."), "{outcome:?}");
        assert_eq!(hosts.counts(), [0, 0, 0]);
    }
    assert_eq!(
        send(&relay(mx.clone().max_hosts(2).max_addresses(2)), &["jane@second.example"]).await,
        [RECORDED]
    );
}

#[tokio::test]
async fn mail_waits_for_the_dns() {
    let (names, hosts) = (name_server(), Hosts::start().await);
    let dns = DnsMx::with_servers([names.address()]);
    let validating = dns.validating(Some(&names.anchors())).unwrap().build().unwrap();
    let mx = Mx::new(validating).port(hosts.port()).allow_loopback();
    let forged = "jane@forged";
    assert_eq!(send(&relay(mx.clone()), &[forged]).await, [NOT_KNOWN]);
    assert_eq!(send(&relay(mx), &["jane@first.example"]).await, [RECORDED]);
    // Who does not validate believes it.
    assert_eq!(send(&relay(super::mx(&names, &hosts)), &[forged]).await, [RECORDED]);
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let dns = DnsMx::with_servers([address]).build().unwrap();
    let mut timeouts = Timeouts::default();
    timeouts.connect = Duration::from_secs(1);
    let relay = relay(Mx::new(dns).port(hosts.port()).allow_loopback()).timeouts(timeouts);
    assert_eq!(send(&relay, &["jane@first.example"]).await, [NOT_KNOWN]);
}

#[tokio::test]
async fn connections_come_from_where_they_are_told_to() {
    let (names, hosts) = (name_server(), Hosts::start().await);
    let relay = relay(mx(&names, &hosts));
    let address = "127.0.0.7".parse().unwrap();
    let relay = relay.source(Source::new(address).name(domain("out.example")));
    assert_eq!(send(&relay, &["jane@first.example"]).await, [RECORDED]);
    let messages = hosts.messages(0);
    assert_eq!(messages[0].session.peer_ip(), Some(address));
    assert_eq!(messages[0].session.hello().unwrap().name(), "out.example");
}

#[tokio::test]
async fn what_one_server_cannot_take_another_may() {
    let (names, hosts) = (name_server(), Hosts::start().await);
    let relay = relay(mx(&names, &hosts));
    let mut message = message(&["jane@toold.example"], "gr\u{fc}n\r\n");
    Arc::make_mut(&mut message.envelope).sender.parameters.insert(Parameter::parse("BODY=8BITMIME").unwrap());
    let outcomes = relay.oneshot(message).await.unwrap();
    assert_eq!(outcomes.fold().to_string(), RECORDED);
    assert_eq!(hosts.counts(), [0, 1, 0]);
}
