//! Envelopes with members in the place of aliases (RFC 3461 section 5.2.7).

use std::collections::HashMap;

use smtp_core::extension::{DeliverByTime, EnvelopeId, Notify, OriginalRecipient, Ret, TypedParameter};
use smtp_core::{BoxError, Envelope, Expanded, Mail, Mailbox, Outcomes, Recipient, Reply, Route};

use super::{AliasDirectory, Resolution, Target, Users};

/// The envelopes that one becomes: one of its sender, and one of each owner of lists.
pub(super) struct Expansions {
    /// Never two of one sender.
    pub(super) envelopes: Vec<Envelope>,
    /// For each recipient of before, where its members are: which envelope, and which recipient there.
    members: Vec<Vec<(usize, usize)>>,
    /// Programs and files, each once, and what the first alias that leads there makes of the envelope.
    pub(super) targets: Vec<(Target, Envelope)>,
    /// For each recipient of before, which of those are its members.
    to_targets: Vec<Vec<usize>>,
    /// Those of before that stood for several others, or for a list.
    pub(super) expanded: Vec<Expanded>,
}

/// A recipient, and whom it means.
struct Meaning<'a> {
    recipient: &'a Recipient,
    /// `None` if it means itself.
    members: Option<Vec<Mailbox>>,
    targets: Vec<Target>,
    owner: Option<Mailbox>,
}

impl Expansions {
    pub(super) async fn of<U: Users>(
        envelope: &Envelope,
        directory: &AliasDirectory<U>,
    ) -> Result<Self, BoxError> {
        let mut meanings = Vec::with_capacity(envelope.recipients.len());
        for recipient in &envelope.recipients {
            meanings.push(Meaning::of(recipient, &envelope.sender, directory).await?);
        }
        let mut expansions = Self {
            envelopes: Vec::new(),
            members: vec![Vec::new(); meanings.len()],
            targets: Vec::new(),
            to_targets: vec![Vec::new(); meanings.len()],
            expanded: meanings.iter().filter_map(Meaning::expanded).collect(),
        };
        // Each member gets the message once. Who is named by the sender, too, gets it from the sender.
        let mut places = HashMap::new();
        for by_owner in [false, true] {
            for (index, meaning) in meanings.iter().enumerate() {
                if meaning.owner.is_some() == by_owner {
                    expansions.place(index, meaning, &envelope.sender, directory, &mut places);
                }
            }
        }
        Ok(expansions)
    }

    fn place<U: Users>(
        &mut self,
        index: usize,
        meaning: &Meaning<'_>,
        sender: &Mail,
        directory: &AliasDirectory<U>,
        places: &mut HashMap<String, (usize, usize)>,
    ) {
        for recipient in meaning.recipients(directory) {
            let compared = directory.address_of(&recipient.path).map(|mailbox| directory.compared(&mailbox));
            let compared = compared.unwrap_or_else(|| recipient.path.to_string());
            let place = *places.entry(compared).or_insert_with(|| {
                let envelope = self.envelope_of(meaning.owner.as_ref(), sender);
                let recipients = &mut self.envelopes[envelope].recipients;
                recipients.push(recipient);
                (envelope, recipients.len() - 1)
            });
            self.members[index].push(place);
        }
        for target in &meaning.targets {
            let known = self.targets.iter().position(|(known, _)| known == target);
            let place = known.unwrap_or_else(|| {
                let sender =
                    meaning.owner.as_ref().map_or_else(|| sender.clone(), |owner| of_owner(owner, sender));
                let recipients = vec![meaning.recipient.clone()];
                self.targets.push((target.clone(), Envelope { sender, recipients }));
                self.targets.len() - 1
            });
            self.to_targets[index].push(place);
        }
    }

    /// The place of the envelope of this owner, or of the sender.
    fn envelope_of(&mut self, owner: Option<&Mailbox>, sender: &Mail) -> usize {
        let sender = owner.map_or_else(|| sender.clone(), |owner| of_owner(owner, sender));
        let known = self.envelopes.iter().position(|envelope| envelope.sender == sender);
        known.unwrap_or_else(|| {
            self.envelopes.push(Envelope::new(sender));
            self.envelopes.len() - 1
        })
    }

