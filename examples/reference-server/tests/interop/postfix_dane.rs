//! Postfix's smtp(8) finds in signed DNS which certificate the server must have (RFC 7672).

use std::fs;
use std::path::Path;

use crate::authority::{Authority, text};
use crate::content::{as_stored, content};
use crate::own_network::{Resolver, in_a_network_of_its_own};
use crate::server::Server;
use peers::Postfix;
use peers::run;
use peers::{NameServer, Zone};

/// The digest that an operator publishes (RFC 6698): of the key, SPKI(1), by SHA-256(1).
fn digest(name: &str, certificate: &Path) -> String {
    let made = run("ldns-dane", &["-n", "-c", text(certificate), "create", name, "25", "3", "1", "1"], b"");
    made.succeeds();
    let (_, digest) = made.printed.trim().split_once("TLSA\t3 1 1 ").expect("a record");
    digest.to_owned()
}

#[test]
fn postfix_sends_to_the_key_that_is_published_and_to_no_other() {
    let name = "postfix_dane::postfix_sends_to_the_key_that_is_published_and_to_no_other";
    in_a_network_of_its_own(name, || {
        let authority = Authority::called("ca.example");
        let issued = authority.issue("mail.authority.example", "ecdsa", 30);
        // DANE-TA(2) is of use only if the server shows the authority, too (RFC 7672 3.1.2).
        let (chain, ca) = (authority.path("chain.pem"), authority.certificate());
        fs::write(&chain, [&issued.certificate, &ca].map(|file| fs::read_to_string(file).unwrap()).concat())
            .unwrap();
        let server = Server::start(&format!(
            "[tls]\ncertificate = {:?}\nkey = {:?}\n",
            text(&chain),
            text(&issued.key)
        ));
        let port = server.port("mx");
        let own = digest("mail.authority.example", &issued.certificate);
        let above = digest("ca.example", &ca);
        let other = digest("ca.example", &Authority::called("ca.example").certificate());
        let sent = "status=sent (250 2.0.0 ";
        let deferred = "status=deferred (Server certificate not verified)";
        // What is published for one and the same server, what Postfix says of the connection and of the
        // message, and how many have arrived by then.
        let cases = [
            ("own", format!("TLSA 3 1 1 {own}"), "Verified", sent, 1),
            ("authority", format!("TLSA 2 1 1 {above}"), "Verified", sent, 2),
            ("wrong-name", format!("TLSA 2 1 1 {above}"), "Untrusted", deferred, 2),
            ("wrong-key", format!("TLSA 3 1 1 {other}"), "Untrusted", deferred, 2),
            // Nobody has promised anything: any certificate is better than none.
            ("none", "TXT none".to_owned(), "Untrusted", sent, 3),
        ];
        let zone = cases.each_ref().map(|(domain, record, ..)| {
            format!("{domain} MX 0 mail.{domain}\nmail.{domain} A 127.0.0.1\n_{port}._tcp.mail.{domain} {record}\n")
        });
        let names = NameServer::start(&[Zone::signed("example", &zone.concat())]);
        let _resolver = Resolver::start(names.address().port(), &names.anchors(), &["example."]);
        for (domain, _, trust, status, arrived) in cases {
            let postfix = Postfix::sending_towards(
                &format!("smtp:{domain}.example:{port}"),
                "smtp_dns_support_level = dnssec\nsmtp_tls_security_level = dane\nsmtp_tls_loglevel = 1\n",
            );
            postfix.send(&as_stored(&content()), &[], &["postmaster@example.org"]);
            let host = format!("mail.{domain}.example[127.0.0.1]:{port}");
            postfix.logs(&format!("{trust} TLS connection established to {host}: TLSv1.3 "));
            let line = postfix.logs("status=");
            assert!(line.contains(&host) && line.contains(status), "{line}");
            assert_eq!(server.octets("example.org/postmaster").len(), arrived, "{line}");
        }
    });
}
