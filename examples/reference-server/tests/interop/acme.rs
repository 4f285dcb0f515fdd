//! A certificate from pebble, a CA for tests by those who run a real one.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::authority::{Authority, text};
use crate::program::{program, run};
use crate::server::Server;

const STARTED: Duration = Duration::from_secs(20);
const ISSUED: Duration = Duration::from_secs(60);

struct Pebble(Child);

impl Pebble {
    fn start(authority: &Authority, port: u16, challenges: u16) -> Self {
        let issued = authority.issue("localhost", "ecdsa", 30);
        let configuration = format!(
            "{{\"pebble\": {{\"listenAddress\": \"127.0.0.1:{port}\", \"managementListenAddress\": \
             \"127.0.0.1:{}\", \"certificate\": {:?}, \"privateKey\": {:?}, \"httpPort\": {challenges}, \
             \"tlsPort\": {}}}}}",
            free(),
            text(&issued.certificate),
            text(&issued.key),
            free()
        );
        let file = authority.path("pebble.json");
        fs::write(&file, configuration).unwrap();
        let child = program("pebble")
            .args(["-config", text(&file)])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("pebble is missing ({error}); ci/test.sh installs it"));
        let pebble = Self(child);
        let deadline = Instant::now() + STARTED;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "pebble does not start");
            thread::sleep(Duration::from_millis(10));
        }
        pebble
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_certificate_is_issued_while_the_server_runs_already() {
    let authority = Authority::new();
    let (port, challenges) = (free(), free());
    let _pebble = Pebble::start(&authority, port, challenges);
    let server = Server::start(&format!(
        "[tls.acme]\ndirectory = \"https://localhost:{port}/dir\"\nnames = [\"localhost\"]\n\
         listen = \"127.0.0.1:{challenges}\"\nca = {:?}\n",
        text(&authority.certificate())
    ));
    server.logs_within("a certificate was issued", ISSUED);
    let address = format!("127.0.0.1:{}", server.port("submissions"));
    // The new one is served as soon as it is read.
    let deadline = Instant::now() + STARTED;
    loop {
        let arguments = ["s_client", "-connect", &address, "-servername", "localhost", "-ign_eof"];
        let talk = run("openssl", &arguments, b"QUIT\r\n");
        if talk.printed.contains("CN = Pebble Intermediate CA") {
            break;
        }
        assert!(Instant::now() < deadline, "{}", talk.printed);
    }
}
