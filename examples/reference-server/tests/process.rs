//! The program as a process, driven by swaks, which this project did not write.

// Its unwraps are those of tests.
#[cfg(test)]
mod server;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use server::{Server, smtpd};

/// Runs swaks and gives what it printed.
fn swaks(port: u16, arguments: &[&str]) -> String {
    peers::swaks(&format!("127.0.0.1:{port}"), arguments, b"").printed
}

#[test]
fn strangers_reach_users_and_nobody_else() {
    let server = Server::start("");
    let mx = server.port("mx");
    let talk = swaks(mx, &["--to", "postmaster@example.org", "--tls", "--body", "the body of it"]);
    assert!(talk.contains("250 2.0.0 delivered"), "{talk}");
    let line = server.logs("reply=\"250 2.0.0 delivered");
    assert!(line.contains("to=\"<postmaster@example.org>\"") && line.contains("listener=\"mx\""), "{line}");
    let mail = server.mail("example.org/postmaster");
    assert_eq!(mail.len(), 1);
    assert!(mail[0].starts_with("Return-Path: <sender@example.com>\nReceived: from client.example"));
    assert!(mail[0].contains("with ESMTPS (version=TLSv1.3") && mail[0].contains("the body of it"));

    assert!(swaks(mx, &["--to", "nobody@example.org"]).contains("550 5.1.1"));
    assert!(swaks(mx, &["--to", "user@example.net"]).contains("550 5.7.1"));
}

#[test]
fn files_of_sendmails_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let access = file(
        "access",
        "From:spam.example\tREJECT\nTo:sales@example.org\tERROR:4.2.2:\"450 on holiday\"\n\
         From:trash.example\tDISCARD\n",
    );
    let list = file("staff", "# who works here\njoe\n");
    let aliases =
        file("aliases", &format!("staff: :include:{list}\npostmaster: joe\nowner-staff: postmaster\n"));
    let server = Server::start(&format!("aliases = {aliases:?}\n[access]\nmap = {access:?}\n"));
    server.add_user("joe", "secret");
    let mx = server.port("mx");
    let refused = swaks(mx, &["--from", "a@spam.example", "--to", "joe@example.org"]);
    assert!(refused.contains("550 5.7.1 access denied"), "{refused}");
    assert!(server.logs("refused by policy").contains("rule=\"From\""));
    assert!(swaks(mx, &["--to", "sales@example.org"]).contains("450 4.2.2 on holiday"));
    assert!(swaks(mx, &["--to", "nobody@example.org"]).contains("550 5.1.1"));
    let discarded = swaks(mx, &["--from", "a@trash.example", "--to", "joe@example.org"]);
    assert!(discarded.contains("250 2.0.0 message accepted for delivery"), "{discarded}");
    let talk = swaks(mx, &["--to", "staff@example.org", "--body", "to all"]);
    assert!(talk.contains("250 2.0.0 delivered"), "{talk}");
    let talk = swaks(mx, &["--to", "postmaster@example.org", "--body", "to one"]);
    assert!(talk.contains("250 2.0.0 delivered"), "{talk}");
    let mail = server.mail("example.org/joe");
    assert_eq!(mail.len(), 2, "{mail:?}");
    let to_all = mail.iter().find(|mail| mail.contains("to all")).unwrap();
    assert!(to_all.starts_with("Return-Path: <owner-staff@example.org>"), "{to_all}");
}

#[test]
fn users_log_in_within_tls_before_they_send() {
    let server = Server::start("");
    let (submission, submissions) = (server.port("submission"), server.port("submissions"));
    let to = ["--to", "postmaster@example.org"];
    let user = ["--auth-user", "postmaster", "--auth-password", &server.password];

    assert!(swaks(submission, &to).contains("530 5.7.0"));
    assert!(swaks(submission, &[&to[..], &["--tls"]].concat()).contains("530 5.7.0"));
    let wrong = ["--auth-user", "postmaster", "--auth-password", "wrong", "--auth", "PLAIN"];
    assert!(swaks(submission, &[&to[..], &wrong, &["--tls"]].concat()).contains("535 5.7.8"));

    for mechanism in ["PLAIN", "LOGIN"] {
        let auth = ["--auth", mechanism];
        let talk = swaks(submission, &[&to[..], &user, &auth, &["--tls"]].concat());
        assert!(talk.contains("250 2.0.0 delivered"), "{talk}");
        let talk = swaks(submissions, &[&to[..], &user, &auth, &["--tls-on-connect"]].concat());
        assert!(talk.contains("250 2.0.0 delivered"), "{talk}");
    }
    let mail = server.mail("example.org/postmaster");
    assert_eq!(mail.len(), 4);
    assert!(mail.iter().all(|mail| mail.contains("(authenticated as postmaster)")));
}

