//! What the outcomes of an attempt mean for a job.

use std::sync::Arc;
use std::time::SystemTime;

use smtp_core::extension::ByMode;
use smtp_core::{Expanded, Recipient, Reply};

use super::scheduler::Health;
use super::shared::Shared;
use super::store::Rest;
use super::{Entry, Job, Pending};
use crate::bounce::{Fate, Report};

/// What became of one recipient, as far as anybody may want to hear of it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) recipient: Recipient,
    pub(super) fate: Fate,
    pub(super) reply: Option<Arc<Reply>>,
}

impl Event {
    /// A recipient that stood for others; to a list a message was delivered with that (RFC 3461 section
    /// 5.2.7.1).
    pub(super) fn of_expanded(expanded: Expanded) -> Self {
        let fate = Report::of_expanded(&expanded).fate;
        Self { recipient: expanded.recipient, fate, reply: None }
    }
}

/// What has to be said and kept.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) events: Vec<Event>,
    pub(super) rest: Option<Rest>,
    pub(super) health: Health,
}

/// Judges an attempt by the replies that its recipients got.
pub(super) fn attempted(shared: &Shared, entry: &Entry, job: Job, replies: Vec<Reply>) -> Judgement {
    let now = shared.now();
    let mut judgement = Judgement { events: Vec::new(), rest: None, health: health(&replies) };
    let mut rest =
        Rest { recipients: Vec::new(), attempts: job.attempts.saturating_add(1), ..job.clone().into() };
    rest.due = now + shared.schedule.interval(rest.attempts);
    if now < entry.expires {
        // The last attempt is at the end.
        rest.due = rest.due.min(entry.expires);
    }
    for (pending, reply) in job.recipients.into_iter().zip(replies) {
        let (fate, reply) = (Fate::of(&reply), Some(Arc::new(reply)));
        if fate == Fate::Delayed {
            rest.recipients.push(Pending { last: reply, ..pending });
        } else {
            judgement.events.push(Event { recipient: pending.recipient, fate, reply });
        }
    }
    judgement.wait(shared, entry, rest, now);
    judgement
}

/// Judges a job whose sender has to hear of it, without an attempt.
pub(super) fn noticed(shared: &Shared, entry: &Entry, job: Job) -> Judgement {
    let mut judgement = Judgement { events: Vec::new(), rest: None, health: Health::Unknown };
    judgement.wait(shared, entry, job.into(), shared.now());
    judgement
}

impl Judgement {
    /// Keeps those who were not delivered, or gives them up.
    fn wait(&mut self, shared: &Shared, entry: &Entry, mut rest: Rest, now: SystemTime) {
        if rest.recipients.is_empty() {
            return;
        }
        if now >= entry.expires {
            self.say(rest.recipients, given_up(entry));
            return;
        }
        if now >= rest.notice {
            self.say(rest.recipients.clone(), Fate::Delayed);
            rest.told = Some(now);
            rest.notice = shared.next_notice(entry, rest.told);
        }
        self.rest = Some(rest);
    }

    fn say(&mut self, recipients: Vec<Pending>, fate: Fate) {
        let event = |Pending { recipient, last }| Event { recipient, fate, reply: last };
        self.events.extend(recipients.into_iter().map(event));
    }

    /// Keeps those who failed, because their sender could not be told.
    pub(super) fn keep_failed(&mut self, entry: &Entry, job: &Job, due: SystemTime) {
        let failed = self.events.iter().filter(|event| event.fate.action() == "failed");
        let kept: Vec<Pending> = failed
            .map(|event| Pending { recipient: event.recipient.clone(), last: event.reply.clone() })
            .collect();
        if kept.is_empty() {
            return;
        }
        let rest = self.rest.get_or_insert_with(|| Rest { recipients: Vec::new(), ..job.clone().into() });
        rest.recipients.extend(kept);
        rest.due = due;
        rest.notice = due.max(entry.expires);
    }
}

/// What it means that a message has expired.
fn given_up(entry: &Entry) -> Fate {
    let by = entry.deadline(ByMode::Return);
    if by.is_some_and(|by| by <= entry.expires) { Fate::OutOfTime } else { Fate::Expired }
}

/// What the replies say of the destination.
fn health(replies: &[Reply]) -> Health {
    if replies.iter().all(is_of_destination) { Health::Fails } else { Health::Answers }
}

