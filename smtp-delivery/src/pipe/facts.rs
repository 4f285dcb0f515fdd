use smtp_core::extension::OriginalRecipient;
use smtp_core::{Mail, Recipient, Session};

use super::filter::Filter;
use crate::TraceId;
use crate::address::split_detail;

/// What a program may know of a message.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) sender: String,
    variables: Vec<(&'static str, String)>,
}

/// What it may know of a recipient.
#[derive(Debug, Default)]
pub(super) struct RecipientFacts {
    pub(super) address: String,
    pub(super) local_part: String,
    pub(super) user: String,
    pub(super) extension: String,
    pub(super) domain: String,
    original: Option<String>,
}

impl Facts {
    pub(super) fn of(sender: &Mail, session: &Session, filter: &Filter) -> Self {
        let known = [
            ("CLIENT_ADDRESS", session.peer_ip().map(|address| address.to_string())),
            ("CLIENT_HELO", session.hello().map(ToString::to_string)),
            ("SASL_USERNAME", session.identity().map(|identity| identity.authenticated_name().to_owned())),
            ("TRACE_ID", session.transaction().get::<TraceId>().map(|id| id.to_string())),
        ];
        let known = known.into_iter().filter_map(|(name, value)| Some((name, filter.clean(value?))));
        let sender = sender.path.mailbox().map(ToString::to_string).unwrap_or_default();
        Self { sender: filter.clean(sender), variables: known.collect() }
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let known = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        std::iter::once(("SENDER", self.sender.as_str())).chain(known)
    }
}

impl RecipientFacts {
    pub(super) fn of(recipient: &Recipient, separator: Option<char>, filter: &Filter) -> Self {
        let original = recipient.parameters.typed::<OriginalRecipient>().ok().flatten();
        let original = original.map(|original| filter.clean(original.address()));
        let Some(mailbox) = recipient.path.mailbox() else {
            let [address, local_part, user] = ["postmaster"; 3].map(ToOwned::to_owned);
            return Self { address, local_part, user, original, ..Self::default() };
        };
        let host = match mailbox.domain() {
            Some(domain) => domain.to_ascii().to_ascii_lowercase(),
            None => mailbox.host().to_string(),
        };
        let local_part = mailbox.local_part().unquoted();
        let (user, extension) = split_detail(&local_part, separator).unwrap_or((&local_part, ""));
        Self {
            address: filter.clean(mailbox.to_string()),
            user: filter.clean(user),
            extension: filter.clean(extension),
            local_part: filter.clean(&*local_part),
            domain: filter.clean(host),
            original,
        }
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let original = self.original.as_deref().map(|original| ("ORIGINAL_RECIPIENT", original));
        [
            ("RECIPIENT", self.address.as_str()),
            ("LOCAL", self.local_part.as_str()),
            ("USER", self.user.as_str()),
            ("EXTENSION", self.extension.as_str()),
            ("DOMAIN", self.domain.as_str()),
        ]
        .into_iter()
        .chain(original)
    }
}
