//! The client of Cyrus SASL, through Postfix as the sending server.

use std::fs;

use crate::content::{as_stored, content};
use crate::mechanisms::{PASSWORD, patient};
use crate::server::Server;
use peers::Postfix;

const TO: &str = "postmaster@example.org";

/// Sends a message by this mechanism alone, and gives the line with the outcome.
fn send(server: &Server, mechanism: &str, password: &str) -> String {
    let port = server.port("submission");
    let passwords = server.data().join(format!("passwords-{mechanism}-{password}"));
    fs::write(&passwords, format!("[127.0.0.1]:{port} postmaster:{password}\n")).unwrap();
    let more = format!(
        "smtp_tls_security_level = encrypt\n\
         smtp_sasl_auth_enable = yes\n\
         smtp_sasl_password_maps = texthash:{}\n\
         smtp_sasl_security_options =\n\
         smtp_sasl_tls_security_options =\n\
         smtp_sasl_mechanism_filter = {}\n\
         smtp_sasl_auth_soft_bounce = no\n",
        passwords.display(),
        mechanism.to_lowercase(),
    );
    let postfix = Postfix::sending("smtp", port, &more);
    postfix.send(&as_stored(&content()), &[], &[TO]);
    postfix.logs("status=")
}

#[test]
fn each_mechanism_is_spoken_to_the_end() {
    let server = patient();
    for mechanism in
        ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN"]
    {
        let line = send(&server, mechanism, PASSWORD);
        assert!(line.contains("status=sent (250 2.0.0 delivered"), "{mechanism}: {line}");
        server.logs(&format!("mechanism={mechanism} name=\"postmaster\" acts_for"));
    }
    for mechanism in ["SCRAM-SHA-256", "DIGEST-MD5"] {
        let line = send(&server, mechanism, "secrez");
        assert!(line.contains("SASL authentication failed"), "{mechanism}: {line}");
    }
    assert_eq!(server.octets("example.org/postmaster").len(), 7);
}
