//! Deliveries into mailboxes on a real file system.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, BodyErrorKind, Demand, Envelope, Message, Outcomes, Recipient, Reply};
use smtp_delivery::maildir::{MailboxTree, Maildir};
use smtp_delivery::{ReceivedLayer, TraceId};
use tower::{Layer, Service, ServiceExt};

fn message(recipients: &[&str], body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients.extend(recipients.iter().map(|address| recipient(address)));
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

/// All files below `root`, relative to it.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The contents of the messages in the `new` of a mailbox, sorted.
fn delivered(mailbox: &Path) -> Vec<Vec<u8>> {
    let mut contents: Vec<_> =
        files(&mailbox.join("new")).iter().map(|path| fs::read(path).expect("a file")).collect();
    contents.sort();
    contents
}

/// A body of `size` octets, in chunks of odd lengths, and what a file with LF line ends has of it.
fn large(size: usize) -> (Body, Vec<u8>) {
    let lines: Vec<u8> = (0..).flat_map(|n| format!("line {n} x\r\n").into_bytes()).take(size).collect();
    let expected = String::from_utf8_lossy(&lines).replace("\r\n", "\n").into_bytes();
    let octets = Bytes::from(lines);
    let starts = (0..octets.len()).step_by(4999);
    let chunks: Vec<_> = starts.map(|at| Ok(octets.slice(at..octets.len().min(at + 4999)))).collect();
    (Body::from_stream(futures::stream::iter(chunks)), expected)
}

async fn until_wanted(writer: &mut smtp_core::BodyWriter) -> Demand {
    std::future::poll_fn(|cx| writer.poll_demand(cx)).await
}

#[tokio::test]
async fn small_messages_arrive_octet_for_octet() {
    let root = tempfile::tempdir().unwrap();
    let mailbox = root.path().join("example.org/jane");
    let mut maildir = Maildir::new(root.path());
    for body in ["a\r\n.\r\nb\r\n", "", "no end"] {
        let outcomes = maildir.call(message(&["Jane@EXAMPLE.org"], body)).await.unwrap();
        assert_eq!(outcomes, Outcomes::All(Reply::new(250, "2.0.0 delivered")));
    }
    assert_eq!(delivered(&mailbox), [&b""[..], b"a\n.\nb\n", b"no end"]);
    assert_eq!(files(&mailbox.join("tmp")), Vec::<PathBuf>::new());
    let file = &files(&mailbox.join("new"))[0];
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(file.file_name().unwrap().to_str().unwrap().ends_with(".server.example"));
}

#[tokio::test]
async fn crlf_can_be_kept() {
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(root.path()).keep_crlf();
    maildir.oneshot(message(&["jane@x"], "a\r\nb\r\n")).await.unwrap();
    assert_eq!(delivered(&root.path().join("x/jane")), [b"a\r\nb\r\n"]);
}

#[tokio::test]
async fn large_messages_arrive_in_every_mailbox() {
    let root = tempfile::tempdir().unwrap();
    for size in [262_143, 262_144, 262_145, 1_500_000] {
        let (body, expected) = large(size);
        let recipients = [format!("a{size}@x"), format!("b{size}@x"), format!("a{size}@X")];
        let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
        let outcomes = Maildir::new(root.path()).oneshot(message(&recipients, body)).await.unwrap();
        assert_eq!(outcomes.fold().code().get(), 250);
        for name in ["a", "b"] {
            let contents = delivered(&root.path().join(format!("x/{name}{size}")));
            assert_eq!(contents.len(), 1);
            assert!(contents[0] == expected);
        }
    }
    assert_eq!(files(root.path()).len(), 8);
}

#[tokio::test]
async fn a_recipient_without_a_mailbox_has_an_outcome_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let tree = root.path().to_owned();
    let maildir = Maildir::with(move |recipient: &Recipient| {
        let name = recipient.path.mailbox()?.local_part().as_str().to_owned();
        (name != "nobody").then(|| tree.join(name))
    });
    let unknown = || Reply::new(550, "5.1.1 no such mailbox here");
    let body = "a\r\n";
    let outcomes = maildir.clone().oneshot(message(&["jane@x", "nobody@x", "jim@x"], body)).await.unwrap();
    let ok = || Reply::new(250, "2.0.0 delivered");
    assert_eq!(outcomes, Outcomes::Each(vec![ok(), unknown(), ok()]));
    assert_eq!(files(root.path()).len(), 2);

    // Nobody at all: the client is not asked for the message.
    let (mut writer, body) = Body::channel();
    let outcomes = maildir.oneshot(message(&["nobody@x"], body)).await.unwrap();
    assert_eq!(outcomes, Outcomes::All(unknown()));
    assert_eq!(until_wanted(&mut writer).await, Demand::Dropped);
}

