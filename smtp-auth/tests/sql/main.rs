//! Users in databases.

#[cfg(test)]
mod postgres;
#[cfg(test)]
mod sqlite;

use smtp_auth::{CredentialStore, PasswordLogin, SqlStore, StoreError, UserFile, Verdict};
use smtp_core::testing::facts;

/// The Argon2id hash and the SCRAM keys of a password.
fn stored(password: &str) -> (String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("users");
    UserFile::open_or_create(&path).and_then(|users| users.set("x", &password.into())).expect("a new user");
    let text = std::fs::read_to_string(&path).expect("a user file");
    let field = |start| text.trim_end().split(':').find(|field| field.starts_with(start)).expect("a field");
    (field("$argon2id$").to_owned(), field("{SCRAM-SHA-256}").to_owned())
}

async fn try_login(store: &SqlStore, name: &str, password: &str) -> Result<Verdict, StoreError> {
    store.verify_password(PasswordLogin::new(name, password.into()), facts().session()).await
}

async fn login(store: &SqlStore, name: &str, password: &str) -> Verdict {
    try_login(store, name, password).await.expect("the database answers")
}

/// What names and passwords look like that try to become part of a query.
const INJECTIONS: [&str; 6] =
    ["' OR 1=1 --", "alice'--", "x'; DROP TABLE users; --", "\\", "$1", "alice\" OR \"\"=\""];

/// Logins of which each database knows the users.
const LOGINS: [(&str, &str, Verdict); 9] = [
    ("alice", "pencil", Verdict::Accepted),
    ("alice", "pencils", Verdict::Refused),
    ("alice", "", Verdict::Refused),
    ("nobody", "pencil", Verdict::Refused),
    ("carol", "pencil", Verdict::Refused),
    ("disabled", "pencil", Verdict::Refused),
    ("expired", "pencil", Verdict::Expired),
    ("expired", "pencils", Verdict::Refused),
    ("keys", "pencil", Verdict::Accepted),
];

/// Statements that make them, but for the table's types.
fn users() -> String {
    let (hash, keys) = stored("pencil");
    format!(
        "INSERT INTO users VALUES ('alice', '{hash}', '{keys}', FALSE, FALSE);
        INSERT INTO users VALUES ('carol', NULL, NULL, FALSE, FALSE);
        INSERT INTO users VALUES ('disabled', '{hash}', '{keys}', TRUE, FALSE);
        INSERT INTO users VALUES ('expired', '{hash}', '{keys}', FALSE, TRUE);
        INSERT INTO users VALUES ('keys', '{keys}', NULL, NULL, NULL);"
    )
}

const QUERY: &str =
    "SELECT hash AS password, keys AS scram, locked AS disabled, expired FROM users WHERE name = $1";
