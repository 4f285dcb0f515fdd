//! Certificates of clients, by OpenSSL.

use crate::authority::{Authority, Issued, text};
use crate::server::Server;
use peers::{Ended, run};

/// Sends a message within TLS, with this certificate.
fn send(server: &Server, version: &str, own: Option<&Issued>) -> Ended {
    let address = format!("127.0.0.1:{}", server.port("mx"));
    let to = ["s_client", "-connect", &address, "-starttls", "smtp", "-ign_eof", version];
    let options = own.map(Issued::options);
    let message = b"EHLO client.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<postmaster@example.org>\r\n\
                    DATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n";
    run("openssl", &[&to[..], options.as_ref().map_or(&[], |options| &options[..])].concat(), message)
}

fn configuration(authority: &Authority, asked: &str) -> String {
    format!("[tls]\nclient_certificates = {asked:?}\nclient_ca = {:?}\n", text(&authority.certificate()))
}

#[test]
fn what_came_of_a_certificate_stands_in_the_message_and_in_the_log() {
    let (authority, stranger) = (Authority::new(), Authority::called("stranger"));
    let good = authority.issue("client.example", "ecdsa", 30);
    let rsa = authority.issue("other.example", "rsa", 30);
    let expired = authority.issue("old.example", "ecdsa", -1);
    let unknown = stranger.issue("client.example", "ecdsa", 30);
    for version in ["-tls1_2", "-tls1_3"] {
        for (own, verify) in [
            (None, "NO"),
            (Some(&good), "OK"),
            (Some(&rsa), "OK"),
            (Some(&expired), "FAIL"),
            (Some(&unknown), "FAIL"),
        ] {
            let server = Server::start(&configuration(&authority, "request"));
            let talk = send(&server, version, own);
            talk.succeeds();
            talk.says("250 2.0.0 delivered");
            // OpenSSL shows the names that a certificate is asked for by.
            talk.says("CN = CA of tests");
            let mail = server.mail("example.org/postmaster");
            assert!(mail[0].contains(&format!(" verify={verify})")), "{}", mail[0]);
            let line = server.logs("reply=\"250 2.0.0 delivered");
            assert!(line.contains(&format!("verify={verify}")), "{line}");
            assert_eq!(line.contains("certificate=/O=Example/CN="), own.is_some(), "{line}");
        }
    }
}

#[test]
fn who_has_no_good_certificate_stays_outside_where_one_is_required() {
    let (authority, stranger) = (Authority::new(), Authority::called("stranger"));
    let good = authority.issue("client.example", "ecdsa", 30);
    let expired = authority.issue("old.example", "ecdsa", -1);
    let unknown = stranger.issue("client.example", "ecdsa", 30);
    let server = Server::start(&configuration(&authority, "require"));
    for version in ["-tls1_2", "-tls1_3"] {
        for own in [None, Some(&expired), Some(&unknown)] {
            let talk = send(&server, version, own);
            talk.says("SSL alert number ");
            assert!(!talk.printed.contains("250 2.1.0"), "{}", talk.printed);
        }
        // The others leave the server as it was.
        send(&server, version, Some(&good)).says("250 2.0.0 delivered");
    }
    // Nor is anybody asked who never shall be.
    let spared = configuration(&authority, "require") + "never_asked = [\"127.0.0.0/8\"]\n";
    let server = Server::start(&spared);
    let talk = send(&server, "-tls1_3", None);
    talk.says("250 2.0.0 delivered");
    assert!(server.mail("example.org/postmaster")[0].contains(" verify=NOT)"));
}
