//! Swaks over all listeners: what is taken, what is refused and how, and what lies in the mailbox.

use crate::content::{as_stored, assert_same, content, split_trace};
use crate::server::Server;
use peers::{Ended, run};

const TO: [&str; 2] = ["--to", "postmaster@example.org"];
const LARGE: &str = "[limits]\nmessage_size = \"8 KiB\"\n";

pub(crate) fn swaks(port: u16, arguments: &[&str], input: &[u8]) -> Ended {
    peers::swaks(&format!("127.0.0.1:{port}"), arguments, input)
}

/// As swaks wants it: it ends the last line itself.
pub(crate) fn as_input(content: &[u8]) -> Vec<u8> {
    let content = as_stored(content);
    content.strip_suffix(b"\n").unwrap_or(&content).to_owned()
}

#[test]
fn messages_arrive_octet_by_octet() {
    let server = Server::start("");
    let user = ["--auth-user", "postmaster", "--auth-password", &server.password];
    let (plain, login) = (["--auth", "PLAIN"], ["--auth", "LOGIN"]);
    let cases: [(&str, &[&str], &[&str], &str); 10] = [
        ("mx", &[], &[], "ESMTP "),
        ("mx", &["--pipeline"], &[], "ESMTP "),
        ("mx", &["--tls"], &[], "ESMTPS (version=TLSv1.3 "),
        ("lmtp", &["--protocol", "LMTP"], &[], "LMTP "),
        ("lmtp", &["--protocol", "LMTP", "--pipeline"], &[], "LMTP "),
        ("lmtp", &["--protocol", "LMTP", "--tls"], &[], "LMTPS (version=TLSv1.3 "),
        ("submission", &["--tls"], &plain, "ESMTPSA (version=TLSv1.3 "),
        ("submission", &["--tls", "--pipeline"], &login, "ESMTPSA (version=TLSv1.3 "),
        (
            "submissions",
            &["--tls-on-connect", "--tls-protocol", "tlsv1_2"],
            &plain,
            "ESMTPSA (version=TLSv1.2 ",
        ),
        ("submissions", &["--tls-on-connect", "--pipeline"], &login, "ESMTPSA (version=TLSv1.3 "),
    ];
    let mut trace = Vec::new();
    for (listener, how, mechanism, _) in &cases {
        let user = if mechanism.is_empty() { &[][..] } else { &user };
        let talk = swaks(
            server.port(listener),
            &[&TO[..], how, mechanism, user, &["--data", "-"]].concat(),
            &as_input(&content()),
        );
        talk.succeeds();
        talk.says("250 2.0.0 delivered");
    }
    for mail in server.octets("example.org/postmaster") {
        let (fields, rest) = split_trace(&mail, &["Return-Path", "Received"]);
        assert_same(rest, &as_stored(&content()));
        assert_eq!(fields[0], "Return-Path: <sender@example.com>");
        is_well_formed(&mail);
        trace.push(fields[1].clone());
    }
    for (_, _, mechanism, expected) in cases {
        let who = if mechanism.is_empty() { "" } else { " (authenticated as postmaster)" };
        let start =
            format!("Received: from client.example ([127.0.0.1]){who} by mail.example.org with {expected}");
        let found = trace.iter().position(|field| field.starts_with(&start));
        trace.swap_remove(found.unwrap_or_else(|| panic!("{start} is missing in {trace:#?}")));
    }
    assert!(trace.is_empty());
}

/// Python judges the fields that the server wrote.
fn is_well_formed(mail: &[u8]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/trace.py");
    run("python3", &[script], mail).succeeds();
}

#[test]
fn refusals_have_their_codes() {
    let server = Server::start(LARGE);
    let wrong = ["--auth", "PLAIN", "--auth-user", "postmaster", "--auth-password", "wrong"];
    let unknown = ["--auth", "LOGIN", "--auth-user", "nobody", "--auth-password", "wrong"];
    let large = "x".repeat(70) + "\n";
    let large = large.repeat(200);
    let cases: [(&str, &[&str], &str, &str); 10] = [
        ("mx", &["--to", "user@example.net"], "RCPT", "550 5.7.1 "),
        ("mx", &["--to", "nobody@example.org"], "RCPT", "550 5.1.1 "),
        ("mx", &["--to", "nobody@example.org,user@example.net", "--pipeline"], "RCPT", "550 5.7.1 "),
        ("lmtp", &["--to", "nobody@example.org", "--protocol", "LMTP"], "RCPT", "550 5.1.1 "),
        ("mx", &[TO[0], TO[1], "--data", &large], "data", "552 5.3.4 "),
        ("submission", &TO, "MAIL", "530 5.7.0 must issue a STARTTLS"),
        ("submission", &[TO[0], TO[1], "--tls"], "MAIL", "530 5.7.0 authentication required"),
        ("submissions", &[TO[0], TO[1], "--tls-on-connect"], "MAIL", "530 5.7.0 authentication required"),
        ("submission", &[&TO[..], &["--tls"], &wrong].concat(), "AUTH", "535 5.7.8 "),
        ("submissions", &[&TO[..], &["--tls-on-connect"], &unknown].concat(), "AUTH", "535 5.7.8 "),
    ];
    for (listener, how, step, refusal) in cases {
        let talk = swaks(server.port(listener), how, b"");
        assert!(talk.printed.contains(&format!("* {refusal}")), "{step}: {refusal}: {}", talk.printed);
        talk.fails();
    }
    assert!(server.octets("example.org/postmaster").is_empty());
}
