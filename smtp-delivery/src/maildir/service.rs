use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{BodyError, BoxFuture, Envelope, Message, Outcomes, Reply};
use tower_service::Service;

use super::delivery::Delivery;
use super::unique_name::host_part;
use super::{MailboxTree, Mailboxes};
use crate::content::Content;
use crate::{TraceId, outcome, storage};

/// How many octets are collected before they are written. A message with fewer is written and
/// synced in one go.
const PIECE: usize = 256 * 1024;

/// Delivers into Maildir mailboxes; see the [module](super).
///
/// Each recipient has an outcome of its own: 250 once the message is durable in its mailbox, 550
/// 5.1.1 if it has none, 452 4.3.1 if there is no room, 451 4.3.0 if the disk fails otherwise.
/// Two recipients with the same mailbox get one copy.
///
/// If the future is dropped while the body comes in, nothing is delivered; dropped later, while
/// the whole message is being synced, it may still be delivered.
#[derive(Clone)]
pub struct Maildir {
    mailboxes: Arc<dyn Mailboxes>,
    keep_crlf: bool,
}

impl Maildir {
    /// Delivers to the [`MailboxTree`] below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::with(MailboxTree::new(root))
    }

    /// Delivers to these mailboxes.
    pub fn with(mailboxes: impl Mailboxes) -> Self {
        Self { mailboxes: Arc::new(mailboxes), keep_crlf: false }
    }

    /// Writes lines with the CRLF that they came with rather than with LF.
    #[must_use]
    pub fn keep_crlf(mut self) -> Self {
        self.keep_crlf = true;
        self
    }

    async fn deliver(self, message: Message) -> Result<Outcomes, BodyError> {
        let Message { envelope, mut body, session } = message;
        let (mailboxes, targets) = self.resolve(&envelope);
        if mailboxes.is_empty() {
            return Ok(outcomes(&targets, &[], &Reply::new(250, "2.0.0 delivered")));
        }
        let mut content = Content::new(self.keep_crlf);
        let mut delivery = Delivery::new(host_part(session.server_name()).into(), mailboxes);
        while let Some(chunk) = body.next().await {
            content.push(&chunk?);
            if content.len() < PIECE {
                continue;
            }
            let piece = content.take();
            let written = storage::blocking(move || {
                delivery.write(&piece)?;
                Ok((delivery, piece))
            });
            match written.await {
                Ok((rest, piece)) => {
                    delivery = rest;
                    content.reuse(piece);
                }
                Err(error) => return Ok(failed(&targets, &error)),
            }
        }
        let rest = content.finish();
        let positive = match session.transaction().get::<TraceId>() {
            Some(id) => Reply::new(250, format!("2.0.0 delivered, id {id}")),
            None => Reply::new(250, "2.0.0 delivered"),
        };
        match storage::blocking(move || delivery.finish(&rest)).await {
            Ok(failures) => Ok(outcomes(&targets, &failures, &positive)),
            Err(error) => Ok(failed(&targets, &error)),
        }
    }

    /// The mailboxes, each once, and for each recipient the index of its own.
    fn resolve(&self, envelope: &Envelope) -> (Vec<PathBuf>, Vec<Option<usize>>) {
        let mut mailboxes = Vec::new();
        let mut known = HashMap::new();
        let targets = envelope.recipients.iter().map(|recipient| {
            let mailbox = self.mailboxes.mailbox(recipient)?;
            Some(*known.entry(mailbox).or_insert_with_key(|mailbox| {
                mailboxes.push(mailbox.clone());
                mailboxes.len() - 1
            }))
        });
        let targets = targets.collect();
        (mailboxes, targets)
    }
}

/// The outcomes of recipients with these mailboxes, of which some failed.
fn outcomes(targets: &[Option<usize>], failures: &[Option<io::Error>], positive: &Reply) -> Outcomes {
    let replies = targets.iter().map(|target| match target {
        None => unknown_recipient(),
        Some(index) => match &failures[*index] {
            None => positive.without_effects(),
            Some(error) => storage::reply(error),
        },
    });
    outcome::from_each(replies.collect())
}

/// The outcomes if the message could be written nowhere.
fn failed(targets: &[Option<usize>], error: &io::Error) -> Outcomes {
    tracing::error!(%error, "message cannot be written to any mailbox");
    let replies = targets.iter().map(|target| match target {
        None => unknown_recipient(),
        Some(_) => storage::reply(error),
    });
    outcome::from_each(replies.collect())
}

fn unknown_recipient() -> Reply {
    Reply::new(550, "5.1.1 no such mailbox here")
}

impl Service<Message> for Maildir {
    type Response = Outcomes;
    type Error = BodyError;
    type Future = BoxFuture<Result<Outcomes, BodyError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        Box::pin(self.clone().deliver(message))
    }
}

impl fmt::Debug for Maildir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maildir").field("keep_crlf", &self.keep_crlf).finish_non_exhaustive()
    }
}
