//! Postfix as the sending server: its smtp(8) and its lmtp(8).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::content::{as_stored, assert_same, content, split_trace};
use crate::program::{program, run};
use crate::server::Server;

/// How long a line of the log may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The services that an instance needs that only sends.
const MASTER: &str = "\
    pickup unix n - n 1 1 pickup\n\
    cleanup unix n - n - 0 cleanup\n\
    qmgr unix n - n 300 1 qmgr\n\
    tlsmgr unix - - n 1000? 1 tlsmgr\n\
    rewrite unix - - n - - trivial-rewrite\n\
    bounce unix - - n - 0 bounce\n\
    defer unix - - n - 0 bounce\n\
    trace unix - - n - 0 bounce\n\
    proxymap unix - - n - - proxymap\n\
    smtp unix - - n - - smtp\n\
    lmtp unix - - n - - lmtp\n\
    error unix - - n - - error\n\
    retry unix - - n - - error\n\
    discard unix - - n - - discard\n\
    scache unix - - n - 1 scache\n\
    postlog unix-dgram n - n - 1 postlogd\n";

/// A Postfix of its own, which sends all that it is given to one server.
pub(crate) struct Postfix {
    folder: TempDir,
    child: Child,
    log: Receiver<String>,
}

impl Postfix {
    /// `transport` is `smtp` or `lmtp`.
    pub(crate) fn start(transport: &str, port: u16, more: &str) -> Self {
        let next_hop = match transport {
            "lmtp" => format!("lmtp:inet:127.0.0.1:{port}"),
            _ => format!("smtp:[127.0.0.1]:{port}"),
        };
        let without_dns = "disable_dns_lookups = yes\nsmtp_host_lookup = native\nlmtp_host_lookup = native\n";
        Self::start_towards(&next_hop, &format!("{without_dns}{more}"))
    }

    /// Towards what may have to be looked up, as `default_transport` names it.
    pub(crate) fn start_towards(next_hop: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let main = format!(
            "compatibility_level = 3.6\n\
             config_directory = {path}/etc\n\
             queue_directory = {path}/queue\n\
             data_directory = {path}/data\n\
             command_directory = /usr/sbin\n\
             daemon_directory = /usr/lib/postfix/sbin\n\
             myhostname = client.example\n\
             mydestination =\n\
             alias_maps =\n\
             alias_database =\n\
             local_recipient_maps =\n\
             inet_interfaces = loopback-only\n\
             inet_protocols = ipv4\n\
             default_transport = {next_hop}\n\
             maillog_file = /dev/stdout\n\
             {more}"
        );
        for (name, mode) in [("", 0o755), ("etc", 0o755), ("queue", 0o755), ("data", 0o700)] {
            let folder = folder.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        }
        run("chown", &["postfix", folder.path().join("data").to_str().unwrap()], b"").succeeds();
        fs::write(folder.path().join("etc/main.cf"), main).unwrap();
        fs::write(folder.path().join("etc/master.cf"), MASTER).unwrap();
        let (child, log) = launch(&folder.path().join("etc"));
        let postfix = Self { folder, child, log };
        postfix.logs("daemon started");
        postfix
    }

    fn config(&self) -> String {
        self.folder.path().join("etc").to_str().unwrap().to_owned()
    }

    /// Hands a message over; it is sent in the background.
    pub(crate) fn send(&self, content: &[u8], more: &[&str], recipients: &[&str]) {
        let config = self.config();
        let always = ["-C", &config, "-i", "-f", "sender@example.com"];
        run("sendmail", &[&always[..], more, recipients].concat(), &as_stored(content)).succeeds();
    }

    /// Waits for a line of its log with this in it, and gives it.
    pub(crate) fn logs(&self, expected: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.log.recv_timeout(left) else {
                panic!("{expected:?} is missing in Postfix's log:\n{seen}");
            };
            if line.contains(expected) {
                return line;
            }
            seen = seen + &line + "\n";
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = program("postfix").args(["-c", &self.config(), "stop"]).output();
        let _ = self.child.wait();
    }
}

/// Starts the instance; its log comes line by line.
fn launch(config: &Path) -> (Child, Receiver<String>) {
    let mut child = program("postfix")
        .arg("-c")
        .arg(config)
        .arg("start-fg")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("postfix is missing ({error}); ci/test.sh installs it"));
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, receiver) = channel();
    thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    (child, receiver)
}

const TO: [&str; 2] = ["postmaster@example.org", "alice@example.org"];

