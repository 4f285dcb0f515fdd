//! swaks as a stranger, who comes again after the server was killed.

use std::path::Path;
use std::process::Command;

use peers::{Daemon, Ended, listening};

/// Starts the server, with no delay: who comes twice has waited.
fn start(file: &Path) -> (Daemon, String) {
    listening(Command::new(env!("CARGO_BIN_EXE_greylist")).arg("127.0.0.1:0").arg(file).arg("0"))
}

fn swaks(address: &str, from: &str) -> Ended {
    let envelope = ["--from", from, "--to", "joe@example.org", "--helo", "mx.example.net"];
    peers::swaks(address, &envelope, b"")
}

#[test]
fn who_came_before_the_server_was_killed_is_known_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("greylist.sqlite");
    let refused = "<** 451 4.7.1 greylisted, try again in 1 minute";
    let (server, address) = start(&file);
    swaks(&address, "ann@example.net").says(refused);
    server.kill();
    let (server, address) = start(&file);
    swaks(&address, "ann@example.net").says("<-  250 2.0.0");
    swaks(&address, "bob@example.net").says(refused);
    server.kill();
    let (_server, address) = start(&file);
    for from in ["ann@example.net", "bob@example.net"] {
        swaks(&address, from).says("<-  250 2.0.0");
    }
}
