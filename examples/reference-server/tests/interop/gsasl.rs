//! GNU SASL's own client.

use crate::authority::{Authority, Issued, text};
use crate::mechanisms::{PASSWORD, patient};
use crate::server::Server;
use peers::{Ended, run};

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
fn a_certificate_is_that_of_the_user_whom_it_names() {
    let authority = Authority::new();
    let [own, other] = ["postmaster", "nobody"].map(|name| authority.issue(name, "rsa", 30));
    let server = Server::start(&format!(
        "[tls]\nclient_certificates = \"request\"\nclient_ca = {:?}\n[auth]\ncertificates = true\n",
        text(&authority.certificate())
    ));
    let log_in = |issued: &Issued, acts_for: &str| {
        let certificate = format!("--x509-cert-file={}", text(&issued.certificate));
        let (key, acts_for) =
            (format!("--x509-key-file={}", text(&issued.key)), format!("--authorization-id={acts_for}"));
        gsasl(&server, "EXTERNAL", "", &[&certificate, &key, &acts_for])
    };
    for acts_for in ["postmaster", ""] {
        let talk = log_in(&own, acts_for);
        talk.succeeds();
        talk.says("235 2.7.0 ");
        server.logs("mechanism=EXTERNAL name=\"postmaster\"");
    }
    log_in(&own, "nobody").fails();
    log_in(&other, "postmaster").fails();
    let talk = gsasl(&server, "EXTERNAL", "", &["--authorization-id=postmaster"]);
    assert!(!talk.printed.contains("235 "), "{}", talk.printed);
}

#[test]
fn mechanisms_that_are_not_offered_are_not_used() {
    let server = Server::start("[auth]\nmechanisms = [\"SCRAM-SHA-256\"]\n");
    gsasl(&server, "SCRAM-SHA-256", &server.password, &["--no-cb"]).succeeds();
    let talk = gsasl(&server, "PLAIN", &server.password, &[]);
    assert!(!talk.printed.contains("235 "), "{}", talk.printed);
}
