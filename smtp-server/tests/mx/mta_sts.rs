//! What domains publish by MTA-STS (RFC 8461), over a real HTTPS server (OpenSSL).

use std::fmt::Write as _;
use std::fs;
use std::sync::{Arc, Mutex};

use peers::{HttpsServer, NameServer, Zone};
use smtp_server::delivery::Relay;
use smtp_server::delivery::relay::mx::{DnsMx, Mx};
use smtp_server::tls::client::{PolicyKind, TlsFailure, TlsReport};
use smtp_server::tls::{Authorities, DnsResolver, MtaSts, RelayTls, SelfSigned, ServerTls};

use super::hosts::Hosts;
use super::{RECORDED, relay, send};

const NOT_SECURE: &str = "451 4.7.5 no secure connection to the next hop";
const NOT_OFFERED: &str = "451 4.7.4 next hop offers no TLS, without which nothing is sent";

/// The domains and their servers: `a` has a good certificate, and `alias` the one of `a`; `b` has a
/// stranger's; `c` does not do TLS.
const DOMAINS: [(&str, &str); 12] = [
    ("good", "MX 10 a"),
    ("unlisted", "MX 10 a"),
    ("stranger", "MX 10 b"),
    ("misnamed", "MX 10 alias"),
    ("plain", "MX 10 c"),
    ("second", "MX 10 b\nsecond MX 20 a"),
    ("testsgood", "MX 10 a"),
    ("testsunlisted", "MX 10 a"),
    ("testsstranger", "MX 10 b"),
    ("testsplain", "MX 10 c"),
    ("ended", "MX 10 c"),
    ("late", "MX 10 c"),
];

fn server(issued: &SelfSigned) -> ServerTls {
    ServerTls::from_pem(issued.certificate_pem.as_bytes(), issued.key_pem.expose()).expect("a certificate")
}

/// All that there is on the Internet.
struct World {
    hosts: Hosts,
    https: HttpsServer,
    relay: Relay,
    reports: Arc<Mutex<Vec<TlsReport>>>,
    _names: NameServer,
}

impl World {
    async fn new() -> Self {
        let mut zone = "a A 127.0.0.1\nalias A 127.0.0.1\nb A 127.0.0.2\nc A 127.0.0.3\n".to_owned();
        for (domain, servers) in DOMAINS {
            let published = format!("_mta-sts.{domain} TXT \"v=STSv1; id=1;\"\nmta-sts.{domain} A 127.0.0.1");
            writeln!(zone, "{domain} {servers}\n{published}").expect("it is a string");
        }
        let names = NameServer::start(&[Zone::signed("example", &zone)]);

        let issue = |names: &[&str]| SelfSigned::generate(names).expect("a certificate");
        let of_policies = DOMAINS.map(|(domain, _)| format!("mta-sts.{domain}.example"));
        let of_policies = issue(&of_policies.each_ref().map(String::as_str));
        let (good, stranger) = (issue(&["a.example"]), issue(&["b.example"]));
        let trusted = Authorities::new()
            .pem(of_policies.certificate_pem.as_bytes())
            .pem(good.certificate_pem.as_bytes());
        let key = std::str::from_utf8(of_policies.key_pem.expose()).expect("text");
        let https = HttpsServer::start(&of_policies.certificate_pem, key);
        let hosts = Hosts::with_tls(&[Some(server(&good)), Some(server(&stranger)), None]).await;

        let resolver = DnsResolver::with_servers([names.address()], Some(&names.anchors())).expect("a file");
        let policies = MtaSts::new(resolver, &trusted).expect("good authorities").port(https.port());
        let reports: Arc<Mutex<Vec<TlsReport>>> = Arc::default();
        let heard = Arc::clone(&reports);
        let tls = RelayTls::builder()
            .authorities(trusted)
            .mta_sts(policies)
            .on_outcome(move |report| heard.lock().expect("no panic").push(report))
            .build()
            .expect("nothing to read");
        let dns = DnsMx::with_servers([names.address()]).build().expect("a resolver");
        let relay = relay(Mx::new(dns).port(hosts.port()).allow_loopback()).tls(tls);
        Self { hosts, https, relay, reports, _names: names }
    }

    /// What becomes of a message for a domain, which publishes this.
    async fn publish_and_send(&self, domain: &str, mode: &str, host: &str) -> String {
        let folder = self.https.folder().join(".well-known");
        fs::create_dir_all(&folder).expect("a folder");
        let policy = format!("version: STSv1\r\nmode: {mode}\r\nmx: {host}\r\nmax_age: 604800\r\n");
        fs::write(folder.join("mta-sts.txt"), policy).expect("a file");
        self.send(domain).await
    }

    async fn send(&self, domain: &str) -> String {
        send(&self.relay, &[&format!("jane@{domain}.example")]).await.remove(0)
    }

    /// What went wrong by a policy since this was last asked.
    fn failures(&self) -> Vec<TlsFailure> {
        let reports = std::mem::take(&mut *self.reports.lock().expect("no panic"));
        let by_policy = reports.iter().filter(|report| report.policy == PolicyKind::Sts);
        by_policy.filter_map(|report| report.failure).collect()
    }
}

#[tokio::test]
async fn mail_goes_to_the_servers_of_the_policy_and_to_no_other() {
    let mut world = World::new().await;
    let wrong_certificate = TlsFailure::CertificateNotTrusted;
    for (domain, mode, host, expected, failures) in [
        ("good", "enforce", "a.example", RECORDED, &[][..]),
        ("unlisted", "enforce", "b.example", NOT_SECURE, &[TlsFailure::ValidationFailure]),
        ("stranger", "enforce", "b.example", NOT_SECURE, &[wrong_certificate]),
        ("misnamed", "enforce", "*.example", NOT_SECURE, &[TlsFailure::CertificateHostMismatch]),
        ("plain", "enforce", "c.example", NOT_OFFERED, &[TlsFailure::StartTlsNotSupported]),
        ("second", "enforce", "*.example", RECORDED, &[wrong_certificate]),
        ("testsgood", "testing", "a.example", RECORDED, &[]),
        ("testsunlisted", "testing", "b.example", RECORDED, &[TlsFailure::ValidationFailure]),
        ("testsstranger", "testing", "b.example", RECORDED, &[wrong_certificate]),
        ("testsplain", "testing", "c.example", RECORDED, &[TlsFailure::StartTlsNotSupported]),
        ("ended", "none", "a.example", RECORDED, &[]),
    ] {
        assert_eq!(world.publish_and_send(domain, mode, host).await, expected, "{domain}");
        assert_eq!(world.failures(), failures, "{domain}");
    }
    assert_eq!(world.hosts.counts(), [4, 1, 2]);
    for (index, tls) in [(0, true), (1, true), (2, false)] {
        let messages = world.hosts.messages(index);
        assert!(messages.iter().all(|message| message.session.tls().is_some() == tls), "{index}");
    }

    // Nobody answers there any more: what was fetched holds, and what was not demands nothing.
    world.https.stop();
    for (domain, expected) in [
        ("good", RECORDED),
        ("unlisted", NOT_SECURE),
        ("stranger", NOT_SECURE),
        ("plain", NOT_OFFERED),
        ("testsstranger", RECORDED),
        ("late", RECORDED),
    ] {
        assert_eq!(world.send(domain).await, expected, "{domain}");
    }
    assert_eq!(world.hosts.counts(), [5, 2, 3]);
}
