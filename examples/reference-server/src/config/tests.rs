use std::path::Path;

use super::*;

fn check(text: &str) -> Result<Config, ConfigError> {
    source::check("smtpd.toml", text, Path::new("/etc/smtpd"), None)
}

/// The first line of the error, and its help.
fn problem(text: &str) -> (String, String) {
    let shown = check(text).unwrap_err().to_string();
    let help = shown.lines().find_map(|line| line.strip_prefix("help: ")).unwrap();
    (shown.lines().next().unwrap().to_owned(), help.to_owned())
}

#[test]
fn everything_can_be_said() {
    let config = check(
        r#"
        hostname = "mail.example.org"
        data_dir = "/var/lib/smtpd"

        [[listener]]
        address = "0.0.0.0:25"
        kind = "mx"

        [[listener]]
        name = "users"
        address = "[::]:465"
        kind = "submissions"

        [tls]
        certificate = "chain.pem"
        key = "/secret/key.pem"

        [auth]
        users = "users"
        mechanisms = ["plain", "LOGIN"]
        certificates = true
        senders = "any"

        [local]
        domains = ["example.org", "example.net"]
        quota = "2 GiB"

        [relay]
        next_hop = "smtp.example.com:2525"
        auth = { name = "joe", password_file = "secret", mechanisms = ["scram-sha-256"] }
        trusted_networks = ["192.0.2.0/24", "2001:db8::/32"]

        [smtp]
        bare_line_endings = "normalise"
        greeting_delay = "5 s"
        utf8 = false

        [limits]
        message_size = "10 MiB"
        line_length = 1000
        data_rate = 0
        errors = 5
        recipients = 50
        command_timeout = "2 min"

        [log]
        level = "debug"
        format = "json"
        "#,
    )
    .unwrap();
    assert_eq!(config.hostname.as_str(), "mail.example.org");
    let greeting_delay = Duration::from_secs(5);
    let smtp = Smtp { bare_line_endings: BareLineEndings::Normalise, greeting_delay, utf8: false };
    assert_eq!(config.smtp, smtp);
    assert_eq!((config.limits.line_length, config.limits.data_rate), (Some(1000), 0));
    assert_eq!((config.limits.commands, config.limits.errors), (10_000, 5));
    assert_eq!(config.listeners[0].name, "mx");
    assert_eq!(config.listeners[1].name, "users");
    assert_eq!(config.listeners[1].kind, Kind::Submissions);
    assert_eq!(config.tls.certificates[0].certificate, Path::new("/etc/smtpd/chain.pem"));
    assert_eq!(config.tls.certificates[0].key, Path::new("/secret/key.pem"));
    assert_eq!(config.users, Path::new("/etc/smtpd/users"));
    assert_eq!(config.mailboxes, Path::new("/var/lib/smtpd/mail"));
    assert_eq!(config.mechanisms, [Mechanism::PLAIN, Mechanism::LOGIN]);
    assert!(config.certificates);
    assert_eq!((config.senders, config.quota), (Senders::Any, Some(2 << 30)));
    assert_eq!(config.local_domains.len(), 2);
    assert_eq!(config.next_hop, Some(("smtp.example.com".to_owned(), 2525)));
    let login = config.login.unwrap();
    assert_eq!((login.name.as_str(), login.password_file), ("joe", "/etc/smtpd/secret".into()));
    assert_eq!(login.mechanisms, Some(vec![Mechanism::SCRAM_SHA_256]));
    assert_eq!(config.trusted_networks.len(), 2);
    assert_eq!(config.limits.message_size, 10 << 20);
    assert_eq!(config.limits.recipients, 50);
    assert_eq!(config.limits.command_timeout, Duration::from_secs(120));
    assert_eq!(config.limits.connections, defaults::LIMITS.connections);
    assert_eq!(config.log, Log { level: LogLevel::Debug, format: LogFormat::Json });
}

