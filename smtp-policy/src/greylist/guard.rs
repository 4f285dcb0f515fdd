use std::collections::HashSet;
use std::time::Duration;

use smtp_core::state::{State, StateKey};
use smtp_core::{BoxError, Command, ForwardPath, Mailbox, Recipient, Reply, ReversePath, Session};

use super::memory::{Times, Try};
use crate::client_name::ClientName;
use crate::client_network::{of_bits, spell};
use crate::domain_pattern::DomainSet;
use crate::guard::{Event, Guard};
use crate::rate_limit::Rate;
use crate::spell::Spelt;
use crate::strangers::Strangers;

const DAY: Duration = Duration::from_secs(86_400);
/// How many first tries of a network are kept.
const FIRST_TRIES: Rate = Rate::hourly(1000);

/// What a [`GreylistLayer`](super::GreylistLayer) goes by.
#[derive(Debug, Clone)]
pub struct GreylistGuard {
    state: State,
    pub(super) times: Times,
    pub(super) known_after: u32,
    pub(super) bits: (u8, u8),
    pub(super) at_data: bool,
    pub(super) strangers: Strangers,
    pub(super) exempt_clients: DomainSet,
    pub(super) exempt_recipients: HashSet<String>,
}

impl GreylistGuard {
    pub(super) fn new(state: State) -> Self {
        let times = Times { delay: Duration::from_secs(300), window: 2 * DAY, lifetime: 35 * DAY };
        Self {
            state,
            times,
            known_after: 5,
            bits: (24, 64),
            at_data: false,
            strangers: Strangers::default(),
            exempt_clients: DomainSet::default(),
            exempt_recipients: HashSet::new(),
        }
    }

    /// The network that may have to wait.
    async fn stranger(&self, session: &Session) -> Option<String> {
        let address = session.peer_ip()?;
        let name = session.connection().get::<ClientName>();
        let exempt = name.is_some_and(|ClientName(name)| self.exempt_clients.contains(&name));
        (!exempt && self.strangers.have(session).await)
            .then(|| spell(of_bits(address, self.bits.0, self.bits.1)))
    }

    /// How long this recipient has to wait.
    async fn wait(&self, network: &str, sender: &ReversePath, recipient: &Recipient) -> Option<Duration> {
        let recipient = match &recipient.path {
            ForwardPath::Postmaster => "postmaster".to_owned(),
            ForwardPath::Mailbox(mailbox) => mailbox.to_string().to_lowercase(),
        };
        if self.exempt_recipients.contains(&recipient) {
            return None;
        }
        let pair =
            format!("{network} {} {recipient}", sender.mailbox().map(without_detail).unwrap_or_default());
        match self.look(network.to_owned(), pair).await {
            Ok(Try::Wait(wait)) => Some(wait),
            Ok(Try::Passes | Try::PassesFirst) => None,
            Err(error) => {
                tracing::warn!(%error, "the greylist cannot be asked; nobody waits");
                None
            }
        }
    }

    async fn look(&self, network: String, pair: String) -> Result<Try, BoxError> {
        let (times, passes) = (self.times, self.known_after);
        let network = StateKey::new("greylist-network", network);
        if passes > 0 {
            let look = move |entry: &mut _, now| times.is_known(entry, now, passes);
            if self.state.update(network.clone(), look).await? {
                return Ok(Try::Passes);
            }
        }
        let pair = StateKey::new("greylist", pair);
        if self.state.get(pair.clone()).await?.0.is_none() {
            // What one network tries for the first time must not displace the tries of all others.
            let tries = StateKey::new("greylist-tries", network.name());
            if !self.state.update(tries, |entry, now| FIRST_TRIES.take(entry, now)).await? {
                return Ok(Try::Wait(times.delay));
            }
        }
        let outcome = self.state.update(pair, move |entry, now| times.note(entry, now)).await?;
        if outcome == Try::PassesFirst && passes > 0 {
            self.state.update(network, move |entry, now| times.count(entry, now)).await?;
        }
        Ok(outcome)
    }
}

/// Lists write each recipient from an address of its own, with a detail behind a plus.
fn without_detail(mailbox: &Mailbox) -> String {
    let local_part = mailbox.local_part().unquoted().to_lowercase();
    let name = match local_part.split_once('+') {
        Some((name, _)) if !name.is_empty() => name,
        _ => &local_part,
    };
    format!("{name}@{}", mailbox.host()).to_lowercase()
}

fn refusal(wait: Duration) -> Reply {
    // What is left of the delay, in whole minutes: retries are not that precise.
    let minutes = wait.as_secs().div_ceil(60).max(1);
    let wait = Spelt(Duration::from_secs(minutes * 60));
    Reply::new(451, format!("4.7.1 greylisted, try again in {wait}"))
}

impl Guard for GreylistGuard {
    const NAME: &'static str = "greylist";

    fn watches(&self, command: &Command) -> bool {
        matches!(command, Command::Rcpt(_) | Command::Data(_))
    }

    async fn before(&self, event: &Event, session: &Session) -> Result<(), Reply> {
        let Some(envelope) = session.envelope().filter(|_| matches!(event, Event::Data)) else {
            return Ok(());
        };
        let sender = &envelope.sender.path;
        if !self.at_data && !sender.is_null() {
            return Ok(());
        }
        let Some(network) = self.stranger(session).await else { return Ok(()) };
        let mut longest = None;
        for recipient in &envelope.recipients {
            longest = longest.max(self.wait(&network, sender, recipient).await);
        }
        longest.map_or(Ok(()), |wait| Err(refusal(wait)))
    }

    async fn after(&self, event: &Event, session: &Session, reply: &Reply) -> Result<(), Reply> {
        let (Event::Rcpt(recipient), Some(envelope)) = (event, session.envelope()) else { return Ok(()) };
        let sender = &envelope.sender.path;
        if self.at_data || sender.is_null() || !reply.is_positive() {
            return Ok(());
        }
        let Some(network) = self.stranger(session).await else { return Ok(()) };
        self.wait(&network, sender, recipient).await.map_or(Ok(()), |wait| Err(refusal(wait)))
    }
}
