//! Swaks with mail for users and aliases that are in a database.

use crate::client::Client;
use crate::server::{Server, smtpd};
use crate::swaks::swaks;

const TABLES: &str = "
    CREATE TABLE users (address TEXT PRIMARY KEY);
    INSERT INTO users VALUES ('joe@example.org'), ('kim@example.org');
    CREATE TABLE aliases (name TEXT, members TEXT);
    INSERT INTO aliases VALUES
        ('sales', 'joe'), ('sales', 'kim'), ('staff', 'sales, postmaster'), ('owner-staff', 'joe');";
const QUERIES: &str = "users = \"SELECT 1 FROM users WHERE address = $1\"\n\
                       aliases = \"SELECT name, members FROM aliases\"\n";
/// Those who may look, and make mistakes.
const TRUSTED: &str = "[relay]\ntrusted_networks = [\"127.0.0.0/8\"]\n[limits]\nerror_delay = \"0 s\"\n";

fn send(server: &Server, to: &str) -> peers::Ended {
    swaks(server.port("mx"), &["--to", to], b"")
}

fn serves_the_directory(server: &Server) {
    for to in ["joe@example.org", "Joe+lists@example.org", "sales@example.org", "staff@example.org"] {
        send(server, to).succeeds();
    }
    send(server, "nobody@example.org").says("<** 550 5.1.1 no such user here");
    let count = |name: &str| server.octets(&format!("example.org/{name}")).len();
    assert_eq!((count("joe"), count("kim"), count("postmaster")), (4, 2, 1));
    // What fails behind the list is for its owner to hear.
    let [mail] = &server.mail("example.org/postmaster")[..] else { panic!("one message") };
    assert!(mail.starts_with("Return-Path: <owner-staff@example.org>"), "{mail}");

    let mut client = Client::connect(server.port("mx")).unwrap();
    client.command("EHLO client.example").unwrap();
    for (command, reply) in [
        ("VRFY joe", "250 2.1.5 <joe@example.org>\r\n"),
        ("VRFY staff", "250 2.1.5 <staff@example.org>\r\n"),
        (
            "EXPN staff",
            "250-2.1.5 <joe@example.org>\r\n250-2.1.5 <kim@example.org>\r\n250 2.1.5 <postmaster@example.org>\r\n",
        ),
    ] {
        assert_eq!(client.command(command).unwrap(), reply, "{command}");
    }
    client.command("MAIL FROM:<sender@example.com>").unwrap();
    for hostile in [
        "VRFY nobody",
        "EXPN nobody",
        "VRFY ' OR 1=1 --",
        "EXPN '; DROP TABLE users; --",
        "RCPT TO:<\"' OR '1'='1\"@example.org>",
        "RCPT TO:<\"'; DROP TABLE users; --\"@example.org>",
        "RCPT TO:<o'neill@example.org>",
        "RCPT TO:<joe\0@example.org>",
    ] {
        let reply = client.command(hostile).unwrap();
        assert!(reply.starts_with('5'), "{hostile:?}: {reply}");
    }
    send(server, "kim@example.org").succeeds();
}

/// Makes the tables in a SQLite database.
const SQLITE: &str = "
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.executescript(sys.argv[2])
";

#[test]
fn a_directory_is_in_a_sqlite_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.sqlite");
    let path = path.to_str().unwrap();
    peers::run("python3", &["-c", SQLITE, path, TABLES], b"").succeeds();
    let server = Server::start(&format!("[directory]\nsqlite = {path:?}\n{QUERIES}{TRUSTED}"));
    serves_the_directory(&server);
    // The users of the file are there too.
    server.add_user("ann", "secret");
    let deadline = std::time::Instant::now() + crate::users::NOTICED;
    while !send(&server, "ann@example.org").success {
        assert!(std::time::Instant::now() < deadline, "ann is not there");
    }
    for (directory, expected) in [
        (format!("sqlite = \"{path}-none\"\n{QUERIES}"), "[directory] users: unable to open database"),
        (format!("sqlite = {path:?}\nusers = \"SELECT $1 FROM people\"\n"), "no such table: people"),
        (format!("sqlite = {path:?}\naliases = \"SELECT 'a', '|rm'\"\n"), "programs are not run"),
    ] {
        is_refused(&folder, &directory, expected);
    }
}

