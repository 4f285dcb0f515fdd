//! What programs that send mail speak besides PLAIN.

use crate::msmtp::{Account, msmtp};
use crate::server::Server;
use crate::swaks::swaks;
use peers::run;

/// All that works with a password, and for whoever asks.
pub(crate) const ALL: &str = "\
    [auth]\n\
    mechanisms = [\"SCRAM-SHA-256-PLUS\", \"SCRAM-SHA-1-PLUS\", \"SCRAM-SHA-512\", \"SCRAM-SHA-256\", \
    \"SCRAM-SHA-1\", \"DIGEST-MD5\", \"CRAM-MD5\", \"PLAIN\", \"LOGIN\", \"ANONYMOUS\"]\n";

/// The same, for a client whose failed logins are not counted: or it would be made to wait for minutes.
pub(crate) fn patient() -> Server {
    let mut server = Server::start(&format!("{ALL}[relay]\ntrusted_networks = [\"127.0.0.1/32\"]\n"));
    server.share_secret("postmaster", PASSWORD);
    server
}

pub(crate) const PASSWORD: &str = "secret";

#[test]
fn msmtp_logs_in() {
    let server = patient();
    for auth in ["scram-sha-1", "scram-sha-256", "cram-md5", "digest-md5", "plain", "login"] {
        let account = Account { listener: "submission", auth, starttls: Some("on"), password: PASSWORD };
        let talk = msmtp(&server, &account);
        talk.succeeds();
        talk.says(&format!("--> AUTH {}", auth.to_uppercase()));
        let account = Account { password: "secrez", ..account };
        msmtp(&server, &account).fails();
    }
    assert_eq!(server.octets("example.org/postmaster").len(), 6);
}

#[test]
fn swaks_logs_in() {
    let server = patient();
    for mechanism in ["DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN"] {
        let log_in = |password: &str| {
            let user = ["--auth-user", "postmaster", "--auth-password", password, "--auth", mechanism];
            let to = ["--tls", "--to", "postmaster@example.org"];
            swaks(server.port("submission"), &[&user[..], &to].concat(), b"")
        };
        let talk = log_in(PASSWORD);
        talk.succeeds();
        talk.says(&format!("~> AUTH {mechanism}"));
        talk.says("<~  235 2.7.0 ");
        let talk = log_in("secrez");
        talk.fails();
        talk.says("<~* 535 5.7.8 ");
    }
}

#[test]
fn curl_logs_in() {
    let server = patient();
    let url = format!("smtp://127.0.0.1:{}/client.example", server.port("submission"));
    let certificate = server.certificate();
    for mechanism in ["DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN"] {
        let log_in = |password: &str| {
            let (user, login) = (format!("postmaster:{password}"), format!("AUTH={mechanism}"));
            let tls = ["-sS", "-v", "--ssl-reqd", "--cacert", certificate.to_str().unwrap()];
            let auth = ["--user", &user, "--login-options", &login, "--request", "NOOP", &url];
            run("curl", &[&tls[..], &auth].concat(), b"")
        };
        let talk = log_in(PASSWORD);
        talk.succeeds();
        talk.says(&format!("> AUTH {mechanism}"));
        talk.says("< 235 2.7.0 ");
        log_in("secrez").fails();
    }
}

#[test]
fn nodemailer_logs_in() {
    let server = patient();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/nodemailer/log_in.mjs");
    let (port, certificate) = (server.port("submissions").to_string(), server.certificate());
    let talk = run("node", &[script, &port, certificate.to_str().unwrap(), PASSWORD], b"");
    talk.succeeds();
    talk.says("all as it should be");
}

#[test]
fn smtplib_logs_in() {
    let server = patient();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/smtplib_login.py");
    let port = server.port("submission").to_string();
    let talk = run("python3", &[script, &port, "postmaster", PASSWORD], b"");
    talk.succeeds();
    talk.says("AUTH CRAM-MD5");
    let talk = run("python3", &[script, &port, "postmaster", "secrez"], b"");
    talk.fails();
    // It tries the next mechanism, and the next.
    talk.says("refused 421");
}

#[test]
fn who_logs_in_anonymously_may_do_what_strangers_may() {
    let server = Server::start(ALL);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/anonymous_client.py");
    let ports = ["submission", "mx"].map(|listener| server.port(listener).to_string());
    let talk = run("python3", &[script, &ports[0], &ports[1]], b"");
    talk.succeeds();
    talk.says("(530, b'5.7.0 authentication required')");
    talk.says("(550, b'5.7.1 relaying denied for example.net");
}
