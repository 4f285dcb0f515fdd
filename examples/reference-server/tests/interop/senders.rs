//! Swaks as whom it should not: users have the addresses that are theirs, in MAIL and in the header.

use crate::server::Server;
use crate::swaks::swaks;
use peers::Ended;

const OWN: &str = "[auth]\nsenders = \"own\"\n";

fn send(server: &Server, (listener, tls): (&str, &str), from: &str, header: &str) -> Ended {
    let user = ["--auth", "PLAIN", "--auth-user", "alice", "--auth-password", "secret"];
    let message = [tls, "--from", from, "--to", "postmaster@example.org", "--header", header];
    swaks(server.port(listener), &[&message[..], &user].concat(), b"")
}

#[test]
fn users_send_with_addresses_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let aliases = folder.path().join("aliases");
    std::fs::write(&aliases, "sales: alice, postmaster\nroot: postmaster\n").unwrap();
    let mut server = Server::start(&format!("aliases = {aliases:?}\n{OWN}"));
    server.add_user("alice", "secret");
    // It knows the new user from its start.
    assert!(server.stop());
    server.start_again();
    let ports = [("submission", "--tls"), ("submissions", "--tls-on-connect"), ("mx", "--tls")];
    for port in ports {
        for own in ["alice@example.org", "Alice+lists@example.org", "sales@example.org"] {
            send(&server, port, own, &format!("From: Alice <{own}>")).succeeds();
        }
        for other in ["postmaster@example.org", "root@example.org", "alice@example.com"] {
            let talk = send(&server, port, other, "From: <alice@example.org>");
            talk.says(&format!("553 5.7.1 <{other}> is not an address of yours"));
            let talk = send(&server, port, "alice@example.org", &format!("From: <{other}>"));
            talk.fails();
            talk.says("<~* 550 5.7.1 ");
        }
    }
    assert_eq!(server.octets("example.org/postmaster").len(), 9);
    let line = server.logs("policy=\"sender-rules\"");
    assert!(line.contains("identity=\"alice\""), "{line}");
}

#[test]
fn a_site_may_leave_that_to_its_users() {
    let server = Server::start("[auth]\nsenders = \"any\"\n");
    let user = ["--auth", "PLAIN", "--auth-user", "postmaster", "--auth-password", &server.password];
    let message = ["--tls", "--to", "postmaster@example.org", "--header", "From: <b@example.com>"];
    swaks(server.port("submission"), &[&message[..], &user].concat(), b"").succeeds();
    assert_eq!(server.octets("example.org/postmaster").len(), 1);
}