#[tokio::test]
async fn odd_local_parts_stay_below_the_root() {
    let root = tempfile::tempdir().unwrap();
    let below = root.path().join("m");
    let tree = MailboxTree::new(&below).detail_separator('+');
    let maildir = Maildir::with(tree);
    for local_part in [r#""../../x""#, r#"".""#, r#""..""#, r#""a/b""#, r#""new""#, "-rf", r#""x+../y""#] {
        let to = format!("{local_part}@example.org");
        let outcomes = maildir.clone().oneshot(message(&[&to], "a\r\n")).await.unwrap();
        assert_eq!(outcomes.fold().code().get(), 250, "{to}");
    }
    assert_eq!(files(root.path()).len(), 7);
    let mailboxes = fs::read_dir(below.join("example.org")).unwrap().count();
    assert_eq!((mailboxes, fs::read_dir(&below).unwrap().count()), (7, 1));
}

#[tokio::test]
async fn a_body_that_breaks_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    for size in [0, 1000, 700_000] {
        let (mut writer, body) = Body::channel();
        let delivery = Maildir::new(root.path()).oneshot(message(&["jane@x", "jim@x"], body));
        let feed = async {
            for _ in 0..size / 1000 {
                until_wanted(&mut writer).await;
                writer.send(vec![b'x'; 1000].into());
            }
            until_wanted(&mut writer).await;
            if size > 100_000 {
                assert_eq!(files(root.path()).len(), 1, "a large message is being written");
            }
            writer.fail(BodyErrorKind::Timeout);
        };
        let (outcome, ()) = tokio::join!(delivery, feed);
        assert_eq!(outcome, Err(BodyErrorKind::Timeout.into()));
        assert_eq!(files(root.path()), Vec::<PathBuf>::new(), "{size}");
    }
}

#[tokio::test]
async fn cancellation_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    let (mut writer, body) = Body::channel();
    let delivery = Maildir::new(root.path()).oneshot(message(&["jane@x"], body));
    let feed = async {
        for _ in 0..3 {
            until_wanted(&mut writer).await;
            writer.send(vec![b'x'; 300_000].into());
        }
        until_wanted(&mut writer).await;
    };
    tokio::select! {
        _ = delivery => panic!("the body has not ended"),
        () = feed => {}
    }
    assert_eq!(files(root.path()), Vec::<PathBuf>::new());
    assert_eq!(until_wanted(&mut writer).await, Demand::Dropped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_deliveries_at_once_get_along() {
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(root.path());
    let deliveries = (0..200).map(|number: usize| {
        let to = format!("user{}@example.org", number % 7);
        let body = format!("message {number}\r\n").into_bytes();
        tokio::spawn(maildir.clone().oneshot(message(&[&to], body)))
    });
    for delivery in deliveries.collect::<Vec<_>>() {
        assert_eq!(delivery.await.unwrap().unwrap().fold().code().get(), 250);
    }
    let mut contents: Vec<_> = files(root.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    contents.sort();
    let mut expected: Vec<_> = (0..200).map(|number| format!("message {number}\n").into_bytes()).collect();
    expected.sort();
    assert_eq!(contents, expected);
}

#[tokio::test]
async fn a_mailbox_that_is_broken_does_not_keep_the_message_from_others() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("x")).unwrap();
    fs::write(root.path().join("x/broken"), "a file, no mailbox").unwrap();
    for body in [Body::from("a\r\n"), large(600_000).0] {
        let recipients = ["broken@x", "jane@x"];
        let outcomes = Maildir::new(root.path()).oneshot(message(&recipients, body)).await.unwrap();
        let Outcomes::Each(replies) = outcomes else { panic!("{outcomes:?}") };
        assert_eq!(replies[0].to_string(), "451 4.3.0 local storage error, try again later");
        assert_eq!(replies[1].code().get(), 250);
    }
    assert_eq!(files(&root.path().join("x/jane")).len(), 2);
}

#[tokio::test]
async fn the_mailbox_comes_back_if_it_was_removed() {
    let root = tempfile::tempdir().unwrap();
    let mailbox = root.path().join("x/jane");
    fs::create_dir_all(mailbox.join("tmp")).unwrap();
    Maildir::new(root.path()).oneshot(message(&["jane@x"], "a\r\n")).await.unwrap();
    fs::remove_dir_all(root.path().join("x")).unwrap();
    Maildir::new(root.path()).oneshot(message(&["jane@x"], "b\r\n")).await.unwrap();
    assert_eq!(delivered(&mailbox), [b"b\n"]);
}

#[tokio::test]
async fn replies_name_the_message() {
    let root = tempfile::tempdir().unwrap();
    let message = message(&["jane@x"], "a\r\n");
    let session = message.session.clone();
    let delivery = ReceivedLayer::new().layer(Maildir::new(root.path()));
    let reply = delivery.oneshot(message).await.unwrap().fold();
    let id = session.transaction().get::<TraceId>().unwrap();
    assert_eq!(reply.to_string(), format!("250 2.0.0 delivered, id {id}"));
    let content = String::from_utf8(delivered(&root.path().join("x/jane")).remove(0)).unwrap();
    assert!(content.contains(&format!(" id {id}\n")));
}
