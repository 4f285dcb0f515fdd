//! Users come and go by another process, and the server notices.

use std::time::{Duration, Instant};

use crate::server::{Server, smtpd};
use crate::swaks::swaks;

/// The server looks at its file again now and then.
pub(crate) const NOTICED: Duration = Duration::from_secs(30);

/// Logs in, which is all.
fn log_in(server: &Server, name: &str, password: &str) -> String {
    let user = ["--auth", "PLAIN", "--auth-user", name, "--auth-password", password];
    swaks(server.port("submission"), &[&["--tls", "--quit-after", "AUTH"], &user[..]].concat(), b"").printed
}

/// Logs in until the answer is this one.
fn in_the_end(server: &Server, password: &str, expected: &str) {
    let deadline = Instant::now() + NOTICED;
    loop {
        let talk = log_in(server, "alice", password);
        if talk.contains(expected) {
            return;
        }
        assert!(Instant::now() < deadline, "{expected:?} is missing in:\n{talk}");
    }
}

#[test]
fn what_changes_holds_without_a_restart() {
    let server = Server::start("");
    // The server has read its file by now.
    assert!(log_in(&server, "alice", "first").contains("535 5.7.8 "));
    server.add_user("alice", "first\n");
    in_the_end(&server, "first", "235 2.7.0 ");

    assert!(smtpd(&["--config", server.config(), "user", "passwd", "alice"], "second\n").0);
    in_the_end(&server, "second", "235 2.7.0 ");
    assert!(log_in(&server, "alice", "first").contains("535 5.7.8 "));

    let to = ["--to", "alice@example.org"];
    assert!(swaks(server.port("mx"), &to, b"").printed.contains("250 2.0.0 delivered"));
    assert!(smtpd(&["--config", server.config(), "user", "remove", "alice"], "").0);
    in_the_end(&server, "second", "535 5.7.8 ");
    // The mail stays.
    assert_eq!(server.octets("example.org/alice").len(), 1);
}
