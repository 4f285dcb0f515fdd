//! What signals end, and what they do not.

use crate::client::Client;
use crate::content::{assert_same, split_trace};
use crate::server::Server;

#[test]
fn a_message_in_the_middle_is_finished() {
    let mut server = Server::start("");
    let mut idle = Client::connect(server.port("mx")).unwrap();
    let mut client = Client::connect(server.port("mx")).unwrap();
    for (command, reply) in [
        ("EHLO client.example", "250-"),
        ("MAIL FROM:<sender@example.com>", "250 2.1.0 "),
        ("RCPT TO:<postmaster@example.org>", "250 2.1.5 "),
        ("DATA", "354 "),
    ] {
        assert!(client.command(command).unwrap().starts_with(reply), "{command}");
    }
    client.send(b"Subject: half\r\n").unwrap();
    server.terminate();
    // Who has begun nothing is told, and by that the test too.
    assert!(idle.reply().unwrap().starts_with("421 4.3.2 "));
    assert_eq!(idle.reply().unwrap(), "");

    client.send(b"\r\nand the other half\r\n.\r\n").unwrap();
    assert!(client.reply().unwrap().starts_with("250 2.0.0 "));
    assert!(client.reply().unwrap().starts_with("421 4.3.2 "));
    assert_eq!(client.reply().unwrap(), "");
    assert!(server.wait());

    let mail = server.octets("example.org/postmaster");
    assert_eq!(mail.len(), 1);
    let (_, rest) = split_trace(&mail[0], &["Return-Path", "Received"]);
    assert_same(rest, b"Subject: half\n\nand the other half\n");
}

#[test]
fn a_hangup_ends_nothing() {
    let mut server = Server::start("");
    let mut before = Client::connect(server.port("mx")).unwrap();
    for _ in 0..2 {
        server.signal("-HUP");
    }
    server.logs("certificates were read again");
    let mut after = Client::connect(server.port("mx")).unwrap();
    for client in [&mut before, &mut after] {
        assert!(client.command("EHLO client.example").unwrap().starts_with("250-"));
        assert!(client.command("QUIT").unwrap().starts_with("221 "));
    }
    assert!(server.stop());
}
