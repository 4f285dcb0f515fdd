//! MX records and the keys of the servers that they name, all of them signed (RFC 7672).

use std::net::IpAddr;

use peers::{NameServer, Zone, run};
use smtp_server::delivery::Relay;
use smtp_server::delivery::relay::mx::{DnsMx, LookupError, MailExchanger, MailExchangers, Mx, MxLookup};
use smtp_server::tls::{Dane, DnsResolver, RelayTls, SelfSigned, ServerTls};
use smtp_server::{BoxFuture, Domain};

use super::hosts::Hosts;
use super::{RECORDED, relay, send};

/// A certificate for nobody in particular, and what a TLSA record says of it.
fn identity() -> (ServerTls, String) {
    let issued = SelfSigned::generate(&["whatever.example.net"]).expect("a certificate");
    let arguments = ["x509", "-noout", "-fingerprint", "-sha256"];
    let output = run("openssl", &arguments, issued.certificate_pem.as_bytes()).printed;
    let digest = output.trim().rsplit('=').next().unwrap_or_default().replace(':', "");
    let tls = ServerTls::from_pem(issued.certificate_pem.as_bytes(), issued.key_pem.expose());
    (tls.expect("a certificate"), format!("TLSA 3 0 1 {digest}"))
}

fn by_dane(names: &NameServer, mx: Mx) -> Relay {
    let resolver = DnsResolver::with_servers([names.address()], Some(&names.anchors())).expect("a file");
    relay(mx).tls(RelayTls::builder().dane(Dane::new(resolver)).build().expect("nothing to read"))
}

#[tokio::test]
async fn the_key_of_each_server_is_the_one_that_is_published() {
    let ((first, of_first), (second, of_second)) = (identity(), identity());
    let hosts = Hosts::with_tls(&[Some(first), Some(second), None]).await;
    let port = hosts.port();
    let zone = format!(
        "a A 127.0.0.1\nb A 127.0.0.2\nc A 127.0.0.3\n_{port}._tcp.a {of_first}\n_{port}._tcp.b {of_second}\n\
         wrong A 127.0.0.1\n_{port}._tcp.wrong {of_second}\n\
         good MX 10 a\nfallback MX 10 wrong\nfallback MX 20 b\nonlywrong MX 10 wrong\n\
         d A 127.0.0.3\nplain MX 10 d\nstripped MX 10 c\n_{port}._tcp.c {of_first}\n"
    );
    let names = NameServer::start(&[Zone::signed("example", &zone)]);
    let dns = DnsMx::with_servers([names.address()]);
    let validating = dns.validating(Some(&names.anchors())).unwrap().build().unwrap();
    let believing = DnsMx::with_servers([names.address()]).build().unwrap();
    for dns in [validating, believing] {
        let relay = by_dane(&names, Mx::new(dns).port(port).allow_loopback());
        for (domain, expected) in [
            ("good", RECORDED),
            ("fallback", RECORDED),
            ("plain", RECORDED),
            ("onlywrong", "451 4.7.5 no secure connection to the next hop"),
            ("stripped", "451 4.7.4 next hop offers no TLS, without which nothing is sent"),
        ] {
            assert_eq!(send(&relay, &[&format!("jane@{domain}.example")]).await, [expected], "{domain}");
        }
    }
    let tls = |index: usize| -> Vec<bool> {
        hosts.messages(index).iter().map(|message| message.session.tls().is_some()).collect()
    };
    assert_eq!((tls(0), tls(1), tls(2)), (vec![true; 2], vec![true; 2], vec![false; 2]));
}

/// MX records as somebody in between makes them up.
struct MadeUp(DnsMx);

impl MxLookup for MadeUp {
    fn mail_exchangers(&self, _: &Domain) -> BoxFuture<Result<MailExchangers, LookupError>> {
        Box::pin(async { Ok(vec![MailExchanger::new(10, "evil.example")].into()) })
    }

    fn addresses(&self, host: &str) -> BoxFuture<Result<Vec<IpAddr>, LookupError>> {
        self.0.addresses(host)
    }
}

#[tokio::test]
async fn a_server_that_signed_records_do_not_name_gets_nothing() {
    let (first, of_first) = identity();
    let hosts = Hosts::with_tls(&[Some(first), None, None]).await;
    let port = hosts.port();
    let zone = format!(
        "a A 127.0.0.1\nevil A 127.0.0.3\n_{port}._tcp.a {of_first}\ngood MX 10 a\nother MX 10 evil\n"
    );
    let names = NameServer::start(&[Zone::signed("example", &zone)]);
    let made_up = MadeUp(DnsMx::with_servers([names.address()]).build().unwrap());
    let relay = by_dane(&names, Mx::new(made_up).port(port).allow_loopback());
    let expected = "451 4.7.5 no secure connection to the next hop";
    assert_eq!(send(&relay, &["jane@good.example"]).await, [expected]);
    assert_eq!(send(&relay, &["jane@other.example"]).await, [RECORDED]);
    assert_eq!(hosts.counts(), [0, 0, 1]);
}
