//! PAM itself, with services of a folder of its own.
//!
//! The wrapper has to be there when a process starts, so each test starts its other half, which is
//! ignored otherwise.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use smtp_auth::{Pam, Verdict};

use crate::login::{all, error, plain, verify, verify_from};
use peers::{pam, program};

const ALICE: [(&str, &str); 1] = [("alice", "correct horse")];

const FOLDER: &str = "PAM_TEST_FOLDER";

/// Runs the other half of a test with services of its own.
fn wrapped(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let gate = format!("auth required pam_exec.so quiet {} {}\n", cat(), path.join("gate").display());
    let alice = |service, before| (service, &ALICE[..], before);
    let services = [
        alice("smtp", ""),
        ("imap", &[("bob", "other service")], ""),
        alice("expired", "account required pam_debug.so acct=new_authtok_reqd\n"),
        alice("closed", "account required pam_debug.so acct=acct_expired\n"),
        alice("denied", "account required pam_debug.so acct=perm_denied\n"),
        alice("away", "auth required pam_debug.so auth=authinfo_unavail\n"),
        alice("strange", "auth required pam_no_such_module.so\n"),
        alice("near", "account required pam_succeed_if.so quiet rhost = 192.0.2.7\n"),
        alice("gate", &gate),
    ];
    pam::services(path, &services);
    let mut command = Command::new(env::current_exe().unwrap());
    pam::preload(&mut command, path);
    command.env(FOLDER, path).args(["--exact", "--include-ignored", "--nocapture"]);
    let output = command.arg(format!("pam::{test}")).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

fn cat() -> String {
    ["/bin/cat", "/usr/bin/cat"].into_iter().find(|path| Path::new(path).exists()).unwrap().to_owned()
}

#[test]
fn passwords_are_verified() {
    wrapped("passwords_are_verified_within");
}

#[tokio::test]
#[ignore = "the other half of a test"]
async fn passwords_are_verified_within() {
    let logins = [
        ("alice", "correct horse", Verdict::Accepted),
        ("alice", "correct horsf", Verdict::Refused),
        ("alice", "correct horse ", Verdict::Refused),
        ("alice\0", "correct horse", Verdict::Refused),
        ("alice", "correct horse\0", Verdict::Refused),
        ("alicf", "correct horse", Verdict::Refused),
        ("nobody", "x", Verdict::Refused),
        ("bob", "other service", Verdict::Refused),
    ];
    let store = Pam::new("smtp");
    all(&store, &logins).await;
    all(&Pam::new("imap"), &[("bob", "other service", Verdict::Accepted)]).await;
    all(&Pam::new("no-such-service"), &[("alice", "correct horse", Verdict::Refused)]).await;
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 235);
    assert_eq!(plain(&store, "alice", "wrong").await.code(), 535);
}

#[test]
fn accounts_are_looked_at() {
    wrapped("accounts_are_looked_at_within");
}

#[tokio::test]
#[ignore = "the other half of a test"]
async fn accounts_are_looked_at_within() {
    for (service, right, wrong) in [
        ("expired", Verdict::Expired, Verdict::Refused),
        ("closed", Verdict::Expired, Verdict::Refused),
        ("denied", Verdict::Refused, Verdict::Refused),
    ] {
        let store = Pam::new(service);
        all(&store, &[("alice", "correct horse", right), ("alice", "wrong", wrong)]).await;
    }
    let near = Pam::new("near");
    for (address, expected) in [("192.0.2.7", Verdict::Accepted), ("198.51.100.7", Verdict::Refused)] {
        let verdict = verify_from(address, &near, "alice", "correct horse").await;
        assert_eq!(verdict.unwrap(), expected, "{address}");
    }
}

#[test]
fn modules_that_cannot_say_refuse_nobody() {
    wrapped("modules_that_cannot_say_refuse_nobody_within");
}

#[tokio::test]
#[ignore = "the other half of a test"]
async fn modules_that_cannot_say_refuse_nobody_within() {
    for service in ["away", "strange"] {
        let store = Pam::new(service);
        let error = error(&store).await;
        assert!(error.contains(&format!("PAM service {service}: ")), "{error}");
        assert_eq!(plain(&store, "alice", "correct horse").await.code(), 454);
    }
}

#[test]
fn a_module_that_hangs_holds_nobody_up_for_long() {
    wrapped("a_module_that_hangs_holds_nobody_up_for_long_within");
}

#[tokio::test]
#[ignore = "the other half of a test"]
async fn a_module_that_hangs_holds_nobody_up_for_long_within() {
    let gate = Path::new(&env::var_os(FOLDER).unwrap()).join("gate");
    assert!(program("mkfifo").arg(&gate).status().unwrap().success());
    let store = Pam::new("gate").max_concurrent(1).timeout(Duration::from_millis(100));
    let first = error(&store).await;
    assert!(first.contains("no answer within"), "{first}");
    // The module still has the only place.
    let second = error(&store).await;
    assert!(second.contains("too many logins are waiting"), "{second}");
    // Once somebody has come through the gate, there is nothing to wait for.
    let gate = tokio::task::spawn_blocking(move || {
        fs::write(&gate, "").unwrap();
        fs::remove_file(&gate).unwrap();
        fs::write(&gate, "").unwrap();
    });
    gate.await.unwrap();
    let store = store.timeout(Duration::from_secs(30));
    assert_eq!(verify(&store, "alice", "correct horse").await.unwrap(), Verdict::Accepted);
}
