//! Postfix as the sending server: its smtp(8) and its lmtp(8).

use peers::Postfix;

use crate::content::{as_stored, assert_same, content, split_trace};
use crate::server::Server;

const TO: [&str; 2] = ["postmaster@example.org", "alice@example.org"];

#[test]
fn messages_arrive_octet_by_octet() {
    let cases = [
        ("smtp", "mx", "smtp_tls_security_level = encrypt\n", "ESMTPS (version=TLSv1.3 "),
        ("smtp", "mx", "smtp_discard_ehlo_keywords = pipelining\n", "ESMTP "),
        ("lmtp", "lmtp", "lmtp_tls_security_level = encrypt\n", "LMTPS (version=TLSv1.3 "),
        ("lmtp", "lmtp", "", "LMTP "),
    ];
    for (transport, listener, more, with) in cases {
        let server = Server::start("");
        server.add_user("alice", "secret");
        let postfix = Postfix::sending(transport, server.port(listener), more);
        postfix.send(&as_stored(&content()), &[], &TO);
        for _ in TO {
            let line = postfix.logs("status=");
            assert!(line.contains(", dsn=2.0.0, status=sent (250 2.0.0 delivered, id "), "{line}");
        }
        for mailbox in ["example.org/postmaster", "example.org/alice"] {
            let mails = server.octets(mailbox);
            assert_eq!(mails.len(), 1);
            let (fields, rest) = split_trace(&mails[0], &["Return-Path", "Received", "Received"]);
            assert_same(rest, &as_stored(&content()));
            assert_eq!(fields[0], "Return-Path: <sender@example.com>");
            let start =
                format!("Received: from client.example ([127.0.0.1]) by mail.example.org with {with}");
            assert!(fields[1].starts_with(&start), "{}", fields[1]);
        }
    }
}

#[test]
fn addresses_may_be_utf8() {
    for (transport, listener, with) in [("smtp", "mx", "UTF8SMTP"), ("lmtp", "lmtp", "UTF8LMTP")] {
        let server = Server::start("");
        let postfix = Postfix::sending(transport, server.port(listener), "");
        let sender = "j\u{f6}rg@b\u{fc}cher.example";
        postfix.send(&as_stored(&content()), &["-f", sender], &["postmaster@example.org"]);
        let line = postfix.logs("status=");
        assert!(line.contains("status=sent"), "{line}");
        let mails = server.octets("example.org/postmaster");
        let (fields, rest) = split_trace(&mails[0], &["Return-Path", "Received", "Received"]);
        assert_same(rest, &as_stored(&content()));
        assert_eq!(fields[0], format!("Return-Path: <{sender}>"));
        assert!(fields[1].contains(&format!(" with {with} id ")), "{}", fields[1]);
    }
}

#[test]
fn each_recipient_has_an_answer() {
    for (transport, listener) in [("smtp", "mx"), ("lmtp", "lmtp")] {
        let server = Server::start("");
        let postfix = Postfix::sending(transport, server.port(listener), "");
        postfix.send(
            &as_stored(&content()),
            &[],
            &["postmaster@example.org", "nobody@example.org", "user@example.net"],
        );
        let mut outcomes: Vec<String> = (0..3).map(|_| postfix.logs("status=")).collect();
        outcomes.sort_by_key(|line| line.find("to=<").map(|at| line[at..].to_owned()));
        for (outcome, expected) in outcomes.iter().zip([
            ["to=<nobody@example.org>", "dsn=5.1.1, status=bounced", "550 5.1.1 no such user here"],
            ["to=<postmaster@example.org>", "dsn=2.0.0, status=sent", "250 2.0.0 delivered"],
            ["to=<user@example.net>", "dsn=5.7.1, status=bounced", "550 5.7.1 relaying denied"],
        ]) {
            for expected in expected {
                assert!(outcome.contains(expected), "{expected}: {outcome}");
            }
        }
        assert_eq!(server.octets("example.org/postmaster").len(), 1);
    }
}

#[test]
fn many_messages_go_over_one_connection() {
    let server = Server::start("");
    let more = "smtp_connection_cache_on_demand = yes\nsmtp_connection_cache_destinations = static:all\n\
                default_destination_concurrency_limit = 2\n";
    let postfix = Postfix::sending("smtp", server.port("mx"), more);
    for _ in 0..20 {
        postfix.send(&as_stored(&content()), &[], &["postmaster@example.org"]);
    }
    let outcomes: Vec<String> = (0..20).map(|_| postfix.logs("status=")).collect();
    for line in &outcomes {
        assert!(line.contains("status=sent"), "{line}");
    }
    assert!(outcomes.iter().any(|line| line.contains(" conn_use=")), "{outcomes:#?}");
    let mails = server.octets("example.org/postmaster");
    assert_eq!(mails.len(), 20);
    for mail in mails {
        let (_, rest) = split_trace(&mail, &["Return-Path", "Received", "Received"]);
        assert_same(rest, &as_stored(&content()));
    }
}
