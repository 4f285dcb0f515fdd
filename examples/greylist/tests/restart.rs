//! swaks as a stranger, who comes again after the server was killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The server as a process, killed with the test.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the server, with no delay: who comes twice has waited.
fn start(file: &Path) -> Server {
    let mut child = Command::new(env!("CARGO_BIN_EXE_greylist"))
        .arg("127.0.0.1:0")
        .arg(file)
        .arg("0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    let output = child.stdout.take().expect("its output is piped");
    BufReader::new(output).read_line(&mut line).expect("its first line");
    let address = line.trim().strip_prefix("listening on ").expect("its address").to_owned();
    Server { child, address }
}

fn swaks(server: &Server, from: &str) -> String {
    let output = Command::new("swaks")
        .args([
            "--server",
            &server.address,
            "--from",
            from,
            "--to",
            "joe@example.org",
            "--helo",
            "mx.example.net",
        ])
        .output()
        .expect("swaks is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn who_came_before_the_server_was_killed_is_known_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("greylist.sqlite");
    let refused = "<** 451 4.7.1 greylisted, try again in 1 minute";
    let server = start(&file);
    let session = swaks(&server, "ann@example.net");
    assert!(session.contains(refused), "{session}");
    drop(server);
    let server = start(&file);
    let session = swaks(&server, "ann@example.net");
    assert!(session.contains("<-  250 2.0.0"), "{session}");
    let session = swaks(&server, "bob@example.net");
    assert!(session.contains(refused), "{session}");
    drop(server);
    let server = start(&file);
    for from in ["ann@example.net", "bob@example.net"] {
        let session = swaks(&server, from);
        assert!(session.contains("<-  250 2.0.0"), "{session}");
    }
}
