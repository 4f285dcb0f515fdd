//! What the outcomes of an attempt mean for a job.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use smtp_core::extension::{ByMode, Notify};
use smtp_core::{Expanded, Expansion, Mail, Recipient, Reply};

use super::schedule::later;
use super::scheduler::Health;
use super::shared::Shared;
use super::store::Rest;
use super::{Ended, Entry, Job, Pending};
use crate::bounce::{Fate, Report};

/// What became of one recipient, as far as anybody may want to hear of it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) recipient: Recipient,
    pub(super) fate: Fate,
    pub(super) reply: Option<Arc<Reply>>,
    /// Who hears of it, if that is not the message's sender.
    pub(super) sender: Option<Arc<Mail>>,
    /// It was found out before, and nobody could be told.
    pub(super) is_old: bool,
}

impl Event {
    fn of(pending: Pending, fate: Fate) -> Self {
        let Pending { recipient, last: reply, .. } = pending;
        Self { recipient, fate, reply, sender: None, is_old: false }
    }

    /// The recipient, for the time when somebody can be told.
    fn into_pending(self) -> Pending {
        let Self { recipient, fate, reply: last, sender, .. } = self;
        Pending { recipient, last, ended: Some(Ended { fate, sender }) }
    }
}

/// Jobs in which nobody waits for an attempt are due so much later than somebody is told of them: in line for
/// their destination they would be in the way.
pub(super) const UNTRIED: Duration = Duration::from_hours(24);

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
    let (mut judgement, mut rest) = Judgement::begin(job, health(&replies));
    rest.attempts = rest.attempts.saturating_add(1);
    rest.due = later(now, shared.schedule.interval(rest.attempts).max(asked_for(&replies)));
    if now < entry.expires {
        // The last attempt is at the end.
        rest.due = rest.due.min(entry.expires);
    }
    for (pending, reply) in std::mem::take(&mut rest.recipients).into_iter().zip(replies) {
        let fate = Fate::of(&reply);
        let pending = Pending { last: Some(Arc::new(reply)), ..pending };
        if fate == Fate::Delayed {
            rest.recipients.push(pending);
        } else {
            judgement.events.push(Event::of(pending, fate));
        }
    }
    judgement.wait(shared, entry, rest, now);
    judgement
}

/// The longest wait that anybody asked for: all recipients who wait are tried again at the same time.
fn asked_for(replies: &[Reply]) -> Duration {
    let deferred = replies.iter().filter(|reply| reply.is_transient());
    deferred.filter_map(Reply::retry_after).max().unwrap_or_default()
}

/// Judges a job whose sender has to hear of it, without an attempt.
pub(super) fn noticed(shared: &Shared, entry: &Entry, job: Job) -> Judgement {
    let (mut judgement, rest) = Judgement::begin(job, Health::Unknown);
    judgement.wait(shared, entry, rest, shared.now());
    judgement
}

/// Recipients that stood for others, if their sender wants to hear of that; to a list a message was delivered
/// with that (RFC 3461 section 5.2.7.1).
pub(super) fn expanded(expansion: &Expansion, sender: &Mail) -> Vec<Pending> {
    let wants = |expanded: &&Expanded| {
        let notify = expanded.recipient.parameters.typed::<Notify>().ok().flatten();
        notify.is_some_and(|notify| notify.success)
    };
    let other = (expansion.sender != *sender).then(|| Arc::new(expansion.sender.clone()));
    let ended = |expanded: &Expanded| {
        let ended = Ended { fate: Report::of_expanded(expanded).fate, sender: other.clone() };
        Pending { ended: Some(ended), ..expanded.recipient.clone().into() }
    };
    expansion.recipients.iter().filter(wants).map(ended).collect()
}

impl Judgement {
    /// Parts those of whom somebody has yet to hear from those who wait.
    fn begin(job: Job, health: Health) -> (Self, Rest) {
        let mut rest = Rest::from(job);
        let mut events = Vec::new();
        rest.recipients.retain_mut(|pending| {
            let Some(Ended { fate, sender }) = pending.ended.take() else { return true };
            let (recipient, reply) = (pending.recipient.clone(), pending.last.take());
            events.push(Event { recipient, fate, reply, sender, is_old: true });
            false
        });
        (Self { events, rest: None, health }, rest)
    }

    /// Keeps those who were not delivered, or gives them up.
    fn wait(&mut self, shared: &Shared, entry: &Entry, mut rest: Rest, now: SystemTime) {
        if rest.recipients.is_empty() {
            return;
        }
        if now >= entry.expires {
            self.say(rest.recipients, given_up(entry));
            return;
        }
        // What stands in the job may be the time for somebody else of it.
        rest.notice = shared.next_notice(entry, rest.told);
        if now >= rest.notice {
            self.say(rest.recipients.clone(), Fate::Delayed);
            rest.told = Some(now);
            rest.notice = shared.next_notice(entry, rest.told);
        }
        self.rest = Some(rest);
    }

    fn say(&mut self, recipients: Vec<Pending>, fate: Fate) {
        self.events.extend(recipients.into_iter().map(|pending| Event::of(pending, fate)));
    }

