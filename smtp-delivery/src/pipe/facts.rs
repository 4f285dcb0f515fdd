use smtp_core::extension::OriginalRecipient;
use smtp_core::{Mail, Recipient, Session};

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
    pub(super) domain: String,
    separator: Option<char>,
    original: Option<String>,
}

impl Facts {
    pub(super) fn of(sender: &Mail, session: &Session) -> Self {
        let known = [
            ("CLIENT_ADDRESS", session.peer_ip().map(|address| address.to_string())),
            ("CLIENT_HELO", session.hello().map(ToString::to_string)),
            ("SASL_USERNAME", session.identity().map(|identity| identity.authenticated_name().to_owned())),
            ("TRACE_ID", session.transaction().get::<TraceId>().map(|id| id.to_string())),
        ];
        let known = known.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self {
            sender: sender.path.mailbox().map(ToString::to_string).unwrap_or_default(),
            variables: known.collect(),
        }
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let known = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        std::iter::once(("SENDER", self.sender.as_str())).chain(known)
    }
}

impl RecipientFacts {
    pub(super) fn of(recipient: &Recipient, separator: Option<char>) -> Self {
        let original = recipient.parameters.typed::<OriginalRecipient>().ok().flatten();
        let original = original.map(|original| original.address().to_owned());
        let Some(mailbox) = recipient.path.mailbox() else {
            let postmaster = || "postmaster".to_owned();
            return Self { address: postmaster(), local_part: postmaster(), original, ..Self::default() };
        };
        let host = match mailbox.domain() {
            Some(domain) => domain.to_ascii().to_ascii_lowercase(),
            None => mailbox.host().to_string(),
        };
        Self {
            address: mailbox.to_string(),
            local_part: mailbox.local_part().unquoted().into_owned(),
            domain: host,
            separator,
            original,
        }
    }

    pub(super) fn user(&self) -> &str {
        split_detail(&self.local_part, self.separator).map_or(&self.local_part, |(user, _)| user)
    }

    pub(super) fn extension(&self) -> &str {
        split_detail(&self.local_part, self.separator).map_or("", |(_, extension)| extension)
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let original = self.original.as_deref().map(|original| ("ORIGINAL_RECIPIENT", original));
        [
            ("RECIPIENT", self.address.as_str()),
            ("LOCAL", self.local_part.as_str()),
            ("USER", self.user()),
            ("EXTENSION", self.extension()),
            ("DOMAIN", self.domain.as_str()),
        ]
        .into_iter()
        .chain(original)
    }
}
