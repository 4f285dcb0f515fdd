//! GNU SASL's own client.

use crate::mechanisms::{PASSWORD, patient};
use crate::program::{Ended, run};
use crate::server::Server;

/// Logs in behind STARTTLS.
pub(crate) fn gsasl(server: &Server, mechanism: &str, password: &str, more: &[&str]) -> Ended {
    let connect = format!("--connect=127.0.0.1:{}", server.port("submission"));
    let (mechanism, password) = (format!("--mechanism={mechanism}"), format!("--password={password}"));
    // An empty name of the file lets any certificate pass: it knows no other name than the address.
    let always = ["--smtp", "--x509-ca-file=", "--authentication-id=postmaster", "--quiet"];
    run("gsasl", &[&always[..], &[&connect, &mechanism, &password], more].concat(), b"")
}

#[test]
fn each_mechanism_is_spoken_to_the_end() {
    let server = patient();
    // With data for channel binding it wants no other SCRAM mechanism than -PLUS.
    let bound: &[(&str, &[&str])] = &[("SCRAM-SHA-1-PLUS", &[]), ("SCRAM-SHA-256-PLUS", &[])];
    let unbound = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"];
    let unbound = unbound.map(|mechanism| (mechanism, &["--no-cb"][..]));
    for (mechanism, more) in bound.iter().chain(&unbound) {
        let talk = gsasl(&server, mechanism, PASSWORD, more);
        talk.succeeds();
        talk.says("235 2.7.0 ");
        let talk = gsasl(&server, mechanism, "secrez", more);
        talk.fails();
        assert!(!talk.printed.contains("235 "), "{}", talk.printed);
    }
}

#[test]
fn mechanisms_that_are_not_offered_are_not_used() {
    let server = Server::start("[auth]\nmechanisms = [\"SCRAM-SHA-256\"]\n");
    gsasl(&server, "SCRAM-SHA-256", &server.password, &["--no-cb"]).succeeds();
    let talk = gsasl(&server, "PLAIN", &server.password, &[]);
    assert!(!talk.printed.contains("235 "), "{}", talk.printed);
}