#[test]
fn nothing_has_to_be_said_but_a_name() {
    let config = check("hostname = \"a.example\"").unwrap();
    assert_eq!(config.local_domains, ["a.example".parse().unwrap()]);
    assert_eq!(config.listeners, defaults::listeners());
    assert!(config.listeners.iter().all(|listener| listener.address.tcp().unwrap().ip().is_loopback()));
    assert_eq!((config.tls, config.relay_tls), (Tls::default(), RelayTls::default()));
    assert_eq!(config.next_hop, None);
    assert_eq!((config.senders, config.quota), (Senders::Own, None));
    assert_eq!(config.data_dir, Path::new("smtpd-data"));
    assert_eq!(config.users, Path::new("smtpd-data/users"));
}

#[test]
fn all_of_tls_can_be_said() {
    let config = check(
        r#"
        hostname = "mail.example.org"

        [[listener]]
        address = "unix:smtpd.sock"
        kind = "mx"
        mode = "600"
        proxy_from = ["unix"]

        [[listener]]
        address = "systemd:smtp"
        kind = "mx"
        proxy_from = ["192.0.2.10/32"]
        client_certificates = "off"

        [[listener]]
        address = "[::]:465"
        kind = "submissions"
        share_port = true

        [tls]
        certificate = "chain.pem"
        key = "key.pem"
        client_certificates = "request"
        client_ca = ["partners.pem", "/etc/ssl/certs"]
        client_crl = "crl.pem"
        never_asked = ["192.0.2.25/32"]
        oldest = "1.3"
        cipher_suites = ["TLS_AES_256_GCM_SHA384"]
        groups = ["X25519MLKEM768", "X25519"]

        [[tls.certificates]]
        certificate = "other.pem"
        key = "other-key.pem"

        [relay.tls]
        demand = "required"
        ca = "/etc/ssl/certs"
        certificate = "out.pem"
        key = "out-key.pem"
        destinations = { "smtp.example.com" = "verified", ".example.net" = "never" }
        "#,
    )
    .unwrap();
    assert_eq!(config.listeners[0].address, Address::Unix("/etc/smtpd/smtpd.sock".into()));
    assert_eq!(config.listeners[0].mode, 0o600);
    assert_eq!(config.listeners[0].proxy_from, [Forwarder::Local]);
    assert_eq!(config.listeners[1].address, Address::Systemd("smtp".to_owned()));
    assert_eq!(config.listeners[1].client_certificates, Some(Asked::Off));
    assert!(config.listeners[2].share_port);
    assert_eq!(config.tls.certificates.len(), 2);
    assert_eq!(config.tls.client_certificates, Asked::Request);
    assert_eq!(config.tls.client_ca, [Path::new("/etc/smtpd/partners.pem"), Path::new("/etc/ssl/certs")]);
    assert_eq!(config.relay_tls.demand, Demanded::Required);
    assert_eq!(config.relay_tls.destinations["smtp.example.com"], Demanded::Verified);
}

#[test]
fn mistakes_in_tls_are_shown() {
    for (text, expected) in [
        ("[tls]\ncertificate = \"a.pem\"", "come together"),
        (
            "[tls]\ncertificate = \"a\"\nkey = \"b\"\n[tls.acme]\ndirectory = \"https://ca.example/dir\"",
            "either in files",
        ),
        ("[relay.tls]\nkey = \"a.pem\"", "come together"),
        ("[tls]\nclient_certificates = \"require\"", "nobody could connect"),
        ("[tls]\ncipher_suites = [\"RC4-MD5\"]", "RC4-MD5 is no cipher suite"),
        ("[tls]\ngroups = [\"secp112r1\"]", "secp112r1 is no key exchange group"),
        ("[tls]\nnever_asked = [\"a\"]", "\"a\" is no network"),
        ("[[listener]]\nkind = \"mx\"\naddress = \"unix:\"", "is no address"),
        ("[[listener]]\nkind = \"mx\"\naddress = \"unix:a\"\nmode = \"999\"", "is no mode"),
        ("[[listener]]\nkind = \"mx\"\naddress = \"[::]:25\"\nproxy_from = [\"all\"]", "is no network"),
    ] {
        let (what, _) = problem(&format!("hostname = \"a.example\"\n{text}\n"));
        assert!(what.contains(expected), "{text}: {what}");
    }
}

