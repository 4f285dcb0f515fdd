//! Postfix's smtp(8) verifies the server, and shows a certificate of its own.

use crate::authority::{Authority, text};
use crate::content::{as_stored, content};
use crate::server::Server;
use peers::Postfix;

const TO: [&str; 1] = ["postmaster@example.org"];

#[test]
fn postfix_finds_the_certificate_good_and_has_one_of_its_own() {
    let authority = Authority::new();
    let own = authority.issue("mail.example.org", "ecdsa", 30);
    let client = authority.issue("client.example", "ecdsa", 30);
    let ca = authority.certificate();
    let server = Server::start(&format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\nclient_certificates = \"request\"\nclient_ca = {:?}\n",
        text(&own.certificate),
        text(&own.key),
        text(&ca)
    ));
    let postfix = Postfix::sending(
        "smtp",
        server.port("mx"),
        &format!(
            "smtp_tls_security_level = secure\nsmtp_tls_secure_cert_match = mail.example.org\n\
             smtp_tls_CAfile = {}\nsmtp_tls_cert_file = {}\nsmtp_tls_key_file = {}\nsmtp_tls_loglevel = 1\n",
            text(&ca),
            text(&client.certificate),
            text(&client.key)
        ),
    );
    postfix.send(&as_stored(&content()), &[], &TO);
    postfix.logs("Verified TLS connection established to 127.0.0.1");
    postfix.logs("status=sent (250 2.0.0 ");
    let line = server.logs("reply=\"250 2.0.0 ");
    assert!(
        line.contains("verify=OK") && line.contains("certificate=/O=Example/CN=client.example"),
        "{line}"
    );
}

#[test]
fn postfix_sends_nothing_to_a_server_with_another_name() {
    let authority = Authority::new();
    let own = authority.issue("other.example.org", "ecdsa", 30);
    let server = Server::start(&format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n",
        text(&own.certificate),
        text(&own.key)
    ));
    let postfix = Postfix::sending(
        "smtp",
        server.port("mx"),
        &format!(
            "smtp_tls_security_level = secure\nsmtp_tls_secure_cert_match = mail.example.org\nsmtp_tls_CAfile = {}\n",
            text(&authority.certificate())
        ),
    );
    postfix.send(&as_stored(&content()), &[], &TO);
    let line = postfix.logs("status=deferred");
    assert!(line.contains("Server certificate not verified"), "{line}");
    assert!(server.octets("example.org/postmaster").is_empty());
}
