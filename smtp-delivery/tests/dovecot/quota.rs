//! Dovecot and our own deliveries keep one `maildirsize`.

use smtp_core::Body;
use smtp_delivery::Lmtp;
use smtp_delivery::maildir::{Maildir, Quota};
use tower::{Service, ServiceExt};

use crate::server::Dovecot;
use crate::{message, statuses};

/// A message of about so many octets.
fn of_size(octets: usize) -> Body {
    let line = format!("{}\r\n", "x".repeat(49));
    format!("Subject: x\r\n\r\n{}", line.repeat(octets / 50)).into_bytes().into()
}

#[tokio::test]
async fn both_see_what_the_other_delivered() {
    let dovecot = Dovecot::start();
    let to = ["small@example.org"];
    let mut lmtp = Lmtp::unix(dovecot.socket());
    let mailbox = dovecot.mailbox("small");
    let mut maildir = Maildir::with(move |_: &smtp_core::Recipient| Some(mailbox.clone()))
        .quota(Quota::new().bytes(10_000));

    // Dovecot makes the mailbox and begins the file.
    assert_eq!(statuses(lmtp.call(message(&to, of_size(1000))).await.unwrap(), 1), ["250 2.0.0"]);
    assert_eq!(statuses(maildir.call(message(&to, of_size(5000))).await.unwrap(), 1), ["250 2.0.0"]);
    dovecot.hand_over("small");
    // What it puts in front of a message depends on the name of this host.
    assert!(matches!(dovecot.usage("small"), (2, 6..=7)));
    // Neither has room for as much again.
    assert_eq!(statuses(lmtp.call(message(&to, of_size(5000))).await.unwrap(), 1), ["552 5.2.2"]);
    assert_eq!(statuses(maildir.call(message(&to, of_size(5000))).await.unwrap(), 1), ["552 5.2.2"]);
    dovecot.hand_over("small");
    assert_eq!(statuses(lmtp.call(message(&to, of_size(1000))).await.unwrap(), 1), ["250 2.0.0"]);
    assert_eq!(statuses(maildir.oneshot(message(&to, of_size(2500))).await.unwrap(), 1), ["552 5.2.2"]);
    dovecot.hand_over("small");
    assert_eq!(dovecot.usage("small").0, 3);
}
