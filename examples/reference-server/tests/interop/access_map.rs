//! What Sendmail's access map says of next hops and of the greeting.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use crate::authority::{Authority, text};
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

/// A server with this access map, and more lines for its configuration.
fn server(map: &str, more: &str) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access");
    std::fs::write(&path, map).unwrap();
    let server = Server::start(&format!("[access]\nmap = {:?}\n{more}", text(&path)));
    (folder, server)
}

#[test]
fn the_access_map_decides_on_tls_with_the_next_hop() {
    let (authority, stranger) = (Authority::new(), Authority::called("stranger"));
    let ca = format!("[relay.tls]\nca = {:?}\n", text(&authority.certificate()));
    let (good, unknown) = (authority.issue("localhost", "ecdsa", 30), stranger.issue("localhost", "rsa", 30));
    for (map, issued, refused) in [
        ("TLS_Srv:localhost VERIFY\n", &good, None),
        ("TLS_Srv:localhost VERIFY:128+CN\n", &good, None),
        (
            "TLS_Srv:localhost VERIFY\n",
            &unknown,
            Some(("454 4.7.0 ", "VERIFY is not met: authentication failed")),
        ),
        ("TLS_Srv:localhost ENCR:512\n", &good, Some(("454 4.7.0 ", "ENCR:512 is not met"))),
        ("TLS_Srv:localhost PERM+ENCR:512\n", &good, Some(("503 5.7.0 ", "PERM+ENCR:512 is not met"))),
        ("TLS_Srv:example.net VERIFY\n", &unknown, None),
    ] {
        let sink = Sink::start(&[]);
        let stunnel = Stunnel::start(issued, "smtp", sink.port());
        let next_hop = format!("[relay]\nnext_hop = \"localhost:{}\"\n{ca}", stunnel.port());
        let (_folder, server) = server(map, &next_hop);
        let talk = send(&server);
        match refused {
            None => talk.succeeds(),
            Some((code, why)) => {
                talk.fails();
                talk.says(code);
                server.logs(why);
                assert!(sink.is_empty());
            }
        }
    }
}

#[test]
fn the_access_map_keeps_tls_from_being_tried() {
    let next_hop = Server::start_as("example.net", "");
    next_hop.add_user("user", "secret");
    for (map, with) in
        [("Try_TLS:localhost NO\n", "with ESMTP id "), ("Try_TLS:example.net NO\n", "with ESMTPS (version=")]
    {
        let relay = format!("[relay]\nnext_hop = \"localhost:{}\"\n", next_hop.port("mx"));
        let (_folder, server) = server(map, &relay);
        send(&server).succeeds();
        let mails = next_hop.mail("example.net/user");
        let start = format!("by mail.example.net {with}");
        assert!(mails.iter().any(|mail| mail.contains(&start)), "{mails:?}");
    }
}

#[test]
fn the_access_map_demands_tls_for_recipients() {
    let next_hop = Server::start_as("example.net", "");
    next_hop.add_user("user", "secret");
    for (map, refused) in [
        ("TLS_Rcpt:user@example.net ENCR:112\n", None),
        ("TLS_Rcpt:example.net ENCR:1000\n", Some("encryption too weak")),
        ("Try_TLS:localhost NO\nTLS_Rcpt:user@ ENCR:1\n", Some("454 4.7.0 encryption too weak, 0 bits")),
    ] {
        let relay = format!("[relay]\nnext_hop = \"localhost:{}\"\n", next_hop.port("mx"));
        let (_folder, server) = server(map, &relay);
        let talk = send(&server);
        match refused {
            None => talk.succeeds(),
            Some(refused) => talk.says(refused),
        }
    }
    assert_eq!(next_hop.mail("example.net/user").len(), 1);
}

#[test]
fn the_access_map_has_the_password_for_the_next_hop() {
    let next_hop = Server::start_as("example.net", "");
    next_hop.add_user("gateway", "secret");
    next_hop.add_user("user", "another");
    for (password, taken) in [("secret", true), ("wrong", false)] {
        let map = format!("AuthInfo:127.0.0.1 \"U:gateway\" \"P:{password}\" \"M:PLAIN\"\n");
        let relay = format!(
            "[relay]\nnext_hop = \"127.0.0.1:{}\"\n[relay.tls]\nca = {:?}\n",
            next_hop.port("submission"),
            next_hop.certificate()
        );
        let (_folder, server) = server(&map, &relay);
        let talk = send(&server);
        if taken {
            talk.succeeds();
            let mail = next_hop.mail("example.net/user");
            assert!(mail[0].contains("(authenticated as gateway)"), "{}", mail[0]);
        } else {
            talk.fails();
            assert!(!server.log().contains("wrong"), "{}", server.log());
        }
    }
}

#[test]
fn who_talks_within_the_pause_of_the_access_map_is_turned_away() {
    for (map, answer) in [("GreetPause:127 60000\n", "554 "), ("GreetPause:192 60000\n", "220 ")] {
        let (_folder, server) = server(map, "");
        let stream = TcpStream::connect(("127.0.0.1", server.port("mx"))).unwrap();
        (&stream).write_all(b"EHLO client.example\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        assert!(line.starts_with(answer), "{line}");
    }
}