#[test]
fn messages_arrive_octet_by_octet() {
    let cases = [
        ("smtp", "mx", "smtp_tls_security_level = encrypt\n", "ESMTPS (version=TLSv1.3 "),
        ("smtp", "mx", "smtp_discard_ehlo_keywords = pipelining\n", "ESMTP "),
        ("lmtp", "lmtp", "lmtp_tls_security_level = encrypt\n", "LMTPS (version=TLSv1.3 "),
        ("lmtp", "lmtp", "", "LMTP "),
    ];
    for (transport, listener, more, with) in cases {
        let server = Server::start("");
        server.add_user("alice", "secret");
        let postfix = Postfix::start(transport, server.port(listener), more);
        postfix.send(&content(), &[], &TO);
        for _ in TO {
            let line = postfix.logs("status=");
            assert!(line.contains(", dsn=2.0.0, status=sent (250 2.0.0 delivered, id "), "{line}");
        }
        for mailbox in ["example.org/postmaster", "example.org/alice"] {
            let mails = server.octets(mailbox);
            assert_eq!(mails.len(), 1);
            let (fields, rest) = split_trace(&mails[0], &["Return-Path", "Received", "Received"]);
            assert_same(rest, &as_stored(&content()));
            assert_eq!(fields[0], "Return-Path: <sender@example.com>");
            let start =
                format!("Received: from client.example ([127.0.0.1]) by mail.example.org with {with}");
            assert!(fields[1].starts_with(&start), "{}", fields[1]);
        }
    }
}

#[test]
fn addresses_may_be_utf8() {
    for (transport, listener, with) in [("smtp", "mx", "UTF8SMTP"), ("lmtp", "lmtp", "UTF8LMTP")] {
        let server = Server::start("");
        let postfix = Postfix::start(transport, server.port(listener), "");
        let sender = "j\u{f6}rg@b\u{fc}cher.example";
        postfix.send(&content(), &["-f", sender], &["postmaster@example.org"]);
        let line = postfix.logs("status=");
        assert!(line.contains("status=sent"), "{line}");
        let mails = server.octets("example.org/postmaster");
        let (fields, rest) = split_trace(&mails[0], &["Return-Path", "Received", "Received"]);
        assert_same(rest, &as_stored(&content()));
        assert_eq!(fields[0], format!("Return-Path: <{sender}>"));
        assert!(fields[1].contains(&format!(" with {with} id ")), "{}", fields[1]);
    }
}

#[test]
fn each_recipient_has_an_answer() {
    for (transport, listener) in [("smtp", "mx"), ("lmtp", "lmtp")] {
        let server = Server::start("");
        let postfix = Postfix::start(transport, server.port(listener), "");
        postfix.send(&content(), &[], &["postmaster@example.org", "nobody@example.org", "user@example.net"]);
        let mut outcomes: Vec<String> = (0..3).map(|_| postfix.logs("status=")).collect();
        outcomes.sort_by_key(|line| line.find("to=<").map(|at| line[at..].to_owned()));
        for (outcome, expected) in outcomes.iter().zip([
            ["to=<nobody@example.org>", "dsn=5.1.1, status=bounced", "550 5.1.1 no such user here"],
            ["to=<postmaster@example.org>", "dsn=2.0.0, status=sent", "250 2.0.0 delivered"],
            ["to=<user@example.net>", "dsn=5.7.1, status=bounced", "550 5.7.1 relaying denied"],
        ]) {
            for expected in expected {
                assert!(outcome.contains(expected), "{expected}: {outcome}");
            }
        }
        assert_eq!(server.octets("example.org/postmaster").len(), 1);
    }
}

#[test]
fn many_messages_go_over_one_connection() {
    let server = Server::start("");
    let more = "smtp_connection_cache_on_demand = yes\nsmtp_connection_cache_destinations = static:all\n\
                default_destination_concurrency_limit = 2\n";
    let postfix = Postfix::start("smtp", server.port("mx"), more);
    for _ in 0..20 {
        postfix.send(&content(), &[], &["postmaster@example.org"]);
    }
    let outcomes: Vec<String> = (0..20).map(|_| postfix.logs("status=")).collect();
    for line in &outcomes {
        assert!(line.contains("status=sent"), "{line}");
    }
    assert!(outcomes.iter().any(|line| line.contains(" conn_use=")), "{outcomes:#?}");
    let mails = server.octets("example.org/postmaster");
    assert_eq!(mails.len(), 20);
    for mail in mails {
        let (_, rest) = split_trace(&mail, &["Return-Path", "Received", "Received"]);
        assert_same(rest, &as_stored(&content()));
    }
}
