//! Messages by curl, which checks the certificate.

use std::fs;

use crate::content::{as_stored, assert_same, content, split_trace};
use crate::server::Server;
use peers::{Ended, run};

const LARGE: &str = "[limits]\nmessage_size = \"1 MiB\"\n[relay]\noutbound = \"off\"\n";

struct Curl<'a> {
    server: &'a Server,
    user: String,
}

impl Curl<'_> {
    fn send(&self, scheme: &str, options: &[&str]) -> Ended {
        self.send_to("mail.example.org", scheme, options)
    }

    /// Calls the server by this name, whatever it leads to.
    fn send_to(&self, host: &str, scheme: &str, options: &[&str]) -> Ended {
        let listener = if scheme == "smtps" { "submissions" } else { "submission" };
        let port = self.server.port(listener);
        let certificate = self.server.certificate();
        let certificate = certificate.to_str().expect("a path in UTF-8");
        let connect = format!("::127.0.0.1:{port}");
        let url = format!("{scheme}://{host}:{port}/client.example");
        let to = [
            "-sS",
            "-v",
            "--max-time",
            "30",
            "--ssl-reqd",
            "--cacert",
            certificate,
            "--connect-to",
            &connect,
        ];
        let mail = ["--mail-from", "sender@example.com", "--user", &self.user, &url];
        run("curl", &[&to[..], &mail, options].concat(), b"")
    }
}

#[test]
fn messages_arrive_over_both_ways_of_tls() {
    let server = Server::start(LARGE);
    let file = server.data().join("message");
    fs::write(&file, content()).unwrap();
    let curl = Curl { server: &server, user: format!("postmaster:{}", server.password) };
    let upload = ["--upload-file", file.to_str().unwrap(), "--mail-rcpt", "postmaster@example.org"];
    let mut sent = 0;
    for scheme in ["smtp", "smtps"] {
        for mechanism in ["PLAIN", "LOGIN"] {
            let option = format!("AUTH={mechanism}");
            let talk = curl.send(scheme, &[&upload[..], &["--login-options", &option]].concat());
            talk.succeeds();
            talk.says(&format!("> AUTH {mechanism}"));
            talk.says("< 250 2.0.0 delivered");
            sent += 1;
        }
    }
    let mail = server.octets("example.org/postmaster");
    assert_eq!(mail.len(), sent);
    for mail in mail {
        let (_, rest) = split_trace(&mail, &["Return-Path", "Received"]);
        assert_same(rest, &as_stored(&content()));
    }
}

#[test]
fn the_certificate_holds_for_the_names_of_this_computer() {
    let server = Server::start(LARGE);
    let file = server.data().join("message");
    fs::write(&file, content()).unwrap();
    let curl = Curl { server: &server, user: format!("postmaster:{}", server.password) };
    let upload = ["--upload-file", file.to_str().unwrap(), "--mail-rcpt", "postmaster@example.org"];
    for host in ["mail.example.org", "localhost", "127.0.0.1", "[::1]"] {
        curl.send_to(host, "smtps", &upload).succeeds();
    }
    curl.send_to("mail.example.net", "smtps", &upload).fails();
}

#[test]
fn refusals_reach_the_caller() {
    let server = Server::start(LARGE);
    let (small, large) = (server.data().join("small"), server.data().join("large"));
    fs::write(&small, content()).unwrap();
    fs::write(&large, "x\r\n".repeat(400_000)).unwrap();
    let (small, large) = (small.to_str().unwrap(), large.to_str().unwrap());
    let right = format!("postmaster:{}", server.password);
    for (user, file, to, refusal) in [
        (&*right, large, "postmaster@example.org", "< 552 5.3.4 "),
        (&right, small, "nobody@example.org", "< 550 5.1.1 "),
        (&right, small, "user@example.net", "< 550 5.4.4 "),
        ("postmaster:wrong", small, "postmaster@example.org", "< 535 5.7.8 "),
        ("nobody:wrong", small, "postmaster@example.org", "< 535 5.7.8 "),
    ] {
        let curl = Curl { server: &server, user: user.to_owned() };
        let talk = curl.send("smtps", &["--upload-file", file, "--mail-rcpt", to]);
        talk.fails();
        talk.says(refusal);
    }
    assert!(server.octets("example.org/postmaster").is_empty());
}
