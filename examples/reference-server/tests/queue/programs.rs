//! Members of aliases that are programs.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::client::Client;
use crate::server::{Server, smtpd};
use crate::tests::{QUEUE, send};

/// Keeps what it gets in a new file of the folder that it is told, and ends with the code that it is told.
const SCRIPT: &str = "#!/bin/sh\ncat > \"$1/message\" && mv \"$1/message\" \"$1/$3\"; exit \"$2\"\n";

/// A folder with a program, where anybody may write.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let place = Self { folder };
        fs::write(place.program(), SCRIPT).unwrap();
        fs::set_permissions(place.program(), Permissions::from_mode(0o755)).unwrap();
        place
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn program(&self) -> PathBuf {
        self.path().join("program")
    }

    /// With these aliases, in which `PROGRAM` stands for the program and its folder.
    fn configuration(&self, aliases: &str) -> String {
        let path = self.path().join("aliases");
        let command = format!("|{} {}", self.program().display(), self.path().display());
        fs::write(&path, aliases.replace("|PROGRAM", &command)).unwrap();
        let account = if is_root(self.path()) { "programs_as = \"nobody\"\n" } else { "" };
        format!("aliases = {path:?}\nprograms = [{:?}]\n{account}", self.program())
    }

    fn kept(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path().join(name)).ok()
    }
}

fn is_root(own_folder: &Path) -> bool {
    fs::metadata(own_folder).unwrap().uid() == 0
}

#[test]
fn programs_get_mail_from_the_queue_as_somebody_else() {
    let place = Place::new();
    let aliases = "list: joe, \"|PROGRAM 0 kept\"\nfails: joe, \"|PROGRAM 67 failed\"\n\
                   late: joe, \"|PROGRAM 75 late\"\n";
    let server = Server::start(&format!("{}{QUEUE}", place.configuration(aliases)));
    server.add_user("joe", "secret");
    send(&server, "list@example.org", None, "[]");
    server.logs("recipient=<list@example.org> reply=250 2.0.0");
    let kept = place.kept("kept").unwrap();
    assert!(
        kept.starts_with("Return-Path: <postmaster@example.org>\nDelivered-To: list@example.org\nReceived: "),
        "{kept}"
    );
    assert!(kept.ends_with("\nthe body of it\n"), "{kept}");
    if is_root(place.path()) {
        assert_ne!(fs::metadata(place.path().join("kept")).unwrap().uid(), 0);
    }

    // What fails of one member is no matter of the other; the sender hears what became of the alias.
    send(&server, "fails@example.org", None, "[]");
    server.logs("sender notified");
    send(&server, "late@example.org", None, "[]");
    server.logs("recipient=<late@example.org> reply=451 4.3.0");
    // It is tried again.
    server.logs("attempts=2");
    while server.mail("example.org/joe").len() < 3 {
        server.logs(" delivered ");
    }
    while server.octets("example.org/postmaster").is_empty() {
        server.logs("sender notified");
    }
    let bounce = server.mail("example.org/postmaster").concat();
    assert!(
        bounce.contains("\nFinal-Recipient: rfc822; fails@example.org\nAction: failed\nStatus: 5.1.1\n"),
        "{bounce}"
    );
    assert!(!bounce.contains("XPROGRAM") && !bounce.contains(place.program().to_str().unwrap()), "{bounce}");
}

#[test]
fn without_a_queue_clients_hear_what_programs_say() {
    let place = Place::new();
    let server =
        Server::start(&place.configuration("list: \"|PROGRAM 0 kept\"\nfails: \"|PROGRAM 77 failed\"\n"));
    assert_eq!(send(&server, "list@example.org", None, "[]"), "refused {}\n");
    assert!(place.kept("kept").is_some());
    assert!(send(&server, "fails@example.org", None, "[]").contains("550"));
}

#[test]
fn mail_that_comes_back_is_no_more_for_the_program() {
    let place = Place::new();
    let server = Server::start(&place.configuration("list: \"|PROGRAM 0 kept\"\n"));
    let mut client = Client::connect(server.port("mx")).unwrap();
    for (line, code) in [
        ("EHLO client.example", "250"),
        ("MAIL FROM:<a@client.example>", "250"),
        // Nobody outside says what is run.
        ("RCPT TO:<list@example.org> XPROGRAM=/bin/sh", "555"),
        ("RCPT TO:<list@example.org>", "250"),
        ("DATA", "354"),
        ("Delivered-To: List@example.org\r\n\r\nback again\r\n.", "554 5.4.6"),
    ] {
        let reply = client.command(line).unwrap();
        assert!(reply.starts_with(code), "{line}: {reply}");
    }
    assert_eq!(place.kept("kept"), None);
}

#[test]
fn programs_are_named_and_are_not_run_as_root() {
    let place = Place::new();
    let good = place.configuration("list: \"|PROGRAM 0 kept\"\n");
    let config = place.path().join("smtpd.toml");
    let start = |local: &str| {
        let text = format!(
            "hostname = \"example.org\"\ndata_dir = \"data\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n\
             kind = \"mx\"\n[local]\n{local}"
        );
        fs::write(&config, text).unwrap();
        let (success, message) = smtpd(&["--config", config.to_str().unwrap()], "");
        assert!(!success, "{message}");
        message
    };
    let off: String = good.lines().take(1).map(|line| format!("{line}\n")).collect();
    let message = start(&off);
    assert!(
        message.contains("aliases:1:") && message.contains("or name the programs in [local] programs"),
        "{message}"
    );
    let other = good.replace(&format!("programs = [{:?}]", place.program()), "programs = [\"/bin/cat\"]");
    let message = start(&other);
    assert!(
        message.contains("aliases:1: ") && message.contains("is not among [local] programs"),
        "{message}"
    );
    for (more, expected) in [
        ("programs_as = \"root\"\nprograms = [\"/bin/cat\"]\n", "not run as root"),
        ("programs_as = \"nobody-there\"\nprograms = [\"/bin/cat\"]\n", "no account \"nobody-there\""),
        ("programs_as = \"nobody\"\n", "no programs run as anybody"),
        ("programs = [\"cat\"]\n", "there is no program cat"),
        ("programs = [\"/nowhere/cat\"]\n", "there is no program /nowhere/cat"),
    ] {
        let message = start(more);
        assert!(message.contains(expected), "{more}: {message}");
    }
    if is_root(place.path()) {
        let message = start(&good.replace("programs_as = \"nobody\"\n", ""));
        assert!(message.contains("[local] programs are not run as root: name another account"), "{message}");
    }
}
