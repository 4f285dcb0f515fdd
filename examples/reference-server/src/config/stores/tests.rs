use std::path::Path;

#[cfg(feature = "postgres")]
use super::sql::Address;
use super::*;
use crate::config::{Config, source};

fn check(auth: &str) -> Result<Config, String> {
    let text = format!("hostname = \"a.example\"\n[auth]\n{auth}");
    source::check("smtpd.toml", &text, Path::new("/etc/smtpd"), None).map_err(|error| error.to_string())
}

fn stores(auth: &str) -> Vec<Store> {
    check(auth).unwrap().stores
}

#[test]
fn the_file_of_the_users_is_the_store_unless_told() {
    assert_eq!(stores(""), [Store::Users]);
    assert_eq!(stores("stores = [\"users\"]"), [Store::Users]);
}

#[test]
fn stores_are_asked_in_their_order() {
    let found = stores(
        "stores = [\"dovecot\", \"users\", \"saslauthd\"]\n\
         [auth.saslauthd]\nservice = \"mail\"\nrealm = \"example.org\"\nwhole_names = true\n\
         [auth.dovecot]\nsocket = \"dovecot.socket\"\ntimeout = \"20 s\"\n",
    );
    let dovecot = DovecotStore {
        socket: "/etc/smtpd/dovecot.socket".into(),
        service: "smtp".into(),
        timeout: Duration::from_secs(20),
    };
    let saslauthd = SaslauthdStore {
        socket: "/run/saslauthd/mux".into(),
        service: "mail".into(),
        realm: "example.org".into(),
        whole_names: true,
        timeout: Duration::from_secs(30),
    };
    assert_eq!(found, [Store::Dovecot(dovecot), Store::Users, Store::Saslauthd(saslauthd)]);
}

#[cfg(feature = "pam")]
#[test]
fn pam_needs_nothing_more() {
    let pam = |service: &str| {
        Store::Pam(PamStore { service: service.to_owned(), timeout: Duration::from_secs(30) })
    };
    assert_eq!(stores("stores = [\"pam\"]"), [pam("smtp")]);
    assert_eq!(stores("stores = [\"pam\"]\n[auth.pam]\nservice = \"mail\""), [pam("mail")]);
}

#[cfg(feature = "ldap")]
#[test]
fn a_directory_has_an_address_and_a_way_to_users() {
    let ldap = |lines: &str| match stores(&format!("stores = [\"ldap\"]\n[auth.ldap]\n{lines}")).remove(0) {
        Store::Ldap(store) => store,
        other => panic!("{other:?}"),
    };
    let pattern = "dn = \"uid={user},dc=example,dc=org\"\n";
    for (url, expected) in [
        ("ldaps://ldap.example.org", LdapPlace::Tls("ldap.example.org".into(), 636)),
        ("ldaps://ldap.example.org:6360/", LdapPlace::Tls("ldap.example.org".into(), 6360)),
        ("ldap://192.0.2.1", LdapPlace::StartTls("192.0.2.1".into(), 389)),
        ("ldap://[2001:db8::1]:3890", LdapPlace::StartTls("2001:db8::1".into(), 3890)),
        ("ldap://[2001:db8::1]", LdapPlace::StartTls("2001:db8::1".into(), 389)),
        ("ldapi:///run/slapd/ldapi", LdapPlace::Unix("/run/slapd/ldapi".into())),
        ("ldapi://%2Frun%2fslapd%2Fldapi", LdapPlace::Unix("/run/slapd/ldapi".into())),
    ] {
        assert_eq!(ldap(&format!("url = {url:?}\n{pattern}")).place, expected, "{url}");
    }
    let plaintext = ldap(&format!("url = \"ldap://localhost\"\nplaintext = true\n{pattern}"));
    assert_eq!(plaintext.place, LdapPlace::Plaintext("localhost".into(), 389));
    assert_eq!(plaintext.way, LdapWay::Template("uid={user},dc=example,dc=org".into()));

    let search = ldap(
        "url = \"ldaps://ldap.example.org\"\nca = \"ca.pem\"\nbase = \"dc=example\"\nfilter = \"(mail={name})\"\n\
         account = \"cn=smtp\"\npassword_file = \"secret\"\nname_attribute = \"uid\"\n",
    );
    assert_eq!(search.ca.as_deref(), Some(Path::new("/etc/smtpd/ca.pem")));
    let expected = LdapWay::Search {
        base: "dc=example".into(),
        filter: "(mail={name})".into(),
        account: Some(("cn=smtp".into(), "/etc/smtpd/secret".into())),
        name_attribute: Some("uid".into()),
    };
    assert_eq!(search.way, expected);
}

/// The first line of the error, and its help.
fn problem(auth: &str) -> (String, String) {
    let shown = check(auth).unwrap_err();
    let help = shown.lines().find_map(|line| line.strip_prefix("help: ")).unwrap();
    (shown.lines().next().unwrap().to_owned(), help.to_owned())
}

