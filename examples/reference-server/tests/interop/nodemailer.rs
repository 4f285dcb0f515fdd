//! Nodemailer, as most programs for Node send mail.

use crate::content::{as_stored, assert_same, content, split_trace};
use crate::server::Server;
use peers::run;

#[test]
fn a_script_sends_and_hears_why_not() {
    let server = Server::start("");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/nodemailer/send.mjs");
    let ports = ["mx", "submission", "submissions"].map(|listener| server.port(listener).to_string());
    let [mx, submission, submissions] = &ports;
    let certificate = server.certificate();
    let arguments =
        [script, mx, submission, submissions, certificate.to_str().unwrap(), server.password.as_str()];
    let talk = run("node", &arguments, &content());
    talk.succeeds();
    talk.says("all as it should be");
    let mails = server.octets("example.org/postmaster");
    assert_eq!(mails.len(), 8);
    let utf8 = mails.iter().filter(|mail| mail.starts_with("Return-Path: <j\u{f6}rg@".as_bytes()));
    assert_eq!(utf8.count(), 1);
    for mail in mails {
        let (_, rest) = split_trace(&mail, &["Return-Path", "Received"]);
        assert_same(rest, &as_stored(&content()));
    }
}
