//! Exim as the sending server, by SMTP and by LMTP.

use crate::content::{as_stored, assert_same, content, split_trace};
use crate::server::Server;
use peers::{Ended, run};

/// An Exim that sends all that it is given to one server at once, and says what came of it.
struct Exim(peers::Exim);

impl Exim {
    /// `transport` are options of its transport.
    fn new(port: u16, transport: &str) -> Self {
        Self(peers::Exim::new(&format!(
            "primary_hostname = client.example\n\
             acl_smtp_rcpt = accept\n\
             acl_smtp_data = accept\n\
             allow_utf8_domains = true\n\
             begin routers\n\
             next_hop:\n  driver = manualroute\n  route_data = 127.0.0.1\n  self = send\n  transport = next_hop\n\
             begin transports\n\
             next_hop:\n  driver = smtp\n  port = {port}\n  hosts_try_fastopen = :\n{transport}"
        )))
    }

    /// Hands a message over in a session, which is how it learns of SMTPUTF8.
    fn send_utf8(&self, content: &[u8], sender: &str, recipient: &str) -> Ended {
        let config = self.0.config();
        let envelope = format!(
            "EHLO localhost\r\nMAIL FROM:<{sender}> SMTPUTF8 BODY=8BITMIME\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
        );
        let stuffed = content.split_inclusive(|octet| *octet == b'\n').map(|line| match line {
            [b'.', ..] => [b".", line].concat(),
            line => line.to_vec(),
        });
        let stuffed: Vec<u8> = stuffed.flatten().collect();
        let session = [envelope.as_bytes(), &stuffed, b".\r\nQUIT\r\n"].concat();
        run("exim4", &["-C", config.to_str().unwrap(), "-v", "-odf", "-bs"], &session)
    }

    fn send(&self, content: &[u8], recipients: &[&str]) -> Ended {
        let config = self.0.config();
        let always = ["-C", config.to_str().unwrap(), "-v", "-odf", "-oi", "-f", "sender@example.com"];
        run("exim4", &[&always[..], recipients].concat(), &as_stored(content))
    }
}

const TO: [&str; 2] = ["postmaster@example.org", "alice@example.org"];

/// What arrived in both mailboxes, with the `Received` of our server.
fn arrived(server: &Server, expected: &[u8]) -> Vec<String> {
    let mails = ["example.org/postmaster", "example.org/alice"].map(|mailbox| server.octets(mailbox));
    mails
        .iter()
        .map(|mails| {
            assert_eq!(mails.len(), 1);
            let (fields, rest) = split_trace(&mails[0], &["Return-Path", "Received", "Received"]);
            assert_same(rest, &as_stored(expected));
            assert_eq!(fields[0], "Return-Path: <sender@example.com>");
            fields[1].clone()
        })
        .collect()
}

#[test]
fn messages_arrive_octet_by_octet() {
    let cases = [
        ("mx", "", "BDAT", "ESMTPS (version=TLSv1.3 "),
        ("mx", "  hosts_try_chunking = :\n", "DATA", "ESMTPS (version=TLSv1.3 "),
        ("mx", "  hosts_avoid_tls = *\n", "BDAT", "ESMTP "),
        ("mx", "  hosts_avoid_tls = *\n  hosts_avoid_pipelining = *\n", "BDAT", "ESMTP "),
        ("lmtp", "  protocol = lmtp\n", "BDAT", "LMTPS (version=TLSv1.3 "),
        ("lmtp", "  protocol = lmtp\n  hosts_avoid_tls = *\n  hosts_try_chunking = :\n", "DATA", "LMTP "),
    ];
    for (listener, transport, verb, with) in cases {
        let server = Server::start("");
        server.add_user("alice", "secret");
        let sent = Exim::new(server.port(listener), transport).send(&content(), &TO);
        sent.succeeds();
        sent.says(&format!("> {verb}"));
        sent.says("Completed");
        for trace in arrived(&server, &content()) {
            let start =
                format!("Received: from client.example ([127.0.0.1]) by mail.example.org with {with}");
            assert!(trace.starts_with(&start), "{trace}");
        }
    }
}

#[test]
fn large_messages_come_in_many_chunks() {
    let mut large = content();
    for number in 0..20_000 {
        large.extend(format!(".{number} with a dot at the start of each line, to and fro\r\n").bytes());
    }
    for transport in ["", "  hosts_try_chunking = :\n"] {
        let server = Server::start("");
        server.add_user("alice", "secret");
        Exim::new(server.port("mx"), transport).send(&large, &TO).says("Completed");
        arrived(&server, &large);
    }
}

#[test]
fn addresses_may_be_utf8() {
    let server = Server::start("");
    let exim = Exim::new(server.port("mx"), "");
    let sender = "j\u{f6}rg@b\u{fc}cher.example";
    let sent = exim.send_utf8(&content(), sender, "postmaster@example.org");
    sent.says("Completed");
    let mails = server.octets("example.org/postmaster");
    assert_eq!(mails.len(), 1, "{}", sent.printed);
    let (fields, rest) = split_trace(&mails[0], &["Return-Path", "Received", "Received"]);
    assert_same(rest, &as_stored(&content()));
    assert_eq!(fields[0], format!("Return-Path: <{sender}>"));
    assert!(fields[1].contains(" with UTF8SMTPS "), "{}", fields[1]);
}

#[test]
fn each_recipient_has_an_answer() {
    for (listener, protocol) in [("mx", "smtp"), ("lmtp", "lmtp")] {
        let server = Server::start("");
        let exim = Exim::new(server.port(listener), &format!("  protocol = {protocol}\n"));
        let sent =
            exim.send(&content(), &["postmaster@example.org", "nobody@example.org", "user@example.net"]);
        sent.says("=> postmaster@example.org R=next_hop ");
        sent.says("** nobody@example.org R=next_hop ");
        sent.says(": 550 5.1.1 no such user here");
        sent.says("** user@example.net R=next_hop ");
        sent.says(": 550 5.7.1 relaying denied");
        assert_eq!(server.octets("example.org/postmaster").len(), 1);
    }
}
