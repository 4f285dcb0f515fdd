//! Swaks fills a mailbox.

use crate::server::Server;
use crate::swaks::swaks;

#[test]
fn a_full_mailbox_takes_nothing_and_others_do() {
    let mut server = Server::start("quota = \"8 KiB\"\n");
    server.add_user("alice", "secret");
    assert!(server.stop());
    server.start_again();
    let body = format!("{}\n", "x".repeat(70)).repeat(70);
    let send = |to: &str| swaks(server.port("mx"), &["--to", to, "--body", &body], b"");
    send("alice@example.org").succeeds();
    let full = send("alice@example.org");
    full.fails();
    full.says("552 5.2.2 ");
    assert_eq!(server.octets("example.org/alice").len(), 1);
    send("postmaster@example.org").succeeds();
    // As programs that read the mailbox know it.
    let usage = std::fs::read_to_string(server.mailbox("example.org/alice").join("maildirsize")).unwrap();
    assert!(usage.starts_with("8192S\n"), "{usage}");
}
