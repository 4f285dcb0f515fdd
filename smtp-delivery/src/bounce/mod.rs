//! Notifications of what became of messages: bounces, delays, and deliveries that somebody asked to hear of
//! (RFC 3461, 3464, 6522, 6533).
//!
//! Whoever keeps messages asks a [`Notifier`] after each attempt, with what became of each recipient (a
//! [`Report`]), which notifications are to be sent: it knows what the sender wants to hear (NOTIFY), and when
//! it is told of a delay ([`Notifier::next_delay`]). Then it has them written, with the message's content, and sends them like any other message.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::time::SystemTime;
//! use smtp_core::testing::{domain, recipient, sender};
//! use smtp_core::{Acceptance, Remote, Reply};
//! use smtp_delivery::bounce::{Kind, Notifier, Original, Report};
//!
//! let notifier = Notifier::new(domain("mx.example.org"));
//!
//! // What the queue knows of a message after an attempt.
//! let (sender, now) = (sender("joe@example.org"), SystemTime::now());
//! let (jane, jim) = (recipient("jane@example.com"), recipient("jim@example.com"));
//! let remote = || Remote::new("mx.example.com", Acceptance::Relayed);
//! let refused = Reply::new(550, "5.1.1 no such user").from_remote(remote());
//! let taken = Reply::new(250, "2.0.0 queued").from_remote(remote());
//!
//! let original = Original::new(&sender, now);
//! let reports = [Report::of(&jane, &refused).last_attempt(now), Report::of(&jim, &taken)];
//! let notices = notifier.notices(&original, &reports, now);
//!
//! // Joe did not ask to hear of successes.
//! assert_eq!(notices.len(), 1);
//! assert_eq!(notices[0].kind(), Kind::Failure);
//! let content = "Subject: lunch\r\n\r\nat noon?\r\n";
//! let notification = notifier.compose(&notices[0], content.into()).await;
//!
//! assert_eq!(notification.envelope.recipients[0].to_string(), "<joe@example.org>");
//! let text = std::str::from_utf8(&notification.content).unwrap();
//! assert!(text.contains("\r\nFinal-Recipient: rfc822; jane@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"));
//! assert!(text.contains("\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"));
//! assert!(text.contains("\r\n\r\nat noon?\r\n"));
//! # });
//! ```
//!
//! # Who hears of what
//!
//! | What became of it | `Action` | Who is told |
//! |---|---|---|
//! | failed, given up, too late (`BY=..;R`) | `failed` | everybody but who asked for no failures |
//! | waits | `delayed` | after a while, once, everybody but who asked for no delays; and once when the time of `BY=..;N` is over |
//! | delivered | `delivered` | who asked for success |
//! | went where nothing is known of notifications | `relayed` | who asked for success, or for delivery by some time |
//! | went where notifications are sent from | `relayed` | who asked for a trace (`BY=..;NT`), or for delivery by some time (`BY=..;N`) where that is not known there |
//! | expanded by an alias of several | `expanded` | who asked for success |
//!
//! `NOTIFY=NEVER` is none of them, whatever else was asked for.
//!
//! # No backscatter
//! What is accepted from somebody who is not its sender, and bounced later, hits whoever was named as its
//! sender. So the rule is to refuse while the client is there: unknown recipients at RCPT, content at its
//! end. Nothing here makes up for a server that accepts what it cannot deliver. What is sent has the null
//! sender, wants no notifications, says `Auto-Submitted` (RFC 3834), and is bounded in size; nobody is told
//! of a message from the null sender, and lists have their owners as senders.
//!
//! # Double bounces
//! A notification that cannot be delivered goes to the postmaster, and when that fails, too, it is dropped
//! and logged. Whoever keeps messages keeps with them which are notifications ([`Notice::written`]). Messages
//! from the null sender that somebody else wrote are never reported.
//!
//! # UTF-8
//! What is said of a message that needs SMTPUTF8 is in the form of RFC 6533. It is itself in UTF-8 if the
//! sender's address is; else it is encoded, and goes where only ASCII does. Of other messages, addresses
//! that are not ASCII are written in the form of RFC 6533 section 3.

mod compose;
mod english;
mod fate;
mod field;
mod notice;
mod notifier;
mod original;
mod original_content;
mod plan;
mod quoted_printable;
mod status;
#[cfg(test)]
mod tests;
mod thread;

pub use compose::Notification;
pub use english::{Text, english};
pub use fate::{Fate, Report};
pub use notice::{Kind, Notice, Returned};
pub use notifier::Notifier;
pub use original::{Deadline, Original, Written};
