//! A certificate from pebble, a CA for tests by those who run a real one.

use std::fs;
use std::time::{Duration, Instant};

use crate::authority::{Authority, text};
use crate::server::Server;
use peers::{Pebble, run};

const ISSUED: Duration = Duration::from_secs(60);

#[test]
fn a_certificate_is_issued_while_the_server_runs_already() {
    let authority = Authority::new();
    let issued = authority.issue("localhost", "ecdsa", 30);
    let [certificate, key] = [issued.certificate, issued.key].map(|file| fs::read_to_string(file).unwrap());
    let pebble = Pebble::start(&certificate, &key, None);
    let server = Server::start(&format!(
        "[tls.acme]\ndirectory = {:?}\nnames = [\"localhost\"]\n\
         listen = \"{}\"\nca = {:?}\n",
        pebble.directory(),
        pebble.challenges(),
        text(&authority.certificate())
    ));
    server.logs_within("a certificate was issued", ISSUED);
    let address = format!("127.0.0.1:{}", server.port("submissions"));
    // The new one is served as soon as it is read.
    let deadline = Instant::now() + ISSUED;
    loop {
        let arguments = ["s_client", "-connect", &address, "-servername", "localhost", "-ign_eof"];
        let talk = run("openssl", &arguments, b"QUIT\r\n");
        if talk.printed.contains("CN = Pebble Intermediate CA") {
            break;
        }
        assert!(Instant::now() < deadline, "{}", talk.printed);
    }
}