    /// The outcome of each recipient of before: the worst of its members', who have one in each envelope.
    pub(super) fn fold(&self, replies: &[Vec<Reply>], of_targets: &[Reply]) -> Outcomes {
        let of_member = |(envelope, recipient): &(usize, usize)| replies.get(*envelope)?.get(*recipient);
        let of_one = |(places, targets): (&Vec<_>, &Vec<usize>)| {
            if places.is_empty() && targets.is_empty() {
                return empty();
            }
            let of_targets = targets.iter().filter_map(|index| of_targets.get(*index));
            let each = places.iter().filter_map(of_member).chain(of_targets).map(Reply::without_effects);
            Outcomes::Each(each.collect()).fold()
        };
        Outcomes::Each(self.members.iter().zip(&self.to_targets).map(of_one).collect())
    }
}

impl<'a> Meaning<'a> {
    async fn of<U: Users>(
        recipient: &'a Recipient,
        sender: &Mail,
        directory: &AliasDirectory<U>,
    ) -> Result<Self, BoxError> {
        let address = directory.address_of(&recipient.path);
        let resolution = match address.filter(|_| recipient.route == Some(Route::Local)) {
            Some(mailbox) => directory.resolve(&mailbox).await?,
            None => Resolution::Elsewhere,
        };
        Ok(match resolution {
            // Bounces of bounces go nowhere, whoever owns the list.
            Resolution::Members { members, targets, owner } => {
                let owner = owner.filter(|_| !sender.path.is_null());
                Self { recipient, members: Some(members), targets, owner }
            }
            _ => Self { recipient, members: None, targets: Vec::new(), owner: None },
        })
    }

    /// What the sender may hear of it here. Of an alias of one other it hears from there.
    fn expanded(&self) -> Option<Expanded> {
        let is_list = self.owner.is_some();
        let several = self.members.as_ref().is_some_and(|members| members.len() + self.targets.len() > 1);
        (is_list || several).then(|| Expanded { recipient: self.recipient.clone(), is_list })
    }

    /// The recipients in its place.
    fn recipients<U: Users>(&self, directory: &AliasDirectory<U>) -> Vec<Recipient> {
        let Some(members) = &self.members else { return vec![self.recipient.clone()] };
        let of_member = |member: &Mailbox| {
            let is_local = member.domain().is_some_and(|domain| directory.is_local(domain));
            let mut recipient = self.recipient.clone();
            if self.owner.is_some() {
                self.ask_for_list(&mut recipient, member);
            } else {
                self.ask_for_alias(&mut recipient, members.len(), directory);
            }
            recipient.path = member.clone().into();
            recipient.routed(if is_local { Route::Local } else { Route::Relay })
        };
        members.iter().map(of_member).collect()
    }

    /// What happens behind a list is its owner's to hear (section 5.2.7.1).
    fn ask_for_list(&self, recipient: &mut Recipient, member: &Mailbox) {
        recipient.parameters.remove(Notify::KEYWORD);
        recipient.parameters.remove(OriginalRecipient::KEYWORD);
        if let Some(original) = OriginalRecipient::new(member) {
            recipient.parameters.set(&original);
        }
    }

    /// Behind an alias of several the sender hears of failures and delays, by the address that it wrote;
    /// success is heard of here (section 5.2.7.3, the third way).
    fn ask_for_alias<U: Users>(
        &self,
        recipient: &mut Recipient,
        members: usize,
        directory: &AliasDirectory<U>,
    ) {
        let parameters = &mut recipient.parameters;
        if let Ok(Some(notify)) = parameters.typed::<Notify>()
            && members > 1
        {
            parameters.set(&Notify { success: false, ..notify });
        }
        let written = || OriginalRecipient::new(&directory.address_of(&self.recipient.path)?);
        if parameters.get(OriginalRecipient::KEYWORD).is_none()
            && let Some(original) = written()
        {
            parameters.set(&original);
        }
    }
}

/// The owner in the place of the sender. What the sender asked of notifications is not asked for the owner.
fn of_owner(owner: &Mailbox, sender: &Mail) -> Mail {
    let mut mail = sender.clone();
    mail.path = owner.clone().into();
    for keyword in [Ret::KEYWORD, EnvelopeId::KEYWORD, DeliverByTime::KEYWORD] {
        mail.parameters.remove(keyword);
    }
    mail
}

pub(super) fn empty() -> Reply {
    Reply::new(550, "5.1.1 the list is empty")
}
