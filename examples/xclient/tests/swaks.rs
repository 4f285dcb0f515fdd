//! swaks as the proxy.

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

/// Starts the server; gives its address once it listens.
fn start() -> (Server, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_xclient"))
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .map(Server)
        .expect("the server starts");
    let mut line = String::new();
    let output = server.0.stdout.take().expect("its output is piped");
    BufReader::new(output).read_line(&mut line).expect("its first line");
    let address = line.trim().strip_prefix("listening on ").expect("its address");
    (server, address.to_owned())
}

fn swaks(address: &str, arguments: &[&str]) -> String {
    let output = Command::new("swaks")
        .args(["--server", address, "--from", "alice@example.org", "--helo", "proxy.example"])
        .args(arguments)
        .output()
        .expect("swaks is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn swaks_speaks_for_a_client() {
    let (_server, address) = start();
    let arguments = ["--to", "joe@example.net", "--xclient-addr", "198.51.100.7", "--xclient-login", "alice"];
    let session = swaks(&address, &arguments);
    assert!(session.contains(" -> XCLIENT ADDR=198.51.100.7 LOGIN=alice"), "{session}");
    assert!(session.contains("<-  221 "), "{session}");
    let session = swaks(&address, &["--to", "joe@example.net"]);
    assert!(session.contains("<** 550 5.7.1"), "{session}");
}