/// Whether a reply is about the destination rather than the message or the recipient: the system or the
/// network there, or that it is not as secure as it has to be (RFC 3463 sections 3.4, 3.5, 3.8).
fn is_of_destination(reply: &Reply) -> bool {
    let subject = reply.status().map_or(0, |status| status.subject());
    reply.is_transient() && (matches!(subject, 3 | 4) || subject == 7 && reply.remote().is_none())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use smtp_core::testing::{facts, recipient, sender};
    use smtp_core::{Acceptance, Remote};

    use super::*;
    use crate::bounce::Written;
    use crate::queue::{MemoryStore, Origin, Queue};
    use crate::{Discard, TraceId};

    const HOUR: Duration = Duration::from_hours(1);

    fn at(hours: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + 1_000_000 * HOUR + hours * HOUR
    }

    fn entry() -> Entry {
        Entry {
            id: TraceId::new(jiff::Timestamp::now()),
            sender: sender("joe@example.org"),
            origin: Origin::of(facts().session()),
            arrival: at(0),
            release: at(0),
            expires: at(100),
            priority: 0,
            written: Written::ByOthers,
        }
    }

    fn job(recipients: usize) -> Job {
        let one = |number| recipient(&format!("r{number}@example.net")).into();
        Job {
            number: 0,
            destination: "example.net".into(),
            recipients: (0..recipients).map(one).collect(),
            due: at(0),
            notice: at(4),
            turn: 0,
            attempts: 0,
            told: None,
        }
    }

    /// The settings of a queue at this time.
    fn shared(now: SystemTime) -> Arc<Shared> {
        Queue::builder(MemoryStore::new()).clock(move || now).build(Discard).0.shared()
    }

    fn judge(job: Job, codes: &[&str], now: SystemTime) -> Judgement {
        let replies = codes.iter().map(|text| {
            let (code, text) = text.split_once(' ').unwrap();
            Reply::new(code.parse().unwrap(), text.to_owned())
        });
        attempted(&shared(now), &entry(), job, replies.collect())
    }

    fn notice(job: Job, now: SystemTime) -> Judgement {
        noticed(&shared(now), &entry(), job)
    }

    fn fates(judgement: &Judgement) -> Vec<(String, Fate)> {
        judgement.events.iter().map(|event| (event.recipient.to_string(), event.fate)).collect()
    }

    #[test]
    fn each_recipient_has_a_fate_of_its_own() {
        let judgement = judge(job(3), &["250 ok", "451 4.2.2 full", "550 5.1.1 nobody"], at(1));
        let expected = [("<r0@example.net>", Fate::Delivered), ("<r2@example.net>", Fate::Failed)];
        assert_eq!(fates(&judgement), expected.map(|(text, fate)| (text.to_owned(), fate)));
        let rest = judgement.rest.unwrap();
        assert_eq!(rest.recipients[0].recipient.to_string(), "<r1@example.net>");
        assert_eq!(rest.recipients[0].last.as_ref().unwrap().to_string(), "451 4.2.2 full");
        assert_eq!((rest.attempts, rest.told, rest.notice), (1, None, at(4)));
        assert!(rest.due > at(1) && rest.due < at(2));
        assert_eq!(judgement.health, Health::Answers);
    }

    #[test]
    fn nothing_is_left_of_what_was_delivered() {
        let judgement = judge(job(2), &["250 ok", "250 ok"], at(1));
        assert!(judgement.rest.is_none());
    }

    #[test]
    fn the_sender_hears_once_that_it_is_late() {
        let judgement = judge(job(1), &["451 4.4.1 silent"], at(5));
        assert_eq!(fates(&judgement), [("<r0@example.net>".to_owned(), Fate::Delayed)]);
        let rest = judgement.rest.unwrap();
        assert_eq!((rest.told, rest.notice), (Some(at(5)), at(100)));
        let again = Job { told: rest.told, notice: rest.notice, ..job(1) };
        assert_eq!(fates(&judge(again, &["451 4.4.1 silent"], at(6))), []);
    }

    #[test]
    fn what_expires_has_failed_with_what_was_said_last() {
        let judgement = judge(job(1), &["451 4.4.1 silent"], at(100));
        assert!(judgement.rest.is_none());
        assert_eq!(fates(&judgement), [("<r0@example.net>".to_owned(), Fate::Expired)]);
        assert_eq!(judgement.events[0].reply.as_ref().unwrap().to_string(), "451 4.4.1 silent");
        // It is tried once more at the end.
        assert_eq!(
            judge(job(1), &["451 4.4.1 silent"], at(100) - Duration::from_secs(9)).rest.unwrap().due,
            at(100)
        );
    }

    #[test]
    fn jobs_of_destinations_that_are_left_alone_are_noticed_too() {
        assert_eq!(fates(&notice(job(1), at(4))), [("<r0@example.net>".to_owned(), Fate::Delayed)]);
        let judgement = notice(job(1), at(100));
        assert_eq!(fates(&judgement), [("<r0@example.net>".to_owned(), Fate::Expired)]);
        assert!(judgement.rest.is_none());
        // Who looks too early changes nothing.
        let rest = notice(job(1), at(3)).rest.unwrap();
        assert_eq!((rest.due, rest.notice, rest.attempts, rest.told), (at(0), at(4), 0, None));
    }

    #[test]
    fn failed_recipients_stay_while_nobody_can_be_told() {
        let mut judgement = judge(job(2), &["250 ok", "550 5.1.1 nobody"], at(1));
        judgement.keep_failed(&entry(), &job(2), at(2));
        let rest = judgement.rest.unwrap();
        assert_eq!(rest.recipients[0].recipient.to_string(), "<r1@example.net>");
        assert_eq!((rest.recipients.len(), rest.due), (1, at(2)));
    }

    #[test]
    fn a_destination_that_fails_is_told_from_one_that_answers() {
        for (text, expected) in [
            ("451 4.4.1 silent", Health::Fails),
            ("452 4.3.1 full", Health::Fails),
            ("451 4.7.5 not secure", Health::Fails),
            ("451 4.2.1 mailbox busy", Health::Answers),
            ("550 5.4.4 no route", Health::Answers),
            ("250 2.0.0 ok", Health::Answers),
        ] {
            assert_eq!(judge(job(1), &[text], at(1)).health, expected, "{text}");
        }
        let greylisted =
            Reply::new(450, "4.7.1 later").from_remote(Remote::new("mx.example.net", Acceptance::Relayed));
        assert_eq!(health(&[greylisted]), Health::Answers);
    }
}