#[test]
fn a_password_goes_to_no_stranger_unless_told_so() {
    let config = |more: &str| {
        let text = format!("hostname = \"a\"\n[relay]\nnext_hop = \"smtp.example.com:587\"\n{more}");
        check(&text).unwrap()
    };
    let auth = "auth = { name = \"joe\", password_file = \"pencil\" }\n";
    let ca = format!("{auth}[relay.tls]\nca = \"ca.pem\"");
    assert_eq!(config("").relay_tls.demand, Demanded::Opportunistic);
    assert_eq!(config(auth).relay_tls.demand, Demanded::Verified);
    assert_eq!(config(&ca).relay_tls.demand, Demanded::Verified);
    assert_eq!(config(&format!("{ca}\ndemand = \"never\"")).relay_tls.demand, Demanded::Never);
}

#[test]
fn without_a_file_localhost_is_local_too() {
    let config = Config::load(None, None).unwrap();
    assert_eq!(config.local_domains[0], config.hostname);
    let localhost: Vec<_> =
        config.local_domains.iter().filter(|domain| domain.as_str() == "localhost").collect();
    assert_eq!(localhost.len(), 1);
}

#[test]
fn the_command_line_decides_on_the_data_folder() {
    let text = "hostname = \"a\"\ndata_dir = \"/x\"";
    let config = source::check("", text, Path::new("/etc"), Some(Path::new("mine"))).unwrap();
    assert_eq!(config.data_dir, Path::new("mine"));
    assert_eq!(config.mailboxes, Path::new("mine/mail"));
}

#[test]
fn each_problem_has_a_place_and_a_remedy() {
    for (text, expected, remedy) in [
        ("hostname = \"a b\"", "1:12: \"a b\" is no domain name", "mail.example.org"),
        ("hostnme = \"a\"", "1:1: unknown field `hostnme`", "`hostname`"),
        ("hostname = 5", "1:12: invalid type: integer `5`", "a string"),
        ("[limits]\nmessage_size = \"25 apples\"", "2:16: \"25 apples\" is no size", "MiB"),
        ("[limits]\nmessage_size = \"0\"", "2:16: \"0\" is no size", "MiB"),
        ("[limits]\ncommand_timeout = \"soon\"", "2:19: \"soon\" is no duration", "min"),
        ("[limits]\nrecipients = 0", "2:14: nothing would ever get through", "1 or more"),
        ("[relay]\nnext_hop = \"mx.example\"", "2:12: \"mx.example\" is no host with a port", ":25"),
        ("[relay]\nnext_hop = \"mx.example:0\"", "2:12: \"mx.example:0\" is no host with a port", ":25"),
        (
            "[relay]\nauth = { name = \"a\", password_file = \"b\" }",
            "2:8: there is no server to log in at",
            "next_hop",
        ),
        (
            "[relay]\nnext_hop = \"a:25\"\nauth = { name = \"a\" }",
            "3:8: missing field `password_file`",
            "add it",
        ),
        ("[relay]\ntrusted_networks = [\"10/8\"]", "2:21: \"10/8\" is no network", "/24"),
        ("[auth]\nmechanisms = [\"NTLM\"]", "2:15: \"NTLM\" is no known mechanism", "PLAIN"),
        ("[auth]\nmechanisms = []", "2:14: there is no mechanism", "PLAIN"),
        ("[local]\ndomains = []", "2:11: there is no local domain", "name one"),
        ("[local]\ndomains = [\"a\", \"-\"]", "2:17: \"-\" is no domain name", "hyphens"),
        ("[local]\nquota = \"much\"", "2:9: \"much\" is no size", "no quota"),
        ("[local]\nquota = \"0 B\"", "2:9: \"0 B\" is no size", "no quota"),
        ("[auth]\nsenders = \"all\"", "2:11: unknown variant `all`", "`own`"),
        ("listener = []", "1:12: there is no listener", "[[listener]]"),
        ("[log]\nlevel = \"loud\"", "2:9: unknown variant `loud`", "`info`"),
    ] {
        let (what, help) = problem(text);
        assert_eq!(what, format!("smtpd.toml:{expected}"), "{text}");
        assert!(help.contains(remedy), "{text}: {help}");
    }
}

