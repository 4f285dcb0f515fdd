//! Python's smtplib, which also reads the mailbox by its own means.

use crate::server::Server;
use peers::run;

#[test]
fn a_script_sends_and_finds_what_it_sent() {
    let server = Server::start("");
    for name in ["alice", "bob"] {
        server.add_user(name, "secret");
    }
    let ports = ["mx", "submission", "submissions"].map(|listener| server.port(listener).to_string());
    let certificate = server.certificate();
    let mail = server.data().join("mail/example.org");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/smtplib_client.py");
    let [mx, submission, submissions] = &ports;
    let paths = [certificate.to_str().unwrap(), mail.to_str().unwrap()];
    let talk = run("python3", &[&[script, mx, submission, submissions][..], &paths].concat(), b"");
    talk.succeeds();
    talk.says("all as it should be");
}
