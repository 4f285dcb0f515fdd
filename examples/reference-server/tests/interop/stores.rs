//! Users whom other programs know: Cyrus SASL's daemon and Dovecot.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::gsasl::gsasl;
use crate::server::Server;
use crate::swaks::swaks;
use peers::Ended;
use peers::{Dovecot, Saslauthd};

/// The user of both daemons.
const ALICE: (&str, &str) = ("alice", "correct horse");

fn log_in(server: &Server, mechanism: &str, (name, password): (&str, &str)) -> Ended {
    let user = ["--auth-user", name, "--auth-password", password];
    let always = ["--tls", "--to", "postmaster@example.org", "--auth", mechanism];
    swaks(server.port("submission"), &[&always[..], &user].concat(), b"")
}

fn is_in(server: &Server, user: (&str, &str)) {
    for mechanism in ["PLAIN", "LOGIN"] {
        let talk = log_in(server, mechanism, user);
        talk.succeeds();
        talk.says("235 2.7.0 ");
    }
}

/// Whatever is logged, a password is not.
fn keeps_passwords(server: &Server) {
    let log = server.log();
    assert!(log.contains("authenticated"), "{log}");
    let (name, password) = ALICE;
    let plain = BASE64_STANDARD.encode(format!("\0{name}\0{password}"));
    for secret in [password, &plain, &BASE64_STANDARD.encode(password)] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

const TRACE: &str = "[log]\nlevel = \"trace\"\n";

#[test]
fn users_of_saslauthd_log_in() {
    let place = Saslauthd::new();
    let daemon = place.start(&[]);
    let server = Server::start(&format!(
        "[auth]\nstores = [\"users\", \"saslauthd\"]\n[auth.saslauthd]\nsocket = {:?}\n{TRACE}",
        place.socket()
    ));
    is_in(&server, ALICE);
    is_in(&server, ("postmaster", &server.password));
    log_in(&server, "PLAIN", ("alice", "wrong")).says("535 5.7.8 ");
    log_in(&server, "PLAIN", ("nobody", "wrong")).says("535 5.7.8 ");
    gsasl(&server, "PLAIN", &server.password, &[]).says("235 2.7.0 ");
    // The daemon keeps no keys, so SCRAM would fail for its users.
    assert!(!gsasl(&server, "SCRAM-SHA-256", &server.password, &["--no-cb"]).printed.contains("235 "));

    // Until the daemon is back nobody knows whether a password is right, but of users in the file.
    drop(daemon);
    log_in(&server, "PLAIN", ALICE).says("454 4.7.0 ");
    server.logs("saslauthd is not there");
    is_in(&server, ("postmaster", &server.password));
    let _daemon = place.start(&[]);
    is_in(&server, ALICE);
    keeps_passwords(&server);
}

#[test]
fn users_of_dovecot_log_in() {
    let place = Dovecot::new("");
    let _daemon = place.start();
    let server = Server::start(&format!(
        "[auth]\nstores = [\"dovecot\"]\n[auth.dovecot]\nsocket = {:?}\n{TRACE}",
        place.socket()
    ));
    // Nobody could log in with the password that a first start shows.
    assert_eq!(server.password, "");
    is_in(&server, ALICE);
    log_in(&server, "PLAIN", ("alice", "wrong")).says("535 5.7.8 ");
    log_in(&server, "PLAIN", ("shut", "secret")).says("535 5.7.8 ");
    // Dovecot spells the name.
    is_in(&server, ("ALICE", "correct horse"));
    let mail = server.mail("example.org/postmaster");
    assert_eq!(mail.len(), 4);
    assert!(mail.iter().all(|mail| mail.contains("(authenticated as alice)")), "{mail:?}");
    keeps_passwords(&server);
}

/// Makes a database with one user, whose keys GNU SASL makes.
#[cfg(feature = "sqlite")]
const MAKE_DATABASE: &str = "
import sqlite3, sys
path, name, keys = sys.argv[1:]
with sqlite3.connect(path) as database:
    database.execute('CREATE TABLE users (name TEXT PRIMARY KEY, keys TEXT)')
    database.execute('INSERT INTO users VALUES (?, ?)', (name, keys))
";

#[cfg(feature = "sqlite")]
#[test]
fn users_of_a_database_log_in() {
    use peers::run;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let path = path.to_str().unwrap();
    let mut keys =
        run("gsasl", &["--mkpasswd", "--mechanism=SCRAM-SHA-256", "--password=correct horse"], b"");
    keys.succeeds();
    keys.printed.truncate(keys.printed.trim_end().len());
    run("python3", &["-c", MAKE_DATABASE, path, "postmaster", &keys.printed], b"").succeeds();
    let server = Server::start(&format!(
        "[auth]\nstores = [\"sql\"]\n[auth.sql]\nsqlite = {path:?}\nscram = [\"SCRAM-SHA-256\"]\n\
         query = \"SELECT keys AS password FROM users WHERE name = $1\"\n"
    ));
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        gsasl(&server, mechanism, "correct horse", &["--no-cb"]).says("235 2.7.0 ");
        gsasl(&server, mechanism, "wrong", &["--no-cb"]).fails();
    }
    std::fs::remove_file(path).unwrap();
    log_in(&server, "PLAIN", ("postmaster", "correct horse")).says("454 4.7.0 ");
}
