use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use smtp_core::{Command, Domain, Reply, Session};
use tokio::time::timeout;

use super::{DnsList, ListLookup};
use crate::guard::{Event, Guard};
use crate::postmaster;
use crate::strangers::Strangers;

/// How much of a list's text goes into a reply.
const MOST_TEXT: usize = 200;

/// What a [`DnsListLayer`](super::DnsListLayer) goes by.
#[derive(Debug)]
pub struct DnsListGuard<L> {
    lookup: Arc<L>,
    pub(super) rules: Rules,
}

#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) lists: Vec<DnsList>,
    pub(super) threshold: u32,
    pub(super) refuses: bool,
    pub(super) at_connect: bool,
    pub(super) limit: Duration,
    pub(super) strangers: Strangers,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The list.
    pub zone: Domain,
    /// The address or the domain that it has.
    pub subject: String,
    /// What the entry adds to the score.
    pub score: u32,
    /// Whether it is a list of the good.
    pub of_the_good: bool,
    /// The name of the entry in the DNS.
    name: String,
}

/// What the lists say of a transaction: stands in
/// [`Session::transaction`](smtp_core::Session::transaction) once they were asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listings(pub Arc<[Listing]>);

impl Listings {
    /// The sum of the scores; none for who is on a list of the good.
    pub fn score(&self) -> u32 {
        if self.0.iter().any(|listing| listing.of_the_good) {
            return 0;
        }
        self.0.iter().fold(0, |sum, listing| sum.saturating_add(listing.score))
    }
}

impl<L: ListLookup> DnsListGuard<L> {
    pub(super) fn new(lookup: Arc<L>) -> Self {
        let rules = Rules {
            lists: Vec::new(),
            threshold: 1,
            refuses: true,
            at_connect: false,
            limit: Duration::from_secs(5),
            strangers: Strangers::default(),
        };
        Self { lookup, rules }
    }

    /// What these lists have of what this session shows.
    async fn ask(&self, lists: impl Iterator<Item = &DnsList>, session: &Session) -> Listings {
        let found = join_all(lists.map(|list| self.ask_list(list, session))).await;
        Listings(found.into_iter().flatten().collect())
    }

    /// The first entry of a list: one that has several of a client's names counts once.
    async fn ask_list(&self, list: &DnsList, session: &Session) -> Option<Listing> {
        let questions = list.questions(session);
        let answers = join_all(questions.iter().map(|(_, name)| self.is_listed(list, name))).await;
        let first = answers.into_iter().position(|listed| listed)?;
        let (subject, name) = questions.into_iter().nth(first)?;
        let DnsList { zone, score, of_the_good, .. } = list;
        Some(Listing { zone: zone.clone(), subject, score: *score, of_the_good: *of_the_good, name })
    }

    async fn is_listed(&self, list: &DnsList, name: &str) -> bool {
        let zone = &list.zone;
        match timeout(self.rules.limit, self.lookup.answers(name)).await {
            Ok(Ok(answers)) => {
                let listed = answers.iter().any(|answer| list.counts(*answer));
                if !listed && answers.iter().any(|answer| answer.octets()[..3] == [127, 255, 255]) {
                    tracing::warn!(%zone, ?answers, "the list does not serve this server");
                }
                listed
            }
            Ok(Err(error)) => {
                tracing::warn!(%zone, %error, "the list cannot be asked");
                false
            }
            Err(_) => {
                tracing::warn!(%zone, "the list takes too long");
                false
            }
        }
    }

    /// The refusal, if the score is that high.
    async fn judge(&self, code: u16, listings: &Listings) -> Result<(), Reply> {
        if !self.rules.refuses || listings.score() < self.rules.threshold {
            return Ok(());
        }
        let Some(worst) = listings.0.iter().max_by_key(|listing| listing.score) else { return Ok(()) };
        let texts = timeout(self.rules.limit, self.lookup.texts(&worst.name)).await;
        let text = texts.ok().and_then(Result::ok).and_then(|texts| texts.into_iter().next());
        let text = text.map_or(String::new(), |mut text| {
            text.truncate(text.floor_char_boundary(MOST_TEXT));
            // A reply of one line: the rest is made harmless where all replies are.
            format!(": {}", text.replace(['\r', '\n'], " "))
        });
        let Listing { subject, zone, .. } = worst;
        Err(Reply::new(code, format!("5.7.1 {subject} is listed by {zone}{text}")))
    }

    async fn of_transaction(&self, session: &Session) -> Listings {
        // Asked once for all recipients.
        if let Some(listings) = session.transaction().get::<Listings>() {
            return listings;
        }
        let listings = self.ask(self.rules.lists.iter(), session).await;
        session.transaction().insert(listings.clone());
        listings
    }
}

impl<L: ListLookup> Guard for DnsListGuard<L> {
    const NAME: &'static str = "dns lists";

    fn watches(&self, command: &Command) -> bool {
        match command {
            Command::Connect => self.rules.at_connect,
            Command::Rcpt(_) => true,
            _ => false,
        }
    }

    async fn before(&self, event: &Event, session: &Session) -> Result<(), Reply> {
        if !matches!(event, Event::Connect) || !self.rules.strangers.have(session).await {
            return Ok(());
        }
        let of_addresses = self.rules.lists.iter().filter(|list| list.is_of_addresses());
        let listings = self.ask(of_addresses, session).await;
        self.judge(554, &listings).await
    }

    async fn after(&self, event: &Event, session: &Session, reply: &Reply) -> Result<(), Reply> {
        let Event::Rcpt(recipient) = event else { return Ok(()) };
        if !reply.is_positive() || !self.rules.strangers.have(session).await {
            return Ok(());
        }
        let listings = self.of_transaction(session).await;
        if postmaster::is(recipient) { Ok(()) } else { self.judge(550, &listings).await }
    }
}

impl<L> Clone for DnsListGuard<L> {
    fn clone(&self) -> Self {
        Self { lookup: Arc::clone(&self.lookup), rules: self.rules.clone() }
    }
}