/// By `check` and at the start.
fn is_refused(folder: &tempfile::TempDir, directory: &str, expected: &str) {
    let path = folder.path().join("smtpd.toml");
    let text = format!(
        "hostname = \"example.org\"\ndata_dir = \"data\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n\
         kind = \"mx\"\n[queue]\nenabled = false\n[directory]\n{directory}"
    );
    std::fs::write(&path, text).unwrap();
    for command in [&["check"][..], &[]] {
        let (success, message) = smtpd(&[&["--config", path.to_str().unwrap()], command].concat(), "");
        assert!(!success && message.contains(expected), "{directory}{command:?}:\n{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::fs;
    use std::time::{Duration, Instant};

    use peers::Postgres;

    use super::{QUERIES, TABLES, TRUSTED, is_refused, send, serves_the_directory};
    use crate::server::{Server, smtpd};

    /// How long aliases may take to come again, and a machine that does much else.
    const BACK: Duration = Duration::from_secs(30);

    fn cluster() -> Postgres {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let cluster = Postgres::start_with_tls(&key.cert.pem(), &key.signing_key.serialize_pem());
        cluster.execute(TABLES);
        cluster
    }

    /// The database as a site has it elsewhere; this test has no other host.
    fn directory(cluster: &Postgres, folder: &tempfile::TempDir) -> String {
        let file = folder.path().join("directory-database");
        fs::write(&file, format!("{} sslmode=require\n", cluster.address())).unwrap();
        let ca = cluster.certificate();
        format!("[directory]\npostgres_file = {file:?}\npostgres_ca = {ca:?}\nrefresh = \"1 s\"\n{QUERIES}")
    }

    #[test]
    fn servers_share_a_directory_in_postgresql() {
        let (cluster, folder) = (cluster(), tempfile::tempdir().unwrap());
        let config = format!("{}{TRUSTED}", directory(&cluster, &folder));
        let nodes = [Server::start(&config), Server::start(&config)];
        for node in &nodes {
            serves_the_directory(node);
        }
        assert_eq!(cluster.rows(&["users"]), "2");
        let all_by_tls =
            "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
            WHERE application_name = 'smtp directory'";
        assert_eq!(cluster.execute(all_by_tls), "t");
        cluster.execute(
            "INSERT INTO users VALUES ('sue@example.org'); INSERT INTO aliases VALUES ('info', 'sue');",
        );
        for node in &nodes {
            send(node, "sue@example.org").succeeds();
            in_the_end(node, "info@example.org");
            assert_eq!(node.octets("example.org/sue").len(), 2);
            assert!(!node.log().contains(Postgres::PASSWORD), "{}", node.log());
        }
    }

    fn in_the_end(server: &Server, to: &str) {
        let deadline = Instant::now() + BACK;
        loop {
            let talk = send(server, to);
            if talk.success {
                return;
            }
            assert!(Instant::now() < deadline, "{}", talk.printed);
        }
    }

    #[test]
    fn while_the_database_is_away_mail_waits() {
        let (cluster, folder) = (cluster(), tempfile::tempdir().unwrap());
        let mut server = Server::start(&directory(&cluster, &folder));
        send(&server, "joe@example.org").succeeds();
        send(&server, "nobody@example.org").says("<** 550 5.1.1 no such user here");

        cluster.stop();
        for to in ["joe@example.org", "nobody@example.org"] {
            send(&server, to).says("<** 451 4.3.0 try again later");
        }
        send(&server, "postmaster@example.org").succeeds();
        // What was read goes on.
        send(&server, "sales@example.org").succeeds();
        server.logs("cannot tell who has a mailbox");
        cluster.run();
        send(&server, "joe@example.org").succeeds();
        send(&server, "nobody@example.org").says("<** 550 5.1.1 no such user here");

        // A server that starts meanwhile waits for it, too.
        assert!(server.stop());
        cluster.stop();
        let (good, message) = smtpd(&["check", "--config", server.config()], "");
        assert!(good && message.contains("warning: the database of [directory] is away: "), "{message}");
        server.start_again();
        for to in ["joe@example.org", "sales@example.org", "nobody@example.org"] {
            send(&server, to).says("<** 451 4.3.0 try again later");
        }
        cluster.run();
        send(&server, "sales@example.org").succeeds();
        send(&server, "nobody@example.org").says("<** 550 5.1.1 no such user here");
        assert!(!server.log().contains(Postgres::PASSWORD), "{}", server.log());
        assert!(!message.contains(Postgres::PASSWORD), "{message}");
    }

    #[test]
    fn what_is_wrong_with_a_directory_is_said() {
        let (cluster, folder) = (cluster(), tempfile::tempdir().unwrap());
        let good = directory(&cluster, &folder).replace("[directory]\n", "");
        let file = folder.path().join("directory-database");
        let address = |text: &str| {
            let other = folder.path().join("other");
            fs::write(&other, text).unwrap();
            good.replace(file.to_str().unwrap(), other.to_str().unwrap())
        };
        let nowhere = folder.path().join("nowhere");
        let ca = cluster.certificate();
        for (directory, expected) in [
            (good.replace("FROM users", "FROM people"), "[directory] users: ERROR: relation \"people\""),
            (good.replace("FROM aliases", "FROM people"), "[directory] aliases: postgres: cannot be read: "),
            (good.replace("name, members", "'a b', 'c'"), "[directory] aliases: postgres:1:1: no name"),
            (good.replace(file.to_str().unwrap(), nowhere.to_str().unwrap()), "nowhere: cannot be read: "),
            (good.replace(ca.to_str().unwrap(), nowhere.to_str().unwrap()), "[directory] postgres_ca: "),
            (
                address("postgres://smtpd:hunter2@localhost:port/mail\n"),
                "[directory] postgres_file: the address",
            ),
        ] {
            is_refused(&folder, &directory, expected);
        }
        // Who nobody vouches for is not asked.
        let path = folder.path().join("smtpd.toml");
        let stranger = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
        fs::write(folder.path().join("stranger.pem"), stranger).unwrap();
        let strange = good.replace(ca.to_str().unwrap(), "stranger.pem");
        fs::write(&path, format!("hostname = \"example.org\"\n[directory]\n{strange}")).unwrap();
        let (_, message) = smtpd(&["check", "--config", path.to_str().unwrap()], "");
        assert!(message.contains("is away: ") && message.contains("invalid peer certificate"), "{message}");
        assert!(!message.contains(Postgres::PASSWORD), "{message}");
    }
}