fn shows(cases: &[(&str, &str, &str)]) {
    for (auth, expected, remedy) in cases {
        let (what, help) = problem(auth);
        assert!(what.starts_with(&format!("smtpd.toml:{expected}")), "{auth}: {what}");
        assert!(help.contains(remedy), "{auth}: {help}");
    }
}

#[test]
fn each_problem_has_a_place_and_a_remedy() {
    shows(&[
        ("stores = []", "3:10: there is no store, so nobody could log in", "saslauthd"),
        ("stores = [\"shadow\"]", "3:11: \"shadow\" is no known store", "pam"),
        ("stores = [\"oauth\"]", "3:11: nothing is said of oauth", "[auth.oauth]"),
        ("stores = [\"users\", \"users\"]", "3:20: \"users\" is there already", "once"),
        ("stores = [\"dovecot\"]", "3:11: nothing is said of dovecot", "[auth.dovecot]"),
        ("stores = [\"ldap\"]", "3:11: nothing is said of ldap", "[auth.ldap]"),
        ("stores = [\"dovecot\"]\n[auth.dovecot]\n", "4:1: missing field `socket`", "add it"),
        ("[auth.saslauthd]", "3:1: [auth.saslauthd] is not among [auth] stores", "stores = [\"saslauthd\"]"),
        (
            "stores = [\"saslauthd\"]\n[auth.saslauthd]\nservice = \"../x\"",
            "5:11: \"../x\" is no service",
            "\"smtp\"",
        ),
        (
            "stores = [\"saslauthd\"]\n[auth.saslauthd]\ntimeout = \"soon\"",
            "5:11: \"soon\" is no duration",
            "min",
        ),
        ("stores = [\"saslauthd\"]\n[auth.saslauthd]\npath = \"x\"", "5:1: unknown field `path`", "`socket`"),
    ]);
}

#[cfg(feature = "ldap")]
#[test]
fn each_problem_of_a_directory_has_a_place_and_a_remedy() {
    let (dn, url) = ("dn = \"uid={user}\"\n", "url = \"ldaps://a\"\n");
    let search = "base = \"o=x\"\nfilter = \"(uid={user})\"\n";
    for (lines, expected, remedy) in [
        (format!("url = \"ldap.example.org\"\n{dn}"), "5:7: \"ldap.example.org\" is no address", "ldaps://"),
        (format!("url = \"ldap://\"\n{dn}"), "5:7: \"ldap://\" is no address", "ldaps://"),
        (format!("url = \"ldapi://x\"\n{dn}"), "5:7: \"ldapi://x\" is no address", "ldapi://"),
        (format!("{url}plaintext = true\n{dn}"), "6:13: plaintext is for ldap: alone", "leave"),
        (url.to_owned(), "5:7: nothing is said of how users are found", "filter"),
        (format!("{url}base = \"o=x\"\n"), "5:7: nothing is said of how users are found", "filter"),
        (
            format!("{url}dn = \"uid=x\"\n"),
            "6:6: \"uid=x\" says nowhere where the user's name goes",
            "{user}",
        ),
        (format!("{url}dn = \"uid={{u}}\"\n"), "6:6: \"uid={u}\" has braces without", "{domain}"),
        (format!("{url}{dn}filter = \"(uid={{user}})\"\n"), "7:10: this is of a search", "leave"),
        (
            format!("{url}base = \"o=x\"\nfilter = \"uid={{user}})\"\n"),
            "7:10: \"uid={user})\" is no LDAP",
            "{user}",
        ),
        (format!("{url}{search}account = \"cn=a\"\n"), "8:11: the account has no password", "password_file"),
        (format!("{url}{search}password_file = \"p\"\n"), "8:17: there is no account with", "account = "),
    ] {
        let (what, help) = problem(&format!("stores = [\"ldap\"]\n[auth.ldap]\n{lines}"));
        assert!(what.starts_with(&format!("smtpd.toml:{expected}")), "{lines}: {what}");
        assert!(help.contains(remedy), "{lines}: {help}");
    }
}

#[cfg(not(feature = "pam"))]
#[test]
fn what_was_not_built_is_told_of() {
    shows(&[("stores = [\"pam\"]", "3:11: this server was built without pam", "--features pam")]);
}

#[cfg(all(feature = "ldap", feature = "pam", feature = "postgres", feature = "oauth"))]
#[test]
fn the_stores_in_the_readme_are_good() {
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme.split_once("```toml\n[auth]\n").unwrap();
    let found = stores(rest.split_once("```").unwrap().0);
    let names: Vec<_> = found.iter().map(Store::name).collect();
    assert_eq!(names, ["users", "saslauthd", "dovecot", "ldap", "pam", "sql", "http", "oauth"]);
}