#[test]
fn mail_of_users_goes_to_the_next_hop() {
    let next_hop = Server::start("");
    let relay = format!("[relay]\nnext_hop = \"127.0.0.1:{}\"\n", next_hop.port("mx"));
    // What the next hop keeps must be foreign to the first one.
    let server = Server::start_as("example.com", &relay);
    let user = ["--auth-user", "postmaster", "--auth-password", &server.password];
    let to = ["--to", "postmaster@example.org,postmaster@example.com", "--tls"];
    let talk = swaks(server.port("submission"), &[&to[..], &user].concat());
    assert!(talk.contains("250 2.0.0 delivered"), "{talk}");
    assert_eq!(server.mail("example.com/postmaster").len(), 1);
    let relayed = next_hop.mail("example.org/postmaster");
    assert_eq!(relayed.len(), 1);
    assert_eq!(relayed[0].matches("Received: ").count(), 2, "{}", relayed[0]);
}

#[test]
fn users_come_and_go_while_the_server_runs() {
    let server = Server::start("");
    let user = |arguments: &[&str], password: &str| {
        smtpd(&[&["--config", server.config(), "user"], arguments].concat(), password)
    };
    assert!(user(&["add", "alice"], "correct horse\n").0);
    let (again, message) = user(&["add", "alice"], "other\n");
    assert!(!again && message.contains("already"), "{message}");
    assert!(!user(&["add", "bob"], "").0);
    let (taken, message) = user(&["add", "bob"], &"x".repeat(1500));
    assert!(!taken && message.contains("longer than 1024 octets"), "{message}");
    assert!(!user(&["passwd", "bob"], "x\n").0);
    assert_eq!(user(&["list"], "").1.trim(), "postmaster\nalice");

    let talk = |password: &str| {
        let auth = ["--auth-user", "alice", "--auth-password", password, "--tls", "--quit-after", "AUTH"];
        swaks(server.port("submission"), &auth)
    };
    // Nobody has asked for users yet, so that the first login reads the file as it is now.
    assert!(talk("correct horse").contains("235 2.7.0"));
    assert!(user(&["remove", "alice"], "").0);
    assert!(!user(&["remove", "alice"], "").0);
}

#[test]
fn a_new_user_is_told_what_mail_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtpd.toml");
    let text = "hostname = \"a.example\"\n[local]\ndomains = [\"example.org\", \"example.net\"]\n";
    fs::write(&path, text).unwrap();
    let data = folder.path().join("data");
    let add = |name: &str| {
        let folders = ["--config", path.to_str().unwrap(), "--data", data.to_str().unwrap()];
        smtpd(&[&folders[..], &["user", "add", name]].concat(), "secret\n")
    };
    assert!(!add("j\u{f6}").0 && !add("joe m").0 && !add("joe+x").0);
    // An empty file of users would keep the first start from making one.
    assert!(!data.exists());
    assert_eq!(add("joe"), (true, "joe receives mail for joe@example.org, joe@example.net\n".to_owned()));
    let (added, message) = add("JOE");
    assert!(!added && message.contains("there is a user joe already"), "{message}");
    assert_eq!(add("jane@example.net").1, "jane@example.net receives mail for jane@example.net\n");
    let (added, message) = add("jim@example.com");
    assert!(added && message.contains("jim@example.com can log in, but receives no mail"), "{message}");
}

#[test]
fn a_folder_of_users_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtpd.toml");
    let listener = "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"mx\"\n";
    let text =
        format!("hostname = \"a.example\"\ndata_dir = \"data\"\n{listener}[auth]\nusers = \"no/users\"\n");
    fs::write(&path, text).unwrap();
    for command in [&[][..], &["check"], &["user", "list"], &["user", "add", "joe"]] {
        let config = ["--config", path.to_str().unwrap()];
        let (success, message) = smtpd(&[&config, command].concat(), "secret\n");
        assert!(!success && message.contains("no; make it, or correct [auth] users"), "{message}");
    }
}

