//! Mail for other domains goes to Postfix's `smtp-sink`, and only that of users.

use std::net::{TcpListener, TcpStream};

use crate::content::{as_stored, assert_same, content, split_trace};
use crate::server::Server;
use crate::sink::Sink;
use crate::swaks::{as_input, swaks};
use peers::Ended;

const LOCAL: &str = "postmaster@example.org";
const FOREIGN: &str = "user@example.net";

/// Sends the message as a user.
fn send(server: &Server, to: &str) -> Ended {
    let user = ["--auth-user", "postmaster", "--auth-password", &server.password, "--auth", "PLAIN"];
    let message = ["--tls", "--to", to, "--data", "-"];
    swaks(server.port("submission"), &[&message[..], &user].concat(), &as_input(&content()))
}

#[test]
fn the_next_hop_receives_what_the_user_sent() {
    for options in [&[][..], &["-p"]] {
        let sink = Sink::for_one_session(options);
        let server = Server::start(&sink.as_next_hop());
        let talk = send(&server, FOREIGN);
        talk.succeeds();
        let messages = sink.messages();
        assert_eq!(messages.len(), 1, "{options:?}");
        let message = &messages[0];
        assert_eq!(message.sender, "<sender@example.com>");
        assert_eq!(message.recipients, ["<user@example.net>"]);
        let (trace, rest) = split_trace(&message.content, &["Received"]);
        assert_same(rest, &as_stored(&content()));
        let start = "Received: from client.example ([127.0.0.1]) (authenticated as postmaster) \
                     by mail.example.org with ESMTPSA (version=TLSv1.3 ";
        assert!(trace[0].starts_with(start), "{}", trace[0]);
        assert!(trace[0].contains(" for <user@example.net>"), "{}", trace[0]);
    }
}

/// RFC 6152 section 3: what is not ASCII does not go where only ASCII does.
#[test]
fn a_next_hop_for_ascii_alone_is_spared_the_rest() {
    // Who knows HELO alone may have been mistaken about EHLO for once.
    for (option, answer) in [("-8", "554 5.6.3 "), ("-e", "451 4.6.3 ")] {
        let sink = Sink::start(&[option]);
        let server = Server::start(&sink.as_next_hop());
        let talk = send(&server, FOREIGN);
        talk.says(answer);
        assert!(sink.is_empty());
    }
}

#[test]
fn local_and_foreign_recipients_of_one_message_all_get_it() {
    let sink = Sink::for_one_session(&[]);
    let server = Server::start(&sink.as_next_hop());
    send(&server, &format!("{LOCAL},{FOREIGN},other@example.com")).succeeds();
    let local = server.octets("example.org/postmaster");
    assert_eq!(local.len(), 1);
    let (_, rest) = split_trace(&local[0], &["Return-Path", "Received"]);
    assert_same(rest, &as_stored(&content()));
    let messages = sink.messages();
    assert_eq!(messages[0].recipients, ["<user@example.net>", "<other@example.com>"]);
    let (trace, rest) = split_trace(&messages[0].content, &["Received"]);
    assert_same(rest, &as_stored(&content()));
    // Nobody learns who else got it.
    assert!(!trace[0].contains(" for "), "{}", trace[0]);
}

#[test]
fn strangers_reach_no_next_hop() {
    let sink = Sink::start(&[]);
    let server = Server::start(&sink.as_next_hop());
    for (listener, how, refusal) in [
        ("mx", "--no-tls", "550 5.7.1 "),
        ("mx", "--tls", "550 5.7.1 "),
        ("submission", "--tls", "530 5.7.0 "),
        ("submissions", "--tls-on-connect", "530 5.7.0 "),
    ] {
        let talk = swaks(server.port(listener), &[how, "--to", FOREIGN], b"");
        talk.fails();
        talk.says(refusal);
    }
}

