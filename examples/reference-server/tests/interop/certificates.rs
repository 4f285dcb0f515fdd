//! The server's own certificates: by name, by kind of key, replaced while sessions go on.

use std::fs;

use crate::authority::{Authority, Issued, text};
use crate::server::Server;
use crate::session::Session;
use peers::{Ended, run};

fn table(issued: &Issued) -> String {
    format!("certificate = {:?}\nkey = {:?}\n", text(&issued.certificate), text(&issued.key))
}

fn s_client(server: &Server, ca: &Authority, host: &str, options: &[&str]) -> Ended {
    let address = format!("127.0.0.1:{}", server.port("submissions"));
    let ca = ca.certificate();
    let to = ["s_client", "-connect", &address, "-CAfile", text(&ca), "-servername", host, "-ign_eof"];
    let verify = ["-verify_hostname", host, "-verify_return_error"];
    run("openssl", &[&to[..], &verify, options].concat(), b"QUIT\r\n")
}

#[test]
fn each_name_has_its_certificate_with_a_key_that_the_client_knows() {
    let authority = Authority::new();
    let (first, rsa) =
        (authority.issue("mail.example.org", "ecdsa", 30), authority.issue("mail.example.org", "rsa", 30));
    let other = authority.issue("mx.example.net", "ecdsa", 30);
    let tables: String =
        [&rsa, &other].map(|issued| format!("[[tls.certificates]]\n{}", table(issued))).concat();
    let server = Server::start(&format!("[tls]\n{}{tables}", table(&first)));
    for version in ["-tls1_2", "-tls1_3"] {
        for host in ["mail.example.org", "mx.example.net"] {
            let talk = s_client(&server, &authority, host, &[version]);
            talk.succeeds();
            talk.says("Peer signature type: ECDSA");
        }
        let talk =
            s_client(&server, &authority, "mail.example.org", &[version, "-sigalgs", "RSA-PSS+SHA256"]);
        talk.says("Peer signature type: RSA-PSS");
        let unknown = s_client(&server, &authority, "unknown.example", &[version]);
        unknown.fails();
        unknown.says("CN = mail.example.org");
    }
}

#[test]
fn sessions_are_resumed() {
    let authority = Authority::new();
    let server =
        Server::start(&format!("[tls]\n{}", table(&authority.issue("mail.example.org", "ecdsa", 30))));
    for version in ["-tls1_2", "-tls1_3"] {
        let session = authority.path("session.pem");
        let first =
            s_client(&server, &authority, "mail.example.org", &[version, "-sess_out", text(&session)]);
        first.succeeds();
        first.says("New, TLSv1");
        let again = s_client(&server, &authority, "mail.example.org", &[version, "-sess_in", text(&session)]);
        again.succeeds();
        again.says("Reused, TLSv1");
    }
}

#[test]
fn a_hangup_brings_a_new_certificate_and_drops_no_session() {
    let authority = Authority::new();
    let issued = authority.issue("mail.example.org", "ecdsa", 30);
    let server = Server::start(&format!("[tls]\n{}", table(&issued)));
    let ca = authority.certificate();
    let mut session = Session::start(server.port("mx"), &["-CAfile", text(&ca), "-verify_return_error"]);
    session.command("EHLO client.example", "250 ");
    session.command("MAIL FROM:<a@example.com>", "250 2.1.0");
    let next = Authority::new();
    let renewed = next.issue("mail.example.org", "ecdsa", 30);
    fs::copy(&renewed.certificate, &issued.certificate).unwrap();
    fs::copy(&renewed.key, &issued.key).unwrap();
    server.signal("-HUP");
    server.logs("certificates were read again");
    s_client(&server, &next, "mail.example.org", &[]).succeeds();
    s_client(&server, &authority, "mail.example.org", &[]).fails();
    session.command("RCPT TO:<postmaster@example.org>", "250 2.1.5");
    session.command("DATA", "354 ");
    session.command("Subject: x\r\n\r\nx\r\n.", "250 2.0.0 delivered");
    session.command("QUIT", "221 ");
    // What cannot be used changes nothing.
    fs::copy(next.certificate(), &issued.certificate).unwrap();
    server.signal("-HUP");
    let line = server.logs("certificates cannot be read again");
    assert!(line.contains("the private key does not match the certificate in "), "{line}");
    s_client(&server, &next, "mail.example.org", &[]).succeeds();
}

#[test]
fn files_that_are_replaced_are_noticed() {
    let authority = Authority::new();
    let issued = authority.issue("mail.example.org", "ecdsa", 30);
    let server = Server::start(&format!("[tls]\n{}", table(&issued)));
    let next = Authority::new();
    let renewed = next.issue("mail.example.org", "ecdsa", 30);
    fs::rename(&renewed.key, &issued.key).unwrap();
    fs::rename(&renewed.certificate, &issued.certificate).unwrap();
    server.logs_within("certificates were read again", std::time::Duration::from_secs(30));
    s_client(&server, &next, "mail.example.org", &[]).succeeds();
}
