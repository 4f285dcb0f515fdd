//! The kept inputs, played as ordinary tests.

use std::fs;
use std::path::Path;

/// Plays all that is kept for one target, and names the input that breaks it.
fn play(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the folder of inputs") {
        let path = entry.expect("an entry of the folder").path();
        let input = fs::read(&path).expect("an input");
        if std::panic::catch_unwind(|| check(&input)).is_err() {
            panic!("{} breaks an invariant", path.display());
        }
        count += 1;
    }
    assert!(count >= 10, "inputs are missing in {}", folder.display());
}

#[test]
fn auth() {
    play("auth", crate::auth::check);
}

#[test]
fn codec() {
    play("codec", crate::codec::check);
}

#[test]
fn command() {
    play("command", crate::command::check);
}

#[test]
fn login() {
    play("login", crate::login::check);
}

#[test]
fn reply() {
    play("reply", crate::reply::check);
}

#[test]
fn session() {
    play("session", crate::session::check);
}