#[test]
fn a_certificate_is_made_anew() {
    let server = Server::start("");
    let before = fs::read_to_string(server.certificate()).unwrap();
    let (made, message) = smtpd(&["--config", server.config(), "cert", "mail.example.net"], "");
    assert!(
        made && message.contains("made a self-signed certificate for mail.example.org, mail.example.net: ")
    );
    assert_ne!(fs::read_to_string(server.certificate()).unwrap(), before);
    server.signal("-HUP");
    server.logs("certificates were read again");
    let verified = Command::new("openssl")
        .args([
            "s_client",
            "-starttls",
            "smtp",
            "-verify_return_error",
            "-verify_hostname",
            "mail.example.net",
        ])
        .args(["-connect", &format!("127.0.0.1:{}", server.port("mx")), "-CAfile"])
        .arg(server.certificate())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&verified.stdout);
    assert!(
        shown.contains("Verification: OK") && shown.contains("Verified peername: mail.example.net"),
        "{shown}"
    );
    let (made, message) = smtpd(&["--config", server.config(), "cert", "no name"], "");
    assert!(!made && message.contains("\"no name\" is neither a domain name nor an address"), "{message}");
}

#[test]
fn the_version_says_what_is_offered() {
    let (_, short) = smtpd(&["--version"], "");
    assert!(short.starts_with("smtpd ") && short.lines().count() == 1, "{short}");
    let (_, long) = smtpd(&["-V", "--verbose"], "");
    assert!(
        long.starts_with(&short) && long.contains("aws-lc-rs") && long.contains("SCRAM-SHA-256-PLUS"),
        "{long}"
    );
    let server = Server::start("[queue]\nenabled = true\n");
    let user =
        ["--auth-user", "postmaster", "--auth-password", &server.password, "--tls", "--quit-after", "AUTH"];
    for (listener, arguments) in [("mx", &["--quit-after", "EHLO"][..]), ("submission", &user)] {
        let talk = swaks(server.port(listener), arguments);
        let offered = talk
            .lines()
            .filter_map(|line| line.trim_start_matches(['<', '~', '*', '-', ' ']).strip_prefix("250"));
        let keywords: Vec<&str> = offered
            .filter_map(|line| line[1..].split(' ').next())
            .filter(|word| !word.contains('.'))
            .collect();
        assert!(keywords.contains(&"PIPELINING"), "{talk}");
        for keyword in keywords {
            assert!(long.contains(&format!(" {keyword}")), "{keyword} is missing in {long}");
        }
    }
}

#[test]
fn what_is_seldom_meant_is_said_and_done() {
    let server = Server::start("[relay]\ntrusted_networks = [\"0.0.0.0/0\"]\n");
    server.logs("WARN");
    server.logs("everybody may relay");
    let (success, message) = smtpd(&["check", "--config", server.config()], "");
    assert!(success && message.contains("warning: everybody may relay"), "{message}");
}

#[test]
fn misspelt_values_of_the_access_map_are_named_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("access");
    fs::write(&map, "Connect:192.0.2\tOK\nFrom:spam.example\tREJCT\nTo:joe@ 550 no more\n").unwrap();
    let server = Server::start(&format!("[access]\nmap = {:?}\n", map.to_str().unwrap()));
    let place = format!("{}:2:19: no known value", map.display());
    server.logs(&place);
    let (success, message) = smtpd(&["check", "--config", server.config()], "");
    let warnings: Vec<_> = message.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert!(success && warnings.len() == 1, "{message}");
    assert!(warnings[0].contains(&place) && warnings[0].ends_with("did you mean REJECT?"), "{message}");
}

/// Runs `smtpd` as a user who is nobody; as the same one where the tests are not root's.
fn smtpd_as_nobody(arguments: &[&str]) -> String {
    // By its descriptor: nobody may have no way to where it is.
    let mut command = Command::new("/proc/self/fd/0");
    command.stdin(fs::File::open(server::PROGRAM).expect("the program")).args(arguments);
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().expect("it starts");
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert!(output.status.success(), "{printed}");
    printed
}

