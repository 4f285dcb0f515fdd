//! What has become of a message so far, while it goes to one server after the other.

use std::borrow::Cow;

use smtp_core::{Envelope, Reply};

use super::failure;
use super::open::NotOpened;
use super::transaction::Sent;

/// What one server said to a message.
#[derive(Default)]
pub(super) struct Attempt {
    /// The outcome of each recipient.
    pub(super) each: Vec<Reply>,
    /// The recipients, by their places, for whom another server may do better.
    open: Vec<usize>,
}

impl Attempt {
    /// The same outcome for all.
    pub(super) fn settled(reply: &Reply, recipients: usize) -> Self {
        let each = (0..recipients).map(|_| reply.without_effects()).collect();
        Self { each, open: Vec::new() }
    }

    pub(super) fn not_opened(failed: &NotOpened, recipients: usize) -> Self {
        match failed {
            NotOpened::All(reply) => Self::settled(reply, recipients),
            NotOpened::Server(reply) => {
                Self { open: (0..recipients).collect(), ..Self::settled(reply, recipients) }
            }
        }
    }

    /// Adds what was said to further recipients.
    pub(super) fn append(&mut self, other: Self) {
        let before = self.each.len();
        self.open.extend(other.open.iter().map(|index| before + index));
        self.each.extend(other.each);
    }
}

impl From<Sent> for Attempt {
    fn from(sent: Sent) -> Self {
        let unsettled = sent.refused.iter().enumerate().filter(|(_, refused)| refused.is_none());
        let open = match sent.may_go_elsewhere {
            true => unsettled.map(|(index, _)| index).collect(),
            false => Vec::new(),
        };
        Self { each: sent.each(), open }
    }
}

/// What all servers so far said.
pub(super) struct Progress {
    each: Vec<Option<Reply>>,
    /// The recipients whom no server has settled.
    open: Vec<usize>,
}

impl Progress {
    pub(super) fn new(recipients: usize) -> Self {
        Self { each: (0..recipients).map(|_| None).collect(), open: (0..recipients).collect() }
    }

    /// Whether there is nothing left to do.
    pub(super) fn is_settled(&self) -> bool {
        self.open.is_empty()
    }

    /// The message for those recipients who are not settled.
    pub(super) fn rest<'a>(&self, envelope: &'a Envelope) -> Cow<'a, Envelope> {
        part(envelope, &self.open)
    }

    /// Takes in what a server said to them.
    pub(super) fn add(&mut self, attempt: Attempt) {
        let Attempt { each, open } = attempt;
        for (place, reply) in each.into_iter().enumerate() {
            let Some(known) = self.open.get(place).and_then(|index| self.each.get_mut(*index)) else { break };
            // A server that only is not there now may take later what others never will.
            let waits = known.as_ref().is_some_and(Reply::is_transient);
            if !(waits && reply.is_permanent() && open.contains(&place)) {
                *known = Some(reply);
            }
        }
        self.open = open.iter().filter_map(|place| self.open.get(*place).copied()).collect();
    }

    /// The outcome of each recipient.
    pub(super) fn into_each(self) -> Vec<Reply> {
        self.each.into_iter().map(|reply| reply.unwrap_or_else(failure::unreachable)).collect()
    }
}

/// The message for some of its recipients.
pub(super) fn part<'a>(envelope: &'a Envelope, recipients: &[usize]) -> Cow<'a, Envelope> {
    if recipients.len() == envelope.recipients.len() {
        return Cow::Borrowed(envelope);
    }
    let recipients = recipients.iter().map(|index| envelope.recipients[*index].clone()).collect();
    Cow::Owned(Envelope { sender: envelope.sender.clone(), recipients })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        Reply::new(text[..3].parse().unwrap(), text[4..].to_owned())
    }

    fn attempt(each: &[&str], open: &[usize]) -> Attempt {
        Attempt { each: each.iter().map(|text| reply(text)).collect(), open: open.to_vec() }
    }

    #[test]
    fn each_recipient_has_the_last_word_of_who_settled_it() {
        let mut progress = Progress::new(4);
        progress.add(attempt(&["451 no", "550 no", "451 no", "451 no"], &[0, 2, 3]));
        assert!(!progress.is_settled());
        progress.add(attempt(&["250 yes", "550 not secure", "550 no such user"], &[1]));
        progress.add(attempt(&["550 not secure"], &[0]));
        let each: Vec<String> = progress.into_each().iter().map(ToString::to_string).collect();
        assert_eq!(each, ["250 yes", "550 no", "451 no", "550 no such user"]);
    }

    #[test]
    fn who_was_never_asked_about_is_not_delivered() {
        let mut progress = Progress::new(1);
        progress.add(Attempt::default());
        assert!(progress.is_settled());
        assert!(progress.into_each()[0].is_transient());
    }
}
