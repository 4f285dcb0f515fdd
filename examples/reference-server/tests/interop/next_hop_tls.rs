//! TLS towards the next hop: stunnel in front of Postfix's `smtp-sink`, and servers that misbehave.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::authority::{Authority, Issued, text};
use crate::server::Server;
use crate::sink::Sink;
use crate::stunnel::Stunnel;
use crate::swaks::swaks;
use peers::Ended;

fn send(server: &Server) -> Ended {
    let user = ["--auth-user", "postmaster", "--auth-password", &server.password, "--auth", "PLAIN"];
    let message = ["--tls", "--to", "user@example.net", "--body", "x"];
    swaks(server.port("submission"), &[&message[..], &user].concat(), b"")
}

fn relay(port: u16, demand: &str, more: &str) -> Server {
    let relay = format!("[relay]\nnext_hop = \"localhost:{port}\"\n[relay.tls]\ndemand = {demand:?}\n{more}");
    Server::start(&relay)
}

#[test]
fn what_is_demanded_decides_whether_a_message_goes() {
    let (authority, stranger) = (Authority::new(), Authority::called("stranger"));
    let ca = format!("ca = {:?}\n", text(&authority.certificate()));
    let good = authority.issue("localhost", "ecdsa", 30);
    let wrong_name = authority.issue("other.example", "ecdsa", 30);
    let expired = authority.issue("old.example", "rsa", -1);
    let unknown = stranger.issue("localhost", "rsa", 30);
    let cases: [(&str, &Issued, Option<&str>); 7] = [
        ("verified", &good, None),
        ("verified", &wrong_name, Some("wrong name")),
        ("verified", &expired, Some("expired")),
        ("verified", &unknown, Some("unknown issuer")),
        ("required", &unknown, None),
        ("opportunistic", &wrong_name, None),
        ("opportunistic", &expired, None),
    ];
    for (demand, issued, problem) in cases {
        let sink = Sink::start(&[]);
        let stunnel = Stunnel::start(issued, "smtp", sink.port());
        let server = relay(stunnel.port(), demand, &ca);
        let talk = send(&server);
        match problem {
            None => talk.succeeds(),
            Some(problem) => {
                talk.fails();
                talk.says("451 4.7.5 ");
                server.logs(&format!("certificate: {problem}"));
                // Nothing of the message went anywhere.
                assert!(sink.is_empty());
            }
        }
    }
}

#[test]
fn a_next_hop_without_tls_gets_no_more_than_is_allowed() {
    for (demand, refusal) in [
        ("never", None),
        ("opportunistic", None),
        ("required", Some("451 4.7.4 ")),
        ("verified", Some("451 4.7.4 ")),
    ] {
        let sink = Sink::start(&[]);
        let server = relay(sink.port(), demand, "");
        let talk = send(&server);
        match refusal {
            None => talk.succeeds(),
            Some(refusal) => {
                talk.fails();
                talk.says(refusal);
                assert!(sink.is_empty());
            }
        }
    }
}

/// A server that offers STARTTLS, and answers it by these octets and nothing more. It gives what it heard
/// afterwards.
fn crooked(answer: &'static [u8]) -> (u16, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let talk = move |stream: TcpStream| -> std::io::Result<Vec<u8>> {
        let mut incoming = BufReader::new(stream.try_clone()?);
        let mut outgoing = &stream;
        outgoing.write_all(b"220 crooked.example ESMTP\r\n")?;
        let mut line = String::new();
        incoming.read_line(&mut line)?;
        outgoing.write_all(b"250-crooked.example\r\n250 STARTTLS\r\n")?;
        incoming.read_line(&mut line)?;
        outgoing.write_all(answer)?;
        if answer.is_empty() || answer.starts_with(b"220 cut") {
            stream.shutdown(std::net::Shutdown::Both)?;
        }
        let mut heard = Vec::new();
        std::io::Read::read_to_end(&mut incoming, &mut heard)?;
        Ok(heard)
    };
    let server = thread::spawn(move || talk(listener.accept().unwrap().0).unwrap_or_default());
    (port, server)
}

#[test]
fn a_next_hop_that_misbehaves_gets_no_message() {
    for (answer, refusal) in [
        // The end instead of an answer, and instead of a handshake.
        (&b""[..], "451 4.4.2 "),
        (b"220 cut\r\n", "451 4.7.5 "),
        // It offers what it refuses.
        (b"454 4.7.0 not now\r\n", "451 4.7.5 "),
        (b"500 5.5.1 what?\r\n", "451 4.7.5 "),
        // Replies in the clear that would be read as if they had come within TLS.
        (b"220 ready\r\n250-crooked.example\r\n250 AUTH PLAIN\r\n", "451 4."),
        // No TLS.
        (b"220 ready\r\n\x16\x03\x01garbage", "451 4."),
    ] {
        for demand in ["opportunistic", "required"] {
            let (port, crooked) = crooked(answer);
            let server = relay(port, demand, "");
            let talk = send(&server);
            talk.fails();
            talk.says(&format!("<~* {refusal}"));
            // The session of the client goes on.
            talk.says("221 2.0.0 ");
            drop(server);
            let heard = crooked.join().unwrap();
            let heard = String::from_utf8_lossy(&heard);
            assert!(!heard.contains("MAIL") && !heard.contains("EHLO"), "{heard}");
        }
    }
}
