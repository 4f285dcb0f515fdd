//! The same access map and the same dialogues, through Sendmail 8.17 and through this crate's layers: the
//! codes of all replies are the same, and the enhanced codes of refusals.

#![cfg(unix)]

// Its unwraps are those of tests.
#[cfg(test)]
mod daemon;
mod dialogue;
#[cfg(test)]
mod ours;

use std::net::Ipv4Addr;

use daemon::Sendmail;
use dialogue::{CLIENTS, RECIPIENTS, SENDERS};
use smtp_policy::access_map::DelayChecks;

/// Asks both the same, and shows all that they answer differently.
async fn compare(feature: &str, delay: Option<DelayChecks>) {
    let sendmail = Sendmail::start(feature);
    let mut differences = Vec::new();
    let mut compared = 0;
    for (from, lines) in dialogues(delay.is_some()) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let theirs = sendmail.talk(from, &lines);
        let ours = ours::talk(delay, from, &lines).await;
        assert_eq!(theirs.len(), ours.len(), "{from}");
        let said = std::iter::once("(greeting)").chain(lines.iter().copied());
        for ((line, theirs), ours) in said.zip(theirs).zip(ours) {
            compared += 1;
            if theirs != ours {
                differences.push(format!("{from} {line}: sendmail {theirs:?}, ours {ours:?}"));
            }
        }
    }
    assert!(differences.is_empty(), "{} of {compared}:\n{}", differences.len(), differences.join("\n"));
    assert!(compared > 100, "{compared}");
}

fn dialogues(delayed: bool) -> Vec<(Ipv4Addr, Vec<String>)> {
    let greeted = || vec!["EHLO client.example".to_owned()];
    let mail = |sender: &str| format!("MAIL FROM:{sender}");
    let rcpt = |recipient: &str| format!("RCPT TO:{recipient}");
    let stranger = Ipv4Addr::new(127, 0, 40, 1);
    let mut dialogues = Vec::new();
    // Each sender, to a recipient whom everybody may write to where that is what refuses.
    let mut lines = greeted();
    for sender in SENDERS {
        lines.push(mail(sender));
        if delayed {
            lines.extend([rcpt("<root@local.example>"), rcpt("<postmaster@local.example>")]);
        }
        lines.push("RSET".to_owned());
    }
    dialogues.push((stranger, lines));
    // Each recipient.
    let mut lines = greeted();
    lines.push(mail("<stranger@example.com>"));
    lines.extend(RECIPIENTS.map(rcpt));
    lines.push("DATA".to_owned());
    dialogues.push((stranger, lines));
    // Each client; where it may not send there are no recipients.
    for client in CLIENTS {
        for sender in ["<stranger@example.com>", "<welcome@example.com>"] {
            let mut lines = greeted();
            lines.push(mail(sender));
            if delayed || may_send(client) {
                lines.extend(["<root@local.example>", "<x@other.example>", "<x@relay.example>"].map(rcpt));
            }
            lines.push("RSET".to_owned());
            dialogues.push((Ipv4Addr::from(client), lines));
        }
    }
    dialogues
}

/// Without a sender there is no order in RCPT.
fn may_send(client: [u8; 4]) -> bool {
    matches!(
        client,
        [127, 0, 3, 4] | [127, 0, 4 | 7 | 10, _] | [127, 0, 11, 12] | [127, 0, 12, 1] | [127, 0, 40, 1]
    )
}

#[tokio::test]
async fn checks_at_once() {
    compare("dnl", None).await;
}

#[tokio::test]
async fn delayed_checks() {
    compare("FEATURE(`delay_checks')dnl", Some(DelayChecks::All)).await;
}

#[tokio::test]
async fn delayed_checks_but_for_friends() {
    compare("FEATURE(`delay_checks', `friend')dnl", Some(DelayChecks::NotForFriends)).await;
}

#[tokio::test]
async fn delayed_checks_for_haters() {
    compare("FEATURE(`delay_checks', `hater')dnl", Some(DelayChecks::ForHaters)).await;
}
