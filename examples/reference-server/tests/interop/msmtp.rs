//! msmtp as a user configures it: three mechanisms over TLS that begins sooner or later, or never.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::content::{as_stored, assert_same, content, split_trace};
use crate::server::Server;
use peers::{Ended, run};

pub(crate) struct Account<'a> {
    pub(crate) listener: &'a str,
    pub(crate) auth: &'a str,
    /// `tls_starttls`; none for no TLS at all.
    pub(crate) starttls: Option<&'a str>,
    pub(crate) password: &'a str,
}

/// Sends the message as its account says.
pub(crate) fn msmtp(server: &Server, account: &Account<'_>) -> Ended {
    let Account { listener, auth, starttls, password } = account;
    let tls = match starttls {
        Some(starttls) => format!(
            "tls on\ntls_starttls {starttls}\ntls_trust_file {}\ntls_host_override mail.example.org\n",
            server.certificate().display()
        ),
        None => "tls off\n".to_owned(),
    };
    let text = format!(
        "account default\nhost 127.0.0.1\nport {}\ntimeout 30\nfrom postmaster@example.org\n\
         auth {auth}\nuser postmaster\npassword {password}\nset_date_header off\nset_msgid_header off\n{tls}",
        server.port(listener)
    );
    let config = server.data().join("msmtprc");
    fs::write(&config, text).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let arguments = ["-C", config.to_str().unwrap(), "--debug", "postmaster@example.org"];
    run("msmtp", &arguments, &as_stored(&content()))
}

#[test]
fn messages_arrive_by_every_mechanism_and_way_of_tls() {
    let server = Server::start("");
    let mut sent = 0;
    for (listener, starttls) in [("submission", Some("on")), ("submissions", Some("off")), ("mx", None)] {
        for (auth, shown) in
            [("plain", "AUTH PLAIN"), ("login", "AUTH LOGIN"), ("scram-sha-256", "AUTH SCRAM-SHA-256")]
        {
            let talk = msmtp(&server, &Account { listener, auth, starttls, password: &server.password });
            if starttls.is_none() && auth != "scram-sha-256" {
                // Passwords are not asked for in the clear.
                talk.fails();
                assert!(!talk.printed.contains("MAIL FROM"), "{}", talk.printed);
                continue;
            }
            talk.succeeds();
            talk.says(shown);
            talk.says("<-- 250 2.0.0 delivered");
            sent += 1;
        }
    }
    let mail = server.octets("example.org/postmaster");
    assert_eq!(mail.len(), sent);
    for mail in mail {
        let (fields, rest) = split_trace(&mail, &["Return-Path", "Received"]);
        assert!(fields[1].contains("(authenticated as postmaster)"), "{}", fields[1]);
        assert_same(rest, &as_stored(&content()));
    }
}

#[test]
fn a_wrong_password_sends_nothing() {
    let server = Server::start("");
    for (auth, shown) in [("plain", "535 5.7.8"), ("login", "535 5.7.8"), ("scram-sha-256", "SASL")] {
        let account = Account { listener: "submission", auth, starttls: Some("on"), password: "wrong" };
        let talk = msmtp(&server, &account);
        talk.fails();
        talk.says(shown);
    }
    assert!(server.octets("example.org/postmaster").is_empty());
}
