//! Python's smtplib and swaks as the programs of users.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The server as a process, ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the server; gives its port once it listens.
fn start() -> (Server, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_sender-rules"))
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .map(Server)
        .expect("the server starts");
    let mut line = String::new();
    let output = server.0.stdout.take().expect("its output is piped");
    BufReader::new(output).read_line(&mut line).expect("its first line");
    let (_, port) = line.trim().rsplit_once(':').expect("its address");
    (server, port.to_owned())
}

#[test]
fn users_send_as_themselves_by_smtplib() {
    let (_server, port) = start();
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
        let output = Command::new("python3")
            .args([client, &port])
            .args(user)
            .args([sender, header])
            .output()
            .expect("python3 is installed");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said.trim(), expected, "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn users_send_as_themselves_by_swaks() {
    let (_server, port) = start();
    let address = format!("127.0.0.1:{port}");
    for (from, header, expected) in [
        ("bob@example.org", "bob@example.org", "<~  250 2."),
        ("bob@example.org", "alice@example.org", "<~* 550 5.7.1 From: <alice@example.org>"),
        ("alice@example.org", "bob@example.org", "<~* 553 5.7.1 <alice@example.org>"),
    ] {
        let output = Command::new("swaks")
            .args(["--server", &address, "--helo", "client.example", "--tls", "--to", "joe@example.net"])
            .args(["--auth", "PLAIN", "--auth-user", "bob", "--auth-password", "dry martini"])
            .args(["--from", from, "--h-From", header])
            .output()
            .expect("swaks is installed");
        let session = String::from_utf8_lossy(&output.stdout);
        assert!(session.contains(expected), "{expected} in {session}");
    }
}