    /// What waits is tried again then at the latest: there was no attempt worth the name.
    pub(super) fn try_soon(&mut self, job: &Job, at: SystemTime) {
        if let Some(rest) = &mut self.rest {
            rest.attempts = job.attempts;
            rest.due = rest.due.min(at);
        }
    }

    /// Keeps what nobody could be told of, to tell it `again`. It is told then, and not tried.
    pub(super) fn keep_untold(&mut self, job: &Job, untold: Vec<Event>, again: SystemTime) {
        if untold.is_empty() {
            return;
        }
        let nobody = || Rest {
            recipients: Vec::new(),
            due: later(again, UNTRIED),
            notice: again,
            ..job.clone().into()
        };
        let rest = self.rest.get_or_insert_with(nobody);
        rest.notice = rest.notice.min(again);
        for event in untold {
            if event.fate == Fate::Delayed {
                rest.told = job.told;
            } else {
                rest.recipients.push(event.into_pending());
            }
        }
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
    fn who_asks_for_a_longer_wait_has_it() {
        let busy = |seconds| Reply::new(451, "4.3.2 later").with_retry_after(Duration::from_secs(seconds));
        let due = |replies: Vec<Reply>| {
            let judgement = attempted(&shared(at(1)), &entry(), job(replies.len()), replies);
            judgement.rest.unwrap().due.duration_since(at(1)).unwrap()
        };
        assert_eq!(due(vec![busy(7200)]), 2 * HOUR);
        assert_eq!(due(vec![busy(7200), busy(10_800), Reply::new(451, "4.2.2 full")]), 3 * HOUR);
        // Who failed does not wait; a wait shorter than that of the schedule changes nothing.
        let gone = Reply::new(550, "5.1.1 nobody").with_retry_after(2 * HOUR);
        assert!(due(vec![gone, busy(1)]) > Duration::from_mins(4));
        // The message is tried once more before it is given up.
        assert_eq!(due(vec![busy(86_400 * 30)]), 99 * HOUR);
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

    /// Keeps of these those that met with one of the fates.
    fn keep(judgement: &mut Judgement, job: &Job, fates: &[Fate], again: SystemTime) {
        let untold = judgement.events.iter().filter(|event| fates.contains(&event.fate));
        let untold = untold.cloned().collect();
        judgement.keep_untold(job, untold, again);
    }

    #[test]
    fn who_failed_stays_while_nobody_can_be_told_and_is_not_tried() {
        let mut judgement = judge(job(2), &["250 ok", "550 5.1.1 nobody"], at(1));
        keep(&mut judgement, &job(2), &[Fate::Failed], at(2));
        let rest = judgement.rest.unwrap();
        assert_eq!(rest.recipients[0].recipient.to_string(), "<r1@example.net>");
        assert_eq!(rest.recipients[0].ended.as_ref().unwrap().fate, Fate::Failed);
        assert_eq!((rest.recipients.len(), rest.notice), (1, at(2)));
        assert!(rest.due > at(2));

        let again = Job { recipients: rest.recipients, notice: rest.notice, ..job(0) };
        let judgement = notice(again, at(2));
        assert!(judgement.rest.is_none() && judgement.events[0].is_old);
        assert_eq!(fates(&judgement), [("<r1@example.net>".to_owned(), Fate::Failed)]);
        assert_eq!(judgement.events[0].reply.as_ref().unwrap().to_string(), "550 5.1.1 nobody");
    }

    #[test]
    fn who_waits_does_so_with_those_whose_sender_could_not_be_told() {
        let mut judgement = judge(job(2), &["451 4.2.2 full", "550 5.1.1 nobody"], at(1));
        keep(&mut judgement, &job(2), &[Fate::Failed], at(2));
        let rest = judgement.rest.unwrap();
        assert!(rest.due < at(2));
        // At two o'clock it is too early to tell of a delay.
        let again = Job { recipients: rest.recipients, due: rest.due, notice: rest.notice, ..job(0) };
        let judgement = notice(again.clone(), at(2));
        assert_eq!(fates(&judgement), [("<r1@example.net>".to_owned(), Fate::Failed)]);
        let left = judgement.rest.unwrap();
        assert_eq!((left.recipients.len(), left.due, left.notice), (1, rest.due, at(4)));
        // An attempt is for those who wait.
        let judgement = judge(again, &["250 ok"], at(2));
        let expected = [("<r1@example.net>", Fate::Failed), ("<r0@example.net>", Fate::Delivered)];
        assert_eq!(fates(&judgement), expected.map(|(text, fate)| (text.to_owned(), fate)));
        assert!(judgement.rest.is_none());
    }

    #[test]
    fn a_delay_that_could_not_be_told_is_told_again() {
        let mut judgement = judge(job(1), &["451 4.4.1 silent"], at(5));
        keep(&mut judgement, &job(1), &[Fate::Delayed], at(6));
        let rest = judgement.rest.unwrap();
        assert_eq!((rest.recipients.len(), rest.told, rest.notice), (1, None, at(6)));
        let again = Job { recipients: rest.recipients, notice: rest.notice, ..job(0) };
        assert_eq!(fates(&notice(again, at(6))), [("<r0@example.net>".to_owned(), Fate::Delayed)]);
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
