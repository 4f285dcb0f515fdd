//! Mailman's detectors of bounces find what is in ours.

use std::io::Write as _;
use std::process::{Command, Stdio};

use smtp_core::{Acceptance, Remote, Reply};
use smtp_delivery::bounce::{Fate, Notification, Original, Report};

use crate::{mail, notification, now, rcpt};

/// Of whom Mailman takes the subscription, and with whom it has patience.
fn detected(notification: &Notification) -> (Vec<String>, Vec<String>) {
    const SCRIPT: &str = "
import email, sys
from flufl.bounce import all_failures
delayed, failed = all_failures(email.message_from_binary_file(sys.stdin.buffer))
for addresses in failed, delayed:
    print(' '.join(sorted(address.decode('ascii') for address in addresses)))
";
    // The system's Python is the one that has the system's packages.
    let mut python = Command::new("/usr/bin/python3")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3; ci/test.sh installs it");
    python.stdin.take().expect("it is piped").write_all(&notification.content).expect("it reads");
    let output = python.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let mut lines = text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect());
    (lines.next().expect("a line"), lines.next().expect("a line"))
}

#[tokio::test]
async fn subscribers_who_cannot_be_reached_are_found() {
    let sender = mail("owner-staff@example.org", &[]);
    let jane = rcpt("jane@example.com", &["ORCPT=rfc822;j.doe@example.com", "NOTIFY=SUCCESS,FAILURE,DELAY"]);
    let jim = rcpt("jim@example.net", &["NOTIFY=SUCCESS,FAILURE,DELAY"]);
    let remote = || Remote::new("mx.example.com", Acceptance::Relayed);
    let refused = Reply::new(550, "5.1.1 no such user").from_remote(remote());
    let later = Reply::new(450, "4.2.0 later").from_remote(remote());
    let taken = Reply::new(250, "2.0.0 queued").from_remote(remote());
    let original = Original::new(&sender, now());
    for (replies, fate, failed, delayed) in [
        ([&refused, &refused], None, &["j.doe@example.com", "jim@example.net"][..], &[][..]),
        ([&later, &later], Some(Fate::Expired), &["j.doe@example.com", "jim@example.net"], &[]),
        ([&later, &later], None, &[], &["j.doe@example.com", "jim@example.net"]),
        ([&taken, &taken], None, &[], &[]),
    ] {
        let mut reports = [Report::of(&jane, replies[0]), Report::of(&jim, replies[1])];
        if let Some(fate) = fate {
            reports.iter_mut().for_each(|report| report.fate = fate);
        }
        let notification = notification(&original, &reports, b"Subject: lunch\r\n\r\n".to_vec()).await;
        let expected = |addresses: &[&str]| addresses.iter().map(|address| (*address).to_owned()).collect();
        assert_eq!(detected(&notification), (expected(failed), expected(delayed)), "{replies:?}");
    }
}
