use std::collections::HashMap;
use std::sync::Arc;

use smtp_core::extension::{OriginalRecipient, TypedParameter as _};
use smtp_core::{Envelope, ForwardPath, Mailbox, Outcomes, Recipient, Reply, ReversePath, Route};

use super::{Mapped, RewriteLayer};
use crate::outcome;

/// An envelope, rewritten.
pub(super) struct Rewritten {
    pub(super) envelope: Arc<Envelope>,
    /// For each recipient of before, the places of what it became, or why it is nobody.
    origins: Vec<Result<Vec<usize>, Reply>>,
}

impl Rewritten {
    /// # Errors
    /// If the sender is refused.
    pub(super) async fn of(envelope: &Envelope, maps: &RewriteLayer) -> Result<Self, Reply> {
        let mut rewritten = Envelope::new(envelope.sender.clone());
        if let (Some(map), ReversePath::Mailbox(sender)) = (&maps.senders, &envelope.sender.path) {
            match map.map(sender).await {
                Mapped::To(mailboxes) => {
                    if let Some(mailbox) = mailboxes.into_iter().next() {
                        rewritten.sender.path = mailbox.into();
                    }
                }
                Mapped::Refused(reply) => return Err(reply),
                Mapped::Unchanged => {}
            }
        }
        let (mut origins, mut places) = (Vec::new(), HashMap::new());
        for recipient in &envelope.recipients {
            let mapped = match (&maps.recipients, &recipient.path) {
                (Some(map), ForwardPath::Mailbox(mailbox)) => map.map(mailbox).await,
                _ => Mapped::Unchanged,
            };
            let becomes = match mapped {
                Mapped::Unchanged => vec![recipient.clone()],
                Mapped::To(mailboxes) => {
                    mailboxes.into_iter().map(|mailbox| renamed(recipient, mailbox, maps)).collect()
                }
                Mapped::Refused(reply) => {
                    origins.push(Err(reply));
                    continue;
                }
            };
            let becomes = becomes.into_iter().map(|recipient| {
                *places.entry(recipient.path.clone()).or_insert_with(|| {
                    rewritten.recipients.push(recipient);
                    rewritten.recipients.len() - 1
                })
            });
            origins.push(Ok(becomes.collect()));
        }
        Ok(Self { envelope: Arc::new(rewritten), origins })
    }

    /// The outcomes of the recipients of before.
    pub(super) fn outcomes(self, outcomes: Outcomes) -> Outcomes {
        let replies: Vec<Reply> = outcome::into_each(outcomes, self.envelope.recipients.len());
        let of_one = |origin: Result<Vec<usize>, Reply>| match origin {
            Err(refusal) => refusal,
            Ok(places) if places.is_empty() => Reply::new(550, "5.1.1 nobody gets mail for this address"),
            Ok(places) => {
                let each = places.into_iter().map(|place| replies[place].without_effects());
                Outcomes::Each(each.collect()).fold()
            }
        };
        outcome::from_each(self.origins.into_iter().map(of_one).collect())
    }
}

fn renamed(recipient: &Recipient, mailbox: Mailbox, maps: &RewriteLayer) -> Recipient {
    let mut renamed = recipient.clone();
    if let Some(local) = &maps.local_domains {
        let is_local = mailbox.domain().is_some_and(|domain| local.contains(domain));
        renamed.route = Some(if is_local { Route::Local } else { Route::Relay });
    }
    if renamed.parameters.get(OriginalRecipient::KEYWORD).is_none()
        && let Some(original) = recipient.path.mailbox().and_then(OriginalRecipient::new)
    {
        renamed.parameters.set(&original);
    }
    renamed.path = mailbox.into();
    renamed
}
