//! GNU SASL's own client.

use crate::program::{Ended, run};
use crate::server::Server;

/// Logs in behind STARTTLS.
pub(crate) fn gsasl(server: &Server, mechanism: &str, password: &str) -> Ended {
    let connect = format!("--connect=127.0.0.1:{}", server.port("submission"));
    let (mechanism, password) = (format!("--mechanism={mechanism}"), format!("--password={password}"));
    // Without `--no-cb` it holds the data for channel binding and wants no mechanism that uses none.
    // An empty name of the file lets any certificate pass: it knows no other name than the address.
    let always = ["--smtp", "--no-cb", "--x509-ca-file=", "--authentication-id=postmaster", "--quiet"];
    run("gsasl", &[&always[..], &[&connect, &mechanism, &password]].concat(), b"")
}

#[test]
fn each_mechanism_is_spoken_to_the_end() {
    let server = Server::start("");
    for mechanism in ["PLAIN", "LOGIN", "SCRAM-SHA-256"] {
        let talk = gsasl(&server, mechanism, &server.password);
        talk.succeeds();
        talk.says("235 2.7.0 ");
        gsasl(&server, mechanism, "wrong").fails();
    }
}

#[test]
fn mechanisms_that_are_not_offered_are_not_used() {
    let server = Server::start("[auth]\nmechanisms = [\"SCRAM-SHA-256\"]\n");
    gsasl(&server, "SCRAM-SHA-256", &server.password).succeeds();
    let talk = gsasl(&server, "PLAIN", &server.password);
    assert!(!talk.printed.contains("235 "), "{}", talk.printed);
}