#[cfg(all(feature = "sqlite", feature = "postgres"))]
#[test]
fn a_database_has_an_address_and_a_query() {
    let query = "query = \"SELECT hash AS password FROM users WHERE name = $1\"\n";
    let sql = |lines: &str| match stores(&format!("stores = [\"sql\"]\n[auth.sql]\n{query}{lines}")).remove(0)
    {
        Store::Sql(store) => store,
        other => panic!("{other:?}"),
    };
    let sqlite = sql("sqlite = \"mail.db\"\nscram = [\"scram-sha-256\"]\ntimeout = \"2 s\"\n");
    assert_eq!(sqlite.database, Database::Sqlite("/etc/smtpd/mail.db".into()));
    assert_eq!(sqlite.scram, [smtp_server::auth::ScramHash::Sha256]);
    assert_eq!(sqlite.timeout, Duration::from_secs(2));
    let postgres = sql("postgres = \"dbname=mail\"\n");
    assert_eq!(postgres.database, Database::Postgres(Address("dbname=mail".into())));
    let postgres = sql("postgres_file = \"address\"\nca = \"ca.pem\"\n");
    assert_eq!(postgres.database, Database::PostgresFile("/etc/smtpd/address".into()));
    assert_eq!(postgres.ca.as_deref(), Some(Path::new("/etc/smtpd/ca.pem")));

    let sql = |lines: &str| format!("stores = [\"sql\"]\n[auth.sql]\n{lines}");
    shows(&[
        (
            &sql("query = \"SELECT 1\"\nsqlite = \"x\""),
            "5:9: the query says nowhere where the name goes",
            "$1",
        ),
        (&sql("query = \"$1\""), "5:9: a query is for one database", "postgres_file"),
        (
            &sql("query = \"$1\"\nsqlite = \"x\"\npostgres = \"y\""),
            "5:9: a query is for one database",
            "sqlite",
        ),
        (
            &sql("query = \"$1\"\nsqlite = \"x\"\nscram = [\"PLAIN\"]"),
            "7:10: \"PLAIN\" is no mechanism with keys",
            "SCRAM-SHA-512",
        ),
    ]);
}

#[cfg(feature = "oauth")]
#[test]
fn tokens_are_asked_about_or_verified() {
    let oauth = |lines: &str| match stores(&format!("stores = [\"oauth\"]\n[auth.oauth]\n{lines}")).remove(0)
    {
        Store::Oauth(store) => store,
        other => panic!("{other:?}"),
    };
    let asked = oauth(
        "name_claim = \"username\"\nintrospection = \"https://login.example.org/introspect\"\n\
         client = \"smtp\"\nclient_secret_file = \"secret\"\nscopes = [\"mail.send\"]\n",
    );
    let client = Some(("smtp".to_owned(), "/etc/smtpd/secret".into()));
    let url = "https://login.example.org/introspect".to_owned();
    assert_eq!(asked.tokens, Tokens::Introspection { url, client });
    assert_eq!((&*asked.name_claim, &asked.scopes[..]), ("username", &["mail.send".to_owned()][..]));
    let who = "name_claim = \"sub\"\nissuers = [\"a\"]\naudiences = [\"b\"]\n";
    let keys = oauth(&format!("{who}keys = \"https://login.example.org/jwks\"\n")).tokens;
    assert_eq!(keys, Tokens::Keys("https://login.example.org/jwks".to_owned()));
    let keys = oauth(&format!("{who}keys_file = \"jwks.json\"\n")).tokens;
    assert_eq!(keys, Tokens::KeysFile("/etc/smtpd/jwks.json".into()));

    let oauth = |lines: &str| format!("stores = [\"oauth\"]\n[auth.oauth]\n{lines}");
    shows(&[
        (&oauth("name_claim = \"sub\""), "5:14: nothing or too much is said of who knows", "introspection"),
        (
            &oauth("name_claim = \"sub\"\nkeys = \"x\"\nintrospection = \"x\""),
            "5:14: nothing or too much is said of who knows",
            "one of",
        ),
        (&oauth("name_claim = \"sub\"\nkeys = \"x\""), "5:14: signed tokens of anybody", "issuers"),
        (
            &oauth("name_claim = \"sub\"\nintrospection = \"x\"\nclient = \"y\""),
            "7:10: the client has no secret",
            "client_secret_file",
        ),
    ]);
}

#[cfg(feature = "http")]
#[test]
fn a_web_service_is_asked_with_a_secret() {
    let found = stores(
        "stores = [\"http\"]\n[auth.http]\nurl = \"https://accounts.example.org/login\"\n\
         bearer_file = \"bearer\"\nsigning_key_file = \"key\"\nremember = \"5 min\"\n",
    );
    let http = HttpStore {
        url: "https://accounts.example.org/login".to_owned(),
        bearer_file: Some("/etc/smtpd/bearer".into()),
        signing_key_file: Some("/etc/smtpd/key".into()),
        remember: Some(Duration::from_secs(300)),
        web: Web { ca: None, timeout: Duration::from_secs(10) },
    };
    assert_eq!(found, [Store::Http(http)]);
}