#[test]
fn listeners_do_not_get_in_each_others_way() {
    let listener = |name: &str, address: &str| {
        format!("[[listener]]\nname = {name:?}\naddress = {address:?}\nkind = \"mx\"\n")
    };
    let both = |a: (&str, &str), b: (&str, &str)| check(&(listener(a.0, a.1) + &listener(b.0, b.1)));
    assert!(both(("a", "127.0.0.1:0"), ("b", "127.0.0.1:0")).is_ok());
    assert!(both(("a", "127.0.0.1:25"), ("b", "127.0.0.1:25")).is_err());
    assert!(both(("a", "127.0.0.1:25"), ("a", "127.0.0.1:26")).is_err());
    let (what, help) = problem(&listener("a", "localhost:25"));
    assert_eq!(what, "smtpd.toml:3:11: \"localhost:25\" is no address with a port");
    assert!(help.contains("0.0.0.0:25"));
    assert!(problem(&listener("a b", "127.0.0.1:25")).0.ends_with("is one word"));
    let lmtp = |port| format!("[[listener]]\naddress = \"127.0.0.1:{port}\"\nkind = \"lmtp\"\n");
    assert!(check(&lmtp(24)).is_ok());
    assert!(problem(&lmtp(25)).0.ends_with("port 25 is for SMTP, not for LMTP"));
    assert!(problem("[[listener]]\nkind = \"mx\"").0.contains("missing field `address`"));
}

#[test]
fn a_listener_that_clashes_is_told_with_what() {
    let listener = |name: &str, port: u16| {
        format!("[[listener]]\nname = {name:?}\naddress = \"127.0.0.1:{port}\"\nkind = \"mx\"\n")
    };
    let (what, _) = problem(&(listener("a", 25) + &listener("a", 26)));
    assert_eq!(what, "smtpd.toml:6:8: there is a listener \"a\" already, on 127.0.0.1:25");
    let (what, _) = problem(&(listener("a", 25) + &listener("b", 25)));
    assert_eq!(what, "smtpd.toml:7:11: listener \"a\" has the address 127.0.0.1:25 already");
}

#[test]
fn listeners_without_names_get_names_of_their_own() {
    let listener = |name: &str, port: u16, kind: &str| {
        format!("[[listener]]\n{name}\naddress = \"127.0.0.1:{port}\"\nkind = {kind:?}\n")
    };
    let text = [
        listener("", 25, "mx"),
        listener("", 26, "mx"),
        listener("", 587, "submission"),
        listener("", 27, "mx"),
        // Whoever chose a name keeps it.
        listener("name = \"mx-3\"", 28, "mx"),
    ];
    let listeners = check(&("hostname = \"a\"\n".to_owned() + &text.concat())).unwrap().listeners;
    let names: Vec<_> = listeners.iter().map(|listener| &*listener.name).collect();
    assert_eq!(names, ["mx", "mx-2", "submission", "mx-4", "mx-3"]);
}

#[test]
fn mistakes_in_files_of_sendmails_are_shown_with_both_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let access = file("access", "Connect:192.0.2 REJECT\nTLS_Rcpt:example.net VERIFY\n");
    let aliases = file("aliases", "staff: joe\n");
    let text = |access: &str, aliases: &str| {
        format!(
            "hostname = \"a\"\n[access]\nmap = {access:?}\nchecks = \"delayed\"\n[local]\naliases = {aliases:?}\n"
        )
    };
    let config = check(&text(&access, &aliases)).unwrap();
    assert!(config.access.is_some() && config.aliases.is_some());
    assert_eq!(config.checks, Checks::Delayed);

    let broken = file("access", "Connect:10.0.0.0/8 REJECT\n");
    let (what, help) = problem(&text(&broken, &aliases));
    assert_eq!(what, "smtpd.toml:3:7: the access map cannot be used");
    assert!(help.contains("access:1:9: networks are named by their first numbers"), "{help}");
    let trusted = file("trusted-domains", ".example.org\n");
    let access_table =
        |more: &str| format!("hostname = \"a\"\n[access]\ntrusted_domains = {trusted:?}\n{more}");
    assert!(check(&access_table("client_names = true\n")).unwrap().trusted_domains.is_some());
    assert!(problem(&access_table("")).0.ends_with("as clients have no names"));
    let (what, help) = problem(&text(&access, "/nowhere/aliases"));
    assert_eq!(what, "smtpd.toml:6:11: the aliases cannot be used");
    assert!(help.contains("/nowhere/aliases: cannot be read"), "{help}");
}