#[test]
fn a_check_finds_mailboxes_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let (config, mail) = (folder.path().join("smtpd.toml"), folder.path().join("mail"));
    fs::write(&config, "hostname = \"a.example\"\ndata_dir = \"data\"\n[local]\nmailboxes = \"mail\"\n")
        .unwrap();
    let allow = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let make = |path: &Path, mode: u32| {
        fs::create_dir(path).unwrap();
        allow(path, mode);
    };
    let warnings = || {
        let printed = smtpd_as_nobody(&["check", "--config", config.to_str().unwrap()]);
        let warnings = printed.lines().filter(|line| line.starts_with("warning: mail may have to wait: "));
        warnings.map(str::to_owned).collect::<Vec<_>>()
    };
    let blocked = |path: &Path, why: &str| {
        let warnings = warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains(&format!(" {} {why}", path.display())), "{warnings:?}");
    };
    // It is not there, and cannot be made.
    allow(folder.path(), 0o555);
    blocked(folder.path(), "cannot be written to: Permission denied");
    allow(folder.path(), 0o777);
    assert!(warnings().is_empty());
    make(&mail, 0o777);
    let (domain, mailbox) = (mail.join("a.example"), mail.join("a.example/joe"));
    make(&domain, 0o777);
    make(&mailbox, 0o777);
    make(&mailbox.join("tmp"), 0o777);
    assert!(warnings().is_empty());
    for path in [&mail, &domain, &mailbox, &mailbox.join("tmp")] {
        allow(path, 0o555);
        blocked(path, "cannot be written to: Permission denied");
        allow(path, 0o777);
    }
    fs::remove_dir_all(&mail).unwrap();
    fs::write(&mail, "").unwrap();
    blocked(&mail, "is no folder");
    allow(folder.path(), 0o755);
}

#[test]
fn a_password_for_the_next_hop_has_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let (config, password) = (folder.path().join("smtpd.toml"), folder.path().join("password"));
    let text = "hostname = \"a.example\"\n[relay]\nnext_hop = \"smtp.example.com:587\"\n\
                auth = { name = \"joe\", password_file = \"password\" }\n[relay.tls]\ndemand = \"required\"\n";
    fs::write(&config, text).unwrap();
    let check = || smtpd(&["check", "--config", config.to_str().unwrap()], "");
    let (success, message) = check();
    assert!(!success && message.contains("password: cannot be read: "), "{message}");
    fs::write(&password, "\nsecret\n").unwrap();
    let (success, message) = check();
    assert!(!success && message.contains("password: there is no password in its first line"), "{message}");
    fs::write(&password, "secret\n").unwrap();
    let (success, message) = check();
    assert!(success && message.contains("warning: a password may go to a stranger"), "{message}");
}

#[test]
fn a_first_start_makes_what_only_its_owner_may_read() {
    let server = Server::start("");
    let mode = |path: &str| fs::metadata(server.data().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("."), 0o700);
    for file in ["key.pem", "users", "decoy-secret"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    let users = fs::read_to_string(server.data().join("users")).unwrap();
    assert!(!server.password.is_empty() && !users.contains(&server.password));
}

#[test]
fn a_second_start_keeps_what_the_first_one_made() {
    let mut server = Server::start("");
    let certificate = fs::read(server.data().join("certificate.pem")).unwrap();
    let password = server.password.clone();
    assert!(server.stop());
    server.start_again();
    assert!(server.password.is_empty());
    assert_eq!(fs::read(server.data().join("certificate.pem")).unwrap(), certificate);
    let auth = ["--auth-user", "postmaster", "--auth-password", &password, "--tls", "--quit-after", "AUTH"];
    assert!(swaks(server.port("submission"), &auth).contains("235 2.7.0"));
    assert!(server.stop());
}

#[test]
fn a_wrong_configuration_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtpd.toml");
    fs::write(&path, "hostname = \"example.org\"\n[limits]\nmessage_size = \"25 apples\"\n").unwrap();
    let path = path.to_str().unwrap();
    for arguments in [&["check", "--config", path][..], &["--config", path]] {
        let (success, message) = smtpd(arguments, "");
        assert!(!success);
        assert!(message.starts_with(&format!("{path}:3:16: \"25 apples\" is no size\n")), "{message}");
        assert!(message.contains("help: write a whole number and a unit"), "{message}");
    }
    assert!(!folder.path().join("smtpd-data").exists());
}

