use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{BodyError, BoxFuture, Envelope, Message, Outcomes, Recipient, Reply};
use tower_service::Service;

use super::delivery::Delivery;
use super::quota::{Refused, Usage};
use super::target::{self, Target};
use super::unique_name::host_part;
use super::{MailboxTree, Mailboxes, Quota, folder};
use crate::address::split_detail;
use crate::content::Content;
use crate::{TraceId, outcome, storage};

/// How many octets are collected before they are written. A message with fewer is written and
/// synced in one go.
const PIECE: usize = 256 * 1024;

/// Delivers into Maildir mailboxes; see the [module](super).
///
/// Each recipient has an outcome of its own: 250 once the message is durable in its mailbox, 550
/// 5.1.1 if it has none, 452 4.3.1 if there is no room on the disk, 451 4.3.0 if the disk fails otherwise. A
/// mailbox that is full by its quota answers 552 5.2.2, one that never could hold the message 552 5.2.3.
/// Two recipients with the same mailbox get one copy.
///
/// If the future is dropped while the body comes in, nothing is delivered; dropped later, while
/// the whole message is being synced, it may still be delivered.
#[derive(Clone)]
pub struct Maildir {
    mailboxes: Arc<dyn Mailboxes>,
    keep_crlf: bool,
    quotas: Option<Arc<Quotas>>,
    defer: bool,
    detail_separator: Option<char>,
}

type Quotas = dyn Fn(&Recipient) -> Option<Quota> + Send + Sync;

impl Maildir {
    /// Delivers to the [`MailboxTree`] below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::with(MailboxTree::new(root))
    }

    /// Delivers to these mailboxes.
    pub fn with(mailboxes: impl Mailboxes) -> Self {
        Self {
            mailboxes: Arc::new(mailboxes),
            keep_crlf: false,
            quotas: None,
            defer: false,
            detail_separator: None,
        }
    }

    /// Writes lines with the CRLF that they came with rather than with LF.
    #[must_use]
    pub fn keep_crlf(mut self) -> Self {
        self.keep_crlf = true;
        self
    }

    /// How much each mailbox may hold.
    #[must_use]
    pub fn quota(self, quota: Quota) -> Self {
        self.quota_of(move |_| Some(quota))
    }

    /// How much the mailbox of each recipient may hold; `None` for one without a quota. It must not block.
    #[must_use]
    pub fn quota_of(mut self, quotas: impl Fn(&Recipient) -> Option<Quota> + Send + Sync + 'static) -> Self {
        self.quotas = Some(Arc::new(quotas));
        self
    }

    /// A mailbox that is full answers 452 4.2.2 rather than 552 5.2.2: senders try again, for days, and
    /// may find room; without this they learn at once that there is none.
    #[must_use]
    pub fn defer_over_quota(mut self) -> Self {
        self.defer = true;
        self
    }

    /// A recipient with a detail (RFC 5233) is delivered to the folder of that name, if the mailbox has it:
    /// `joe+lists` with the separator `+` to `.lists`, whatever its case. Otherwise, and with names beyond
    /// ASCII, it is the mailbox itself. The [`MailboxTree`] needs the same separator.
    #[must_use]
    pub fn detail_folders(mut self, separator: char) -> Self {
        self.detail_separator = Some(separator);
        self
    }

    async fn deliver(self, message: Message) -> Result<Outcomes, BodyError> {
        let Message { envelope, mut body, session } = message;
        let (targets, places) = self.resolve(&envelope).await;
        let defer = self.defer;
        if targets.is_empty() {
            return Ok(outcomes(&places, &[], &Reply::new(250, "2.0.0 delivered"), defer));
        }
        let mut content = Content::new(self.keep_crlf);
        let mut delivery = Delivery::new(host_part(session.server_name()).into(), targets);
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
                Err(error) => return Ok(failed(&places, &error)),
            }
        }
        let rest = content.finish();
        let positive = match session.transaction().get::<TraceId>() {
            Some(id) => Reply::new(250, format!("2.0.0 delivered, id {id}")),
            None => Reply::new(250, "2.0.0 delivered"),
        };
        match storage::blocking(move || delivery.finish(&rest)).await {
            Ok(failures) => Ok(outcomes(&places, &failures, &positive, defer)),
            Err(error) => Ok(failed(&places, &error)),
        }
    }

    /// Where copies go, each once, and for each recipient the place of its own.
    async fn resolve(&self, envelope: &Envelope) -> (Vec<Target>, Vec<Option<usize>>) {
        let mut targets = Vec::new();
        let mut places = Vec::with_capacity(envelope.recipients.len());
        let mut known = HashMap::new();
        for recipient in &envelope.recipients {
            let Some(mailbox) = self.mailboxes.mailbox(recipient).map(Arc::new) else {
                places.push(None);
                continue;
            };
            let quota = self.quotas.as_ref().and_then(|quotas| quotas(recipient));
            let usage = quota.map(|quota| Usage { mailbox: mailbox.clone(), quota });
            let folder = self.folder(recipient, &mailbox).await;
            let place = *known.entry((mailbox.clone(), folder.clone())).or_insert_with(|| {
                targets.push(Target { mailbox, folder, usage });
                targets.len() - 1
            });
            places.push(Some(place));
        }
        (targets, places)
    }

    async fn folder(&self, recipient: &Recipient, mailbox: &Arc<PathBuf>) -> Option<String> {
        let local_part = recipient.path.mailbox()?.local_part().unquoted();
        let (_, detail) = split_detail(&local_part, self.detail_separator)?;
        let (mailbox, detail) = (mailbox.clone(), detail.to_owned());
        // What cannot be looked up is as good as missing.
        storage::blocking(move || Ok(folder::find(&mailbox, &detail))).await.ok().flatten()
    }
}

/// The outcomes of recipients with these places, of which some failed.
fn outcomes(
    places: &[Option<usize>],
    failures: &[Option<Refused>],
    positive: &Reply,
    defer: bool,
) -> Outcomes {
    let replies = places.iter().map(|place| match place {
        None => unknown_recipient(),
        Some(place) => match &failures[*place] {
            None => positive.without_effects(),
            Some(refused) => target::reply(refused, defer),
        },
    });
    outcome::from_each(replies.collect())
}

/// The outcomes if the message could be written nowhere.
fn failed(places: &[Option<usize>], error: &io::Error) -> Outcomes {
    tracing::error!(%error, "message cannot be written to any mailbox");
    let replies = places.iter().map(|place| match place {
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