#[test]
fn all_problems_are_shown_at_once() {
    let shown = check("hostname = \"?\"\n[limits]\nmessage_size = \"?\"\ndata_timeout = \"?\"").unwrap_err();
    assert_eq!(shown.to_string().matches("help: ").count(), 3);
}

#[test]
fn a_file_that_is_not_there_has_a_remedy_too() {
    let error = Config::load(Some(Path::new("/nowhere/smtpd.toml")), None).unwrap_err();
    assert!(error.to_string().contains("help: name another file"));
}

#[test]
fn the_configuration_in_the_readme_is_good() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let config = check(rest.split_once("```").unwrap().0).unwrap();
    assert_eq!((config.listeners.len(), config.local_domains.len()), (3, 2));
}

#[test]
fn a_directory_is_in_one_database() {
    let users = "users = \"SELECT 1 FROM users WHERE address = $1\"\n";
    let directory = |lines: &str| format!("hostname = \"a\"\n[directory]\n{lines}");
    let found = check(&directory(&format!("sqlite = \"mail.db\"\n{users}"))).unwrap().directory.unwrap();
    assert_eq!(found.database, DirectoryDatabase::Sqlite("/etc/smtpd/mail.db".into()));
    assert_eq!(found.users.as_deref(), Some("SELECT 1 FROM users WHERE address = $1"));
    assert_eq!(found.aliases, None);
    for (lines, what, help) in [
        (users.to_owned(), "2:1: a directory is in one database", "postgres_file"),
        ("sqlite = \"x\"\n".to_owned(), "2:1: nobody is looked up", "add users or aliases"),
        ("sqlite = \"x\"\nusers = \"SELECT 1\"\n".to_owned(), "4:9: the query says nowhere", "$1"),
        (format!("sqlite = \"x\"\nrefresh = \"1 s\"\n{users}"), "4:11: this is for PostgreSQL", "leave"),
        (format!("sqlite = \"x\"\npostgres_ca = \"ca\"\n{users}"), "4:15: a file needs no", "postgres_file"),
        (
            "sqlite = \"x\"\naliases = \"SELECT\"\n[local]\naliases = \"/dev/null\"\n".to_owned(),
            "4:11: aliases are in a file or in a database",
            "[local]",
        ),
    ] {
        let (first, shown) = problem(&directory(&lines));
        assert!(first.starts_with(&format!("smtpd.toml:{what}")) && shown.contains(help), "{first}\n{shown}");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn the_address_of_a_directory_is_in_a_file_of_its_own() {
    let directory = |lines: &str| {
        format!("hostname = \"a\"\n[directory]\nusers = \"SELECT $1\"\npostgres_file = {lines}\n")
    };
    let found = check(&directory("\"address\"\npostgres_ca = \"ca.pem\"\nrefresh = \"1 min\"")).unwrap();
    let expected = PostgresDirectory {
        address_file: "/etc/smtpd/address".into(),
        ca: Some("/etc/smtpd/ca.pem".into()),
        timeout: Duration::from_secs(5),
        refresh: Duration::from_mins(1),
    };
    assert_eq!(found.directory.unwrap().database, DirectoryDatabase::Postgres(expected));
    for address in ["\"postgres://joe:hunter2@db/mail\"", "\"host=db password=hunter2\""] {
        let (first, help) = problem(&directory(address));
        assert!(first.contains("this looks like the address of a database"), "{first}");
        assert!(!format!("{first}{help}").contains("hunter2"), "{first}{help}");
    }
    let (first, _) = problem(&directory("\"x\"\nsqlite = \"y\""));
    assert!(first.contains("a directory is in one database"), "{first}");
}