#[test]
fn a_wrong_configuration_shows_no_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtpd.toml");
    let begin = "hostname = \"example.org\"\ndata_dir = \"data\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n\
                 kind = \"mx\"\n";
    let sql =
        "[auth]\nstores = [\"sql\"]\n[auth.sql]\nquery = \"SELECT password FROM users WHERE name = $1\"\n";
    for (wrong, expected) in [
        // It ends nowhere.
        ("postgres = \"postgres://smtpd:hunter2@localhost/mail", "postgres =..."),
        ("postgres = hunter2", "postgres =..."),
        (
            "postgres = \"host=localhost password=hunter2\"\nsqlite = \"mail.db\"",
            "a query is for one database",
        ),
        ("postgres = \"postgres://smtpd:hunter2@localhost/mail?colour=hunter2\"", "[auth.sql]: "),
        ("postgres_file = \"postgres://smtpd:hunter2@localhost/mail\"", "postgres"),
        ("ca = { password = \"hunter2\" }", "password =..."),
        ("[relay]\nauth = { name = \"joe\", password = \"hunter2\" }", "unknown field `password`"),
        ("[relay]\nauth = \"joe:hunter2\"", "auth =..."),
        ("[queue]\npostgres_file = \"postgres://smtpd:hunter2@localhost/mail\"", "postgres"),
    ] {
        fs::write(&path, format!("{begin}{sql}{wrong}\n")).unwrap();
        for command in [&["check"][..], &[]] {
            let (success, message) = smtpd(&[&["--config", path.to_str().unwrap()], command].concat(), "");
            assert!(!success && message.contains(expected), "{wrong}:\n{message}");
            assert!(!message.contains("hunter2"), "{wrong}:\n{message}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtpd.toml");
    fs::write(folder.path().join("garbage"), "garbage").unwrap();
    let begin = "hostname = \"a.example\"\ndata_dir = \"data\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n";
    for (wrong, place, remedy) in [
        ("", "smtpd.toml:3:1: missing field `kind`", "add it"),
        ("kind = \"smtp\"", "smtpd.toml:5:8: unknown variant `smtp`", "`submissions`"),
        ("kind = 1", "smtpd.toml:5:8: this is no word", "one of those"),
        ("kind = \"mx\"\n[que]", "unknown field `que`", "`queue`"),
        ("kind = \"mx\"\n[limits]\nrecipients = \"many\"", "smtpd.toml:7:14: ", "a whole number"),
        ("kind = \"mx\"\n[smtp]\nutf8 = 1", "smtpd.toml:7:8: ", "true or false"),
        ("kind = \"mx\"\n[relay]\ntrusted_networks = 1", "smtpd.toml:7:20: ", "a list"),
        ("kind = \"mx\"\n[relay]\nauth = \"joe\"", "smtpd.toml:7:8: ", "a table"),
        ("kind = \"mx\"\n[local]\nmailboxes = 1", "smtpd.toml:7:13: ", "a path"),
        ("kind = \"mx\"\n[local]\naliases = \"none\"", "smtpd.toml:7:11: the aliases", "make the file"),
        (
            "kind = \"mx\"\n[tls]\ncertificate = \"no.pem\"\nkey = \"no.pem\"",
            "[tls]: ",
            "no.pem: No such file",
        ),
        (
            "kind = \"mx\"\n[tls]\ncertificate = \"garbage\"\nkey = \"garbage\"",
            "[tls]: ",
            "no certificate in it",
        ),
        ("kind = \"mx\"\n[relay.tls]\nca = [\"no.pem\"]", "[relay.tls]: ", "no.pem: No such file"),
        ("kind = \"mx\"\n[queue]\nfolder = \"garbage/queue\"", "[queue] folder: ", "garbage/queue"),
        ("kind = \"mx\"\n[abuse]\nstate = \"garbage/state\"", "garbage/state: ", "[abuse] state"),
    ] {
        fs::write(&path, format!("{begin}{wrong}\n")).unwrap();
        let (success, message) = smtpd(&["--config", path.to_str().unwrap()], "");
        assert!(!success && message.contains(place) && message.contains(remedy), "{wrong}:\n{message}");
    }
}

#[test]
fn a_start_that_fails_for_a_port_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtpd.toml");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = ["127.0.0.1:0".to_owned(), taken.local_addr().unwrap().to_string()]
        .map(|address| format!("[[listener]]\nname = {address:?}\naddress = {address:?}\nkind = \"mx\"\n"));
    fs::write(&path, format!("hostname = \"example.org\"\ndata_dir = \"data\"\n{}", text.concat())).unwrap();
    let (success, message) = smtpd(&["--config", path.to_str().unwrap()], "");
    assert!(!success && message.contains("cannot listen on "), "{message}");
    // The password of a first user would never be shown again.
    assert!(!message.contains("password") && !message.contains("listening on "), "{message}");
    assert!(!folder.path().join("data").exists());
}
