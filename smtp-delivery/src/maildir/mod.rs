//! Delivery into Maildir mailboxes: a directory for each mailbox, a file for each message.
//!
//! A message is written to `tmp`, synced, renamed into `new`, and that directory is synced too,
//! all before 250: an acknowledged message survives a loss of power. A message that was not
//! received whole leaves nothing behind. Which directory belongs to a recipient says a
//! [`Mailboxes`], by default a [`MailboxTree`].
//!
//! [`quota`](Maildir::quota) bounds what a mailbox holds, by the file `maildirsize` of Maildir++, which other
//! programs keep too; [`detail_folders`](Maildir::detail_folders) lets addresses with a detail lead into
//! folders. The time of a file is that of its delivery, as IMAP servers show it.
//!
//! Files have LF line ends, as local mailers on Unix write them;
//! [`keep_crlf`](Maildir::keep_crlf) leaves the octets as they came.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::Maildir;
//! use tower::ServiceExt;
//!
//! let root = tempfile::tempdir()?;
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients.push(recipient("Jane@example.org"));
//! let message = Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), facts().session().clone());
//! let outcomes = Maildir::new(root.path()).oneshot(message).await?;
//! assert_eq!(outcomes.fold().code().get(), 250);
//!
//! let mut files = std::fs::read_dir(root.path().join("example.org/jane/new"))?;
//! assert_eq!(std::fs::read(files.next().unwrap()?.path())?, b"\nhello\n");
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod delivery;
mod directory;
mod draft;
mod folder;
mod mailboxes;
mod quota;
mod service;
mod sweep;
mod target;
mod tree;
mod unique_name;

pub use mailboxes::Mailboxes;
pub use quota::Quota;
pub use service::Maildir;
pub use sweep::sweep_tmp;
pub use tree::MailboxTree;
