//! The user file as a whole: made, changed, read, verified against.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use smtp_auth::{CredentialStore, PasswordLogin, ScramHash, UserFile, Verdict};
use smtp_core::testing::facts;
use smtp_core::{DistinguishedName, Fingerprint, PeerCertificate, SubjectName, TlsInfo, Verify};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("users");
    (folder, path)
}

async fn verify(users: &UserFile, name: &str, password: &str) -> Verdict {
    let login = PasswordLogin::new(name, password.into());
    users.verify_password(login, facts().session()).await.expect("the file is readable")
}

#[tokio::test]
async fn passwords_are_verified() {
    let (_folder, path) = folder();
    let users = UserFile::open_or_create(&path).unwrap();
    assert_eq!(verify(&users, "alice", "wonder land").await, Verdict::Refused);
    users.set("alice", &"wonder land".into()).unwrap();
    assert_eq!(verify(&users, "alice", "wonder land").await, Verdict::Accepted);
    assert_eq!(verify(&users, "alice", "wonderland").await, Verdict::Refused);
    assert_eq!(verify(&users, "bob", "wonder land").await, Verdict::Refused);
    users.set("alice", &"another".into()).unwrap();
    assert_eq!(verify(&users, "alice", "wonder land").await, Verdict::Refused);
    assert_eq!(verify(&users, "alice", "another").await, Verdict::Accepted);
    for hash in ScramHash::ALL {
        assert!(users.has_scram_keys(hash));
        let keys = users.scram_keys("alice", hash, facts().session()).await.unwrap().unwrap();
        assert_eq!((keys.hash(), keys.cost()), (hash, users.scram_cost()));
        assert!(users.scram_keys("bob", hash, facts().session()).await.unwrap().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn what_not_every_user_has_is_not_offered() {
    let (_folder, path) = folder();
    let users = UserFile::open_or_create(&path).unwrap();
    users.set("alice", &"secret".into()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    // A line of a time that knew one hash only.
    let fields: Vec<&str> = text.trim_end().split(':').collect();
    let old = fields
        .iter()
        .filter(|field| !field.starts_with("{SCRAM-SHA-1}") && !field.starts_with("{SCRAM-SHA-512}"));
    let old = old.copied().collect::<Vec<_>>().join(":").replace("alice", "bob");
    fs::write(path.with_extension("new"), format!("{text}{old}\n")).unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(verify(&users, "bob", "secret").await, Verdict::Accepted);
    let offered = ScramHash::ALL.map(|hash| users.has_scram_keys(hash));
    assert_eq!(offered, [false, true, false]);
    users.set("bob", &"secret".into()).unwrap();
    assert_eq!(verify(&users, "bob", "secret").await, Verdict::Accepted);
    assert_eq!(ScramHash::ALL.map(|hash| users.has_scram_keys(hash)), [true; 3]);
}

#[tokio::test]
async fn passwords_are_kept_as_they_are_for_who_needs_that_only() {
    let (_folder, path) = folder();
    let users = UserFile::open_or_create(&path).unwrap();
    users.set("alice", &"wonder land".into()).unwrap();
    let secret = async |name: &str| {
        let secret = users.shared_secret(name, facts().session()).await.unwrap();
        secret.map(|secret| secret.expose_str().unwrap().to_owned())
    };
    assert_eq!(verify(&users, "alice", "wonder land").await, Verdict::Accepted);
    assert!(!users.has_shared_secrets());
    users.set_with_shared_secret("scanner", &"old\u{ad}:device".into()).unwrap();
    assert_eq!(secret("scanner").await.as_deref(), Some("old:device"), "in the form that SASLprep gives");
    assert_eq!(secret("alice").await, None);
    assert!(users.has_shared_secrets());
    users.set("scanner", &"another".into()).unwrap();
    assert_eq!(secret("scanner").await.as_deref(), Some("another"));
    assert!(users.remove("scanner").unwrap());
    users.set("scanner", &"another".into()).unwrap();
    assert_eq!(secret("scanner").await, None);
}

#[tokio::test]
async fn certificates_are_of_users_where_that_is_wanted() {
    let (_folder, path) = folder();
    let users = UserFile::open_or_create(&path).unwrap();
    assert!(!users.maps_certificates());
    let users = users.map_certificates();
    assert!(users.maps_certificates());
    for name in ["alice", "bob@example.org"] {
        users.set(name, &"secret".into()).unwrap();
    }
    let verdict = async |common_name: &str, email: &str, wanted: Option<&str>, verify| {
        let subject = DistinguishedName::new([("CN", common_name)]);
        let mut certificate =
            PeerCertificate::new(subject, DistinguishedName::default(), Fingerprint([0; 32]));
        certificate.names.push(SubjectName::Email(email.to_owned()));
        let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
        (tls.verify, tls.peer_certificate) = (verify, Some(Box::new(certificate)));
        users.verify_certificate(wanted, &tls, facts().session()).await.unwrap()
    };
    let accepted = |name: &str| Verdict::AcceptedAs(name.to_owned());
    assert_eq!(verdict("alice", "a@example.org", None, Verify::Ok).await, accepted("alice"));
    assert_eq!(verdict("alice", "bob@example.org", None, Verify::Ok).await, accepted("bob@example.org"));
    assert_eq!(verdict("alice", "bob@example.org", Some("alice"), Verify::Ok).await, accepted("alice"));
    assert_eq!(verdict("carol", "c@example.org", Some("alice"), Verify::Ok).await, Verdict::Refused);
    assert_eq!(verdict("alice", "a@example.org", None, Verify::Fail).await, Verdict::Refused);
}

#[tokio::test(start_paused = true)]
async fn names_that_are_known_stay_while_the_file_is_broken() {
    let (_folder, path) = folder();
    let users = UserFile::open_or_create(&path).unwrap();
    users.set("alice", &"secret".into()).unwrap();
    assert_eq!(users.known_names().await.unwrap(), ["alice"]);
    fs::write(&path, "alice:half").unwrap();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(users.known_names().await.unwrap(), ["alice"]);
    }
    assert!(users.names().is_err());
}

#[test]
fn comments_order_and_other_lines_stay() {
    let (_folder, path) = folder();
    fs::write(&path, "# the users\n\n").unwrap();
    let users = UserFile::open(&path).unwrap();
    for name in ["alice", "bob", "carol@example.org"] {
        users.set(name, &"secret".into()).unwrap();
    }
    users.set("bob", &"other".into()).unwrap();
    assert_eq!(users.names().unwrap(), ["alice", "bob", "carol@example.org"]);
    assert!(users.remove("alice").unwrap());
    assert!(!users.remove("alice").unwrap());
    let text = fs::read_to_string(&path).unwrap();
    let starts: Vec<&str> = text.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(starts, ["# the users", "", "bob", "carol@example.org"]);
    assert!(!text.contains("secret") && !text.contains("other"));
    assert!(text.contains(":$argon2id$v=19$m=19456,t=2,p=1$") && text.contains(":{SCRAM-SHA-256}10000,"));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let (folder, path) = folder();
    let link = folder.path().join("link");
    UserFile::open_or_create(&path).unwrap();
    symlink(&path, &link).unwrap();
    let users = UserFile::open(&link).unwrap();
    users.set("alice", &"secret".into()).unwrap();
    let mode = || path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    assert!(link.is_symlink());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    users.set("alice", &"secret".into()).unwrap();
    assert_eq!(mode(), 0o640);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no other file is left behind");
}

#[tokio::test(start_paused = true)]
async fn a_change_is_noticed_and_a_broken_file_is_not_taken() {
    let (_folder, path) = folder();
    let users = UserFile::open_or_create(&path).unwrap();
    users.set("alice", &"secret".into()).unwrap();
    let later = async || tokio::time::advance(Duration::from_secs(2)).await;
    let good = fs::read_to_string(&path).unwrap();

    let other = UserFile::open(&path).unwrap();
    other.set("bob", &"secret".into()).unwrap();
    later().await;
    assert_eq!(verify(&users, "bob", "secret").await, Verdict::Accepted);

    fs::write(&path, format!("{good}nonsense\n")).unwrap();
    for _ in 0..3 {
        later().await;
        assert_eq!(verify(&users, "bob", "secret").await, Verdict::Accepted);
    }
    fs::remove_file(&path).unwrap();
    later().await;
    assert_eq!(verify(&users, "bob", "secret").await, Verdict::Accepted);

    fs::write(&path, &good).unwrap();
    later().await;
    assert_eq!(verify(&users, "bob", "secret").await, Verdict::Refused);
    assert_eq!(verify(&users, "alice", "secret").await, Verdict::Accepted);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_file_that_is_being_written_locks_nobody_out() {
    let (_folder, path) = folder();
    let users = UserFile::open_or_create(&path).unwrap();
    users.set("alice", &"secret".into()).unwrap();
    assert_eq!(verify(&users, "alice", "secret").await, Verdict::Accepted);
    let good = fs::read_to_string(&path).unwrap();
    let later = async || tokio::time::advance(Duration::from_secs(1)).await;

    let bob = good.replace("alice", "bob");
    for half_written in ["", &bob[..], &format!("{bob}# more")] {
        fs::write(&path, half_written).unwrap();
        later().await;
        assert_eq!(verify(&users, "alice", "secret").await, Verdict::Accepted, "{half_written:?}");
    }
    fs::write(&path, format!("{bob}{good}")).unwrap();
    for bobs in [Verdict::Refused, Verdict::Accepted] {
        later().await;
        assert_eq!(verify(&users, "bob", "secret").await, bobs);
        assert_eq!(verify(&users, "alice", "secret").await, Verdict::Accepted);
    }
}

#[tokio::test(start_paused = true)]
async fn within_a_second_the_file_is_not_looked_at() {
    let (_folder, path) = folder();
    let users = UserFile::open_or_create(&path).unwrap();
    users.set("alice", &"secret".into()).unwrap();
    assert_eq!(verify(&users, "alice", "secret").await, Verdict::Accepted);
    let empty = path.with_extension("new");
    fs::write(&empty, "").unwrap();
    fs::rename(&empty, &path).unwrap();
    assert_eq!(verify(&users, "alice", "secret").await, Verdict::Accepted);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(verify(&users, "alice", "secret").await, Verdict::Refused);
}

#[test]
fn who_edits_at_the_same_time_loses_nothing() {
    let (_folder, path) = folder();
    UserFile::open_or_create(&path).unwrap();
    let names: Vec<String> = (0..8).map(|number| format!("user{number}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            // Each with a handle of its own, as other processes have.
            scope.spawn(|| UserFile::open(&path).unwrap().set(name, &"secret".into()).unwrap());
        }
    });
    let mut found = UserFile::open(&path).unwrap().names().unwrap();
    found.sort();
    assert_eq!(found, names);
}

#[test]
fn errors_name_file_line_and_remedy_but_no_secret() {
    let (_folder, path) = folder();
    UserFile::open_or_create(&path).unwrap().set("alice", &"secret".into()).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    let (_, fields) = good.trim_end().split_once(':').unwrap();
    let (hash, keys) = fields.split_once(':').unwrap();
    let table = [
        ("alice:hunter2".to_owned(), 1, "set the user's password again"),
        ("# fine\nalice:hunter2:x".to_owned(), 2, "no Argon2id hash"),
        (format!("alice:{}:{keys}", hash.replace("argon2id", "argon2i")), 1, "no Argon2id hash"),
        (format!("alice:{}:{keys}", hash.replace("v=19", "v=20")), 1, "no Argon2id hash"),
        (format!("alice:{}:{keys}", hash.replace("t=2", "t=0")), 1, "no Argon2id hash"),
        (format!("alice:{hash}:hunter2"), 1, "behind the second"),
        (format!("alice:{hash}"), 1, "not of the form"),
        (format!("alice:{fields}:"), 1, "behind the second"),
        (format!("alice:{hash}:{keys}:{keys}"), 1, "there twice"),
        (format!("alice:{fields}:{{SHARED-SECRET}}"), 1, "behind the second"),
        (format!("alice:{fields}:{{SHARED-SECRET}}eA==:{{SHARED-SECRET}}eA=="), 1, "there twice"),
        (format!(":{fields}"), 1, "choose another name"),
        (format!("I\u{ad}X:{fields}"), 1, "\"IX\"; write it so"),
        (format!("alice:{fields}\nbob:{fields}\nalice:{fields}"), 3, "in line 1 already"),
    ];
    for (text, line, remedy) in table {
        fs::write(&path, text).unwrap();
        let error = UserFile::open(&path).unwrap_err();
        assert_eq!((error.line(), error.path()), (Some(line), path.as_path()));
        let error = error.to_string();
        let place = format!("{}, line {line}: ", path.display());
        assert!(error.starts_with(&place) && error.contains(remedy), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn what_cannot_be_used_is_refused() {
    let (folder, path) = folder();
    let error = UserFile::open(&path).unwrap_err().to_string();
    assert!(error.ends_with("; set the password of a first user, or correct the path"), "{error}");
    assert!(UserFile::open_or_create(folder.path().join("none/users")).is_err());
    let users = UserFile::open_or_create(&path).unwrap();
    for name in ["", "a:b", "#a", " a", "a ", "a\nb", "\u{ad}"] {
        assert!(users.set(name, &"secret".into()).is_err(), "{name:?}");
    }
    for password in ["", "a\0b", "\u{ad}"] {
        assert!(users.set("alice", &password.into()).is_err(), "{password:?}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "");
}

/// What is offered is looked up without waiting; it must not keep the next login from looking.
#[tokio::test]
async fn who_was_just_taken_in_can_log_in_whoever_else_asks() {
    let folder = tempfile::tempdir().unwrap();
    let users = UserFile::open_or_create(folder.path().join("users")).unwrap();
    let facts = facts();
    for round in 0..5 {
        let name = format!("user{round}");
        users.set(&name, &"secret".into()).unwrap();
        users.has_scram_keys(ScramHash::Sha256);
        let keys = users.scram_keys(&name, ScramHash::Sha256, facts.session()).await.unwrap();
        assert!(keys.is_some(), "{name}");
    }
}