#[test]
fn what_the_next_hop_says_is_what_the_client_hears() {
    let cases: [(&[&str], &str); 17] = [
        (&["-f", "MAIL"], "500 5.3.0 Error: command failed"),
        (&["-r", "MAIL"], "450 4.3.0 Error: command failed"),
        (&["-f", "RCPT"], "500 5.3.0 Error: command failed"),
        (&["-r", "RCPT"], "450 4.3.0 Error: command failed"),
        (&["-f", "DATA"], "500 5.3.0 Error: command failed"),
        (&["-r", "DATA"], "450 4.3.0 Error: command failed"),
        (&["-f", "."], "500 5.3.0 Error: command failed"),
        (&["-r", "."], "450 4.3.0 Error: command failed"),
        (&["-f", "RCPT", "-B", "553 5.1.8 not from there"], "553 5.1.8 not from there"),
        (&["-r", ".", "-b", "452 4.2.2 mailbox full"], "452 4.2.2 mailbox full"),
        // What ends its session does not end ours.
        (&["-Q", "MAIL"], "451 4.0.0 Server closing connection"),
        (&["-Q", "RCPT"], "451 4.0.0 Server closing connection"),
        (&["-Q", "."], "451 4.0.0 Server closing connection"),
        (&["-q", "RCPT"], "451 4.4.2 connection to the next hop broke"),
        (&["-q", "."], "451 4.4.2 connection to the next hop broke"),
        // Nor is it the message's fault.
        (&["-f", "CONNECT"], "451 4.3.0 next hop takes no messages now"),
        (&["-Q", "EHLO"], "451 4.3.0 next hop takes no messages now"),
    ];
    for (options, refusal) in cases {
        let sink = Sink::start(options);
        let server = Server::start(&sink.as_next_hop());
        let talk = send(&server, FOREIGN);
        talk.fails();
        talk.says(&format!("<~* {refusal}"));
        talk.says("221 2.0.0 bye");
    }
}

#[test]
fn a_next_hop_that_is_down_is_tried_again_later() {
    // Nobody listens on the port of a client, and as long as it is there nobody else can.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let port = client.local_addr().unwrap().port();
    let server = Server::start(&format!("[relay]\nnext_hop = \"127.0.0.1:{port}\"\n"));
    for to in [FOREIGN.to_owned(), format!("{LOCAL},{FOREIGN}")] {
        let talk = send(&server, &to);
        talk.fails();
        talk.says("451 4.4.1 next hop does not answer");
        assert!(!talk.printed.contains("250 2.0.0"), "{}", talk.printed);
    }
}

/// A next hop that takes mail of users alone, and what our configuration says of it.
fn login(next_hop: &Server, password: &str, more: &str) -> String {
    let file = next_hop.data().join(format!("password of a gateway: {password}"));
    std::fs::write(&file, format!("{password}\n")).unwrap();
    format!(
        "[relay]\nnext_hop = \"127.0.0.1:{}\"\nauth = {{ name = \"gateway\", password_file = {file:?} }}\n{more}",
        next_hop.port("submission")
    )
}

#[test]
fn a_next_hop_may_want_a_login_within_verified_tls() {
    let next_hop = Server::start_as("example.net", "");
    next_hop.add_user("gateway", "secret");
    next_hop.add_user("user", "another secret");
    let trusted = format!("[relay.tls]\nca = {:?}\n", next_hop.certificate());
    let server = Server::start(&login(&next_hop, "secret", &trusted));
    send(&server, FOREIGN).succeeds();
    let mails = next_hop.octets("example.net/user");
    let (trace, rest) = split_trace(&mails[0], &["Return-Path", "Received", "Received"]);
    assert_same(rest, &as_stored(&content()));
    let start = "Received: from mail.example.org ([127.0.0.1]) (authenticated as gateway) \
                 by mail.example.net with ESMTPSA (version=TLSv1.3 ";
    assert!(trace[1].starts_with(start), "{}", trace[1]);
    assert!(next_hop.logs("authenticated").contains("SCRAM-SHA-256-PLUS"), "{}", next_hop.log());

    for (config, refusal) in [
        (login(&next_hop, "wrong", &trusted), "451 4.7.8 cannot log in at the next hop"),
        // Nobody whom this system trusts has issued its certificate.
        (login(&next_hop, "secret", ""), "451 4.7.5 no secure connection to the next hop"),
    ] {
        let server = Server::start(&config);
        let talk = send(&server, FOREIGN);
        talk.fails();
        talk.says(refusal);
        assert!(!server.log().contains("secret"), "{}", server.log());
    }
    assert_eq!(next_hop.octets("example.net/user").len(), 1);
}

#[test]
fn tls_is_used_where_the_next_hop_has_it() {
    let next_hop = Server::start_as("example.net", "");
    next_hop.add_user("user", "secret");
    for (more, with) in [("", "ESMTPS (version=TLSv1.3 "), ("[relay.tls]\ndemand = \"never\"\n", "ESMTP id ")]
    {
        let port = next_hop.port("mx");
        let server = Server::start(&format!("[relay]\nnext_hop = \"127.0.0.1:{port}\"\n{more}"));
        send(&server, FOREIGN).succeeds();
        let start = format!("Received: from mail.example.org ([127.0.0.1]) by mail.example.net with {with}");
        let traces = next_hop.octets("example.net/user").into_iter().map(|mail| {
            let (trace, rest) = split_trace(&mail, &["Return-Path", "Received", "Received"]);
            assert_same(rest, &as_stored(&content()));
            trace[1].clone()
        });
        let traces: Vec<String> = traces.collect();
        assert!(traces.iter().any(|trace| trace.starts_with(&start)), "{traces:?}");
    }
}
