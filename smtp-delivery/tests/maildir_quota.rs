//! Mailboxes with quotas and folders.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, Envelope, Message, Outcomes, Recipient};
use smtp_delivery::Maildir;
use smtp_delivery::maildir::{MailboxTree, Quota};
use tower::{Service, ServiceExt};

const FULL: &str = "552 5.2.2 mailbox full";
const DELIVERED: &str = "250 2.0.0 delivered";

fn message(recipients: &[&str], body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients = recipients.iter().copied().map(recipient).collect();
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

/// A message whose file has so many octets.
fn of_size(octets: usize) -> Body {
    vec![b'x'; octets].into()
}

async fn deliver(maildir: &Maildir, recipients: &[&str], body: Body) -> Vec<String> {
    let outcomes = maildir.clone().oneshot(message(recipients, body)).await.expect("the body is whole");
    match outcomes {
        Outcomes::All(reply) => vec![reply.to_string(); recipients.len()],
        Outcomes::Each(each) => each.iter().map(ToString::to_string).collect(),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect()
}

#[tokio::test]
async fn a_mailbox_fills_up() {
    let root = tempfile::tempdir().unwrap();
    let mailbox = root.path().join("x/jane");
    let maildir = Maildir::new(root.path()).quota(Quota::new().bytes(1000).messages(5));
    assert_eq!(deliver(&maildir, &["jane@x"], of_size(600)).await, [DELIVERED]);
    assert_eq!(deliver(&maildir, &["jane@x"], of_size(401)).await, [FULL]);
    assert_eq!(deliver(&maildir, &["jane@x"], of_size(400)).await, [DELIVERED]);
    assert_eq!(deliver(&maildir, &["jane@x"], of_size(1)).await, [FULL]);
    let size_file = fs::read_to_string(mailbox.join("maildirsize")).unwrap();
    assert_eq!(size_file.lines().next(), Some("1000S,5C"));
    let sizes: Vec<_> = names(&mailbox.join("new"));
    assert!(sizes.iter().any(|name| name.ends_with(".server.example,S=600")), "{sizes:?}");
    assert_eq!((sizes.len(), names(&mailbox.join("tmp")).len()), (2, 0));

    // What was removed makes room, though nobody wrote that down.
    for name in sizes.iter().filter(|name| name.ends_with("S=600")) {
        fs::remove_file(mailbox.join("new").join(name)).unwrap();
    }
    // The sum is trusted for a while after it was counted.
    let file = fs::File::options().append(true).open(mailbox.join("maildirsize")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(deliver(&maildir, &["jane@x"], of_size(600)).await, [DELIVERED]);
}

#[tokio::test]
async fn messages_are_counted_too() {
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(root.path()).quota(Quota::new().messages(2)).defer_over_quota();
    for expected in [DELIVERED, DELIVERED, "452 4.2.2 mailbox full, try again later"] {
        assert_eq!(deliver(&maildir, &["jane@x"], "a\r\n".into()).await, [expected]);
    }
    // To others, to whom no quota is given, it is delivered all the same.
    let maildir = Maildir::new(root.path()).quota_of(|recipient: &Recipient| {
        recipient.to_string().starts_with("<jane").then(|| Quota::new().messages(2))
    });
    let to = ["jim@x", "jane@x", "ann@x"];
    for size in [10, 300_000] {
        assert_eq!(deliver(&maildir, &to, of_size(size)).await, [DELIVERED, FULL, DELIVERED]);
    }
    assert!(names(&root.path().join("x/jim/new")).iter().all(|name| !name.contains(",S=")));
}

#[tokio::test]
async fn a_message_that_never_fits_is_not_waited_for() {
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(root.path()).quota(Quota::new().bytes(1000)).defer_over_quota();
    let expected = ["552 5.2.3 message too large for this mailbox"];
    for size in [1001, 600_000] {
        assert_eq!(deliver(&maildir, &["jane@x"], of_size(size)).await, expected);
    }
    assert_eq!(names(&root.path().join("x/jane/new")).len(), 0);
    assert_eq!(names(&root.path().join("x/jane/tmp")).len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_deliveries_at_once_never_exceed_it() {
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(root.path()).quota(Quota::new().bytes(100_000).messages(70));
    let deliveries = (0..200).map(|number: usize| {
        let maildir = maildir.clone();
        tokio::spawn(
            async move { deliver(&maildir, &["jane@x"], of_size(1000 + number % 3)).await.remove(0) },
        )
    });
    let mut delivered = 0;
    for delivery in deliveries.collect::<Vec<_>>() {
        delivered += usize::from(delivery.await.unwrap() == DELIVERED);
    }
    assert_eq!(delivered, 70);
    assert_eq!(names(&root.path().join("x/jane/new")).len(), 70);
    // What was written down on the way adds up.
    let size_file = fs::read_to_string(root.path().join("x/jane/maildirsize")).unwrap();
    let counted: i64 =
        size_file.lines().skip(1).map(|line| line.split_once(' ').unwrap().1.parse::<i64>().unwrap()).sum();
    assert_eq!(counted, 70);
}

#[tokio::test]
async fn details_lead_into_folders_that_are_there() {
    let root = tempfile::tempdir().unwrap();
    let jane = root.path().join("x/jane");
    fs::create_dir_all(jane.join(".Lists/cur")).unwrap();
    fs::create_dir_all(jane.join(".Trash/cur")).unwrap();
    let tree = MailboxTree::new(root.path()).detail_separator('+');
    let maildir = Maildir::with(tree).detail_folders('+').quota(Quota::new().messages(4));
    let to = ["jane+lists@x", "jane+other@x", "jane+trash@x", "jane@x", "jane+../x@x", "jim+lists@x"];
    let to: Vec<String> = to
        .iter()
        .map(|address| match address.split_once("/x@") {
            Some((start, end)) => format!("\"{start}/x\"@{end}"),
            None => (*address).to_owned(),
        })
        .collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    assert_eq!(deliver(&maildir, &to, "a\r\n".into()).await, [DELIVERED; 6]);
    // Those that lead into the same folder get one copy.
    assert_eq!(names(&jane.join(".Lists/new")).len(), 1);
    assert_eq!(names(&jane.join("new")).len(), 1);
    assert_eq!(names(&root.path().join("x/jim/new")).len(), 1);
    assert!(!jane.join(".Trash/new").exists());
    // One quota for all folders.
    assert!(!jane.join(".Lists/maildirsize").exists());
    for expected in [DELIVERED, DELIVERED, FULL] {
        assert_eq!(deliver(&maildir, &["jane+LISTS@x"], "a\r\n".into()).await, [expected]);
    }
}

#[tokio::test]
async fn a_mailbox_that_comes_back_begins_anew() {
    let root = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::new(root.path()).quota(Quota::new().messages(1));
    maildir.call(message(&["jane@x"], "a\r\n")).await.unwrap();
    fs::remove_dir_all(root.path().join("x")).unwrap();
    assert_eq!(deliver(&maildir, &["jane@x"], "b\r\n".into()).await, [DELIVERED]);
    assert_eq!(deliver(&maildir, &["jane@x"], "b\r\n".into()).await, [FULL]);
}
