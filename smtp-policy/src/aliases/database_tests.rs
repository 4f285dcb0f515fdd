//! What holds of a directory in whatever database.

use smtp_core::Mailbox;
use smtp_core::testing::domain;

use super::{AliasDirectory, AliasFile, Resolution, Users};

pub(super) const ALIASES: &str = "SELECT name, members FROM aliases";
pub(super) const USERS: &str = "SELECT 1 FROM users WHERE address = $1";
pub(super) const TABLES: &str = "CREATE TABLE users (address TEXT PRIMARY KEY);
    CREATE TABLE aliases (name TEXT, members TEXT);";

/// Who is in it for [`whom_it_knows`].
pub(super) const ROWS: &str = "
    INSERT INTO users VALUES ('joe@example.org'), ('it''s@example.org'), ('kim@example.org');
    INSERT INTO aliases VALUES
        ('\u{212a}ate@example.org', 'kim'), ('kate@example.org', 'joe'),
        ('Sales', 'joe, ann@example.net'), ('sales', 'joe'), ('@example.com', 'joe@example.org'),
        ('staff', 'sales'), ('staff', '\\kim'), ('owner-staff', 'ann@example.net');";

pub(super) async fn whom_it_knows(aliases: AliasFile, users: impl Users) {
    let directory = AliasDirectory::new(aliases, users, ["example.org", "example.com"].map(domain));
    // The small letter of this one is a k, which is another name.
    let other = Mailbox::from_utf8("\u{212a}im@example.org").unwrap();
    assert_eq!(directory.resolve(&other).await.unwrap(), Resolution::Unknown);
    for (address, expected) in [
        ("Kate@example.org", "joe@example.org"),
        ("joe@example.org", "Mailbox"),
        ("JOE+x@Example.org", "Mailbox"),
        ("it's@example.org", "Mailbox"),
        ("\"' OR 1=1 --\"@example.org", "Unknown"),
        ("\"'; DROP TABLE users; --\"@example.org", "Unknown"),
        ("\"$1\\\\'\"@example.org", "Unknown"),
        ("%@example.org", "Unknown"),
        ("jim@example.org", "Unknown"),
        ("sales@example.org", "joe@example.org ann@example.net"),
        ("staff@example.org", "joe@example.org ann@example.net kim@example.org by owner-staff@example.org"),
        ("anybody@example.com", "joe@example.org"),
        ("joe@example.net", "Elsewhere"),
    ] {
        assert_eq!(resolve(&directory, address).await, expected, "{address}");
    }
}

/// Of an empty one, with `joe@example.org` among the users, to which statements go.
pub(super) async fn what_changes_is_read_again(file: AliasFile, users: impl Users, execute: impl Fn(&str)) {
    let directory = AliasDirectory::new(file.clone(), users, [domain("example.org")]);
    for (statement, expected) in [
        ("INSERT INTO aliases VALUES ('sales', 'joe')", "joe@example.org"),
        // What is broken is not taken.
        ("INSERT INTO aliases VALUES ('broken', '|rm')", "joe@example.org"),
        ("UPDATE aliases SET members = 'ann@example.net'", "ann@example.net"),
    ] {
        execute(statement);
        file.refresh();
        file.refresh();
        assert_eq!(resolve(&directory, "sales@example.org").await, expected, "{statement}");
    }
    execute("INSERT INTO users VALUES ('ann@example.org')");
    assert_eq!(resolve(&directory, "ann@example.org").await, "Mailbox");
    // It says so rather than that nobody is there.
    execute("DROP TABLE users");
    assert!(directory.resolve(&"joe@example.org".parse().unwrap()).await.is_err());
    execute("CREATE TABLE users (address TEXT); INSERT INTO users VALUES ('sue@example.org')");
    assert_eq!(resolve(&directory, "sue@example.org").await, "Mailbox");
}

/// Queries for aliases that fit no database, and what is said of them.
pub(super) const MISFITS: [(&str, &str); 4] = [
    ("SELECT name FROM aliases", "two columns"),
    ("SELECT 'a b', 'joe'", "no name"),
    ("SELECT 'a', '|rm'", "programs are not run"),
    ("SELECT 'a', 'joe\nb: |rm'", "would be several lines"),
];

pub(super) async fn resolve<U: Users>(directory: &AliasDirectory<U>, address: &str) -> String {
    match directory.resolve(&address.parse::<Mailbox>().unwrap()).await.unwrap() {
        Resolution::Members { members, owner, .. } => {
            let members: Vec<_> = members.iter().map(ToString::to_string).collect();
            let owner = owner.map(|owner| format!(" by {owner}")).unwrap_or_default();
            format!("{}{owner}", members.join(" "))
        }
        other => format!("{other:?}"),
    }
}
