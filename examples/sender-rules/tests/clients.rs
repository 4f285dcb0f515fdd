//! Python's smtplib and swaks as the programs of users.

use std::process::Command;

use peers::{Daemon, listening, run, swaks};

fn start() -> (Daemon, String) {
    listening(Command::new(env!("CARGO_BIN_EXE_sender-rules")).arg("127.0.0.1:0"))
}

#[test]
fn users_send_as_themselves_by_smtplib() {
    let (_server, address) = start();
    let (_, port) = address.rsplit_once(':').expect("a port");
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtplib_client.py");
    let alice = ["alice", "white rabbit"];
    let bob = ["bob", "dry martini"];
    for (user, sender, header, expected) in [
        (alice, "alice@example.org", "From: Alice <alice@example.org>", "sent"),
        (alice, "alice+news@example.org", "From: sales@example.org", "sent"),
        (alice, "", "From: alice@example.org|Subject: Read: hello", "sent"),
        (bob, "orders@shop.example", "From: \"The shop\" <info@shop.example>", "sent"),
        (
            alice,
            "bob@example.org",
            "From: alice@example.org",
            "MAIL 553 5.7.1 <bob@example.org> is not an address of yours",
        ),
        (
            alice,
            "orders@shop.example",
            "From: alice@example.org",
            "MAIL 553 5.7.1 <orders@shop.example> is not an address of yours",
        ),
        (
            alice,
            "alice@example.org",
            "Subject: x|From: Bob (alice@example.org)| <bob@example.org>",
            "DATA 550 5.7.1 From: <bob@example.org> is not an address of yours",
        ),
        (
            alice,
            "alice@example.org",
            "From: alice@example.org|Sender: staff@example.org",
            "DATA 550 5.7.1 Sender: <staff@example.org> is not an address of yours",
        ),
        (
            alice,
            "alice@example.org",
            "From: alice@example.org|From: bob@example.org",
            "DATA 550 5.6.0 the message has more than one From: field",
        ),
        (alice, "alice@example.org", "Subject: x", "DATA 550 5.6.0 the message has no From: field"),
    ] {
        let said = run("python3", &[client, port, user[0], user[1], sender, header], b"").printed;
        assert_eq!(said.trim(), expected);
    }
}

#[test]
fn users_send_as_themselves_by_swaks() {
    let (_server, address) = start();
    for (from, header, expected) in [
        ("bob@example.org", "bob@example.org", "<~  250 2."),
        ("bob@example.org", "alice@example.org", "<~* 550 5.7.1 From: <alice@example.org>"),
        ("alice@example.org", "bob@example.org", "<~* 553 5.7.1 <alice@example.org>"),
    ] {
        let bob = ["--auth", "PLAIN", "--auth-user", "bob", "--auth-password", "dry martini"];
        let mail = ["--tls", "--to", "joe@example.net", "--from", from, "--h-From", header];
        swaks(&address, &[&bob[..], &mail].concat(), b"").says(expected);
    }
}
