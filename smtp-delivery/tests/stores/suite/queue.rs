//! A queue over a store: messages at random times, destinations that defer, refuse or do not answer, and
//! processes that end. Time is paused, and flies while nothing happens.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
use smtp_core::{BodyError, Envelope, Expanded, Expansion, Message, Outcomes, Parameter, Reply, Route};
use smtp_delivery::queue::{Limits, Queue, RetrySchedule};
use tokio::time::Instant;
use tower::{ServiceExt as _, service_fn};

use super::Place;

const TOTAL: usize = 4;
const EACH: usize = 2;
const FIRST: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Deferred,
    NoConnection,
    Refused,
}

/// One recipient: its destination, and what is said to it before it is accepted.
pub(crate) type Who = (usize, Vec<Answer>);

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Seconds behind the one before, seconds that its delivery takes, recipients.
    messages: Vec<(u64, u64, Vec<Who>)>,
    /// Behind how many messages the process ends, and another one begins.
    ends: Vec<usize>,
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    let answer = prop_oneof![Just(Answer::Deferred), Just(Answer::NoConnection), Just(Answer::Refused)];
    let who = (0..3_usize, prop::collection::vec(answer, 0..4));
    let message = (0..100_u64, 0..40_u64, prop::collection::vec(who, 1..4));
    (prop::collection::vec(message, 1..20), prop::collection::vec(1..20_usize, 0..3))
        .prop_map(|(messages, ends)| Plan { messages, ends })
}

/// What the destinations saw.
#[derive(Debug, Default)]
struct Seen {
    active: HashMap<String, usize>,
    attempts: BTreeMap<String, Vec<Attempt>>,
    scripts: HashMap<String, (u64, Vec<Answer>)>,
}

#[derive(Debug, Clone)]
struct Attempt {
    process: usize,
    begun: Instant,
    /// When it was answered, and with what; it may be that nobody waited for that.
    answered: Option<(Instant, u16)>,
}

/// A delivery under way, of which a destination has only so many.
struct Active(Arc<Mutex<Seen>>, String);

impl Active {
    fn begin(seen: &Arc<Mutex<Seen>>, destination: String) -> Self {
        let mut now = seen.lock().unwrap();
        *now.active.entry(destination.clone()).or_default() += 1;
        assert!(now.active[&destination] <= EACH, "too many for one destination");
        assert!(now.active.values().sum::<usize>() <= TOTAL, "too many");
        drop(now);
        Self(seen.clone(), destination)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        *self.0.lock().unwrap().active.get_mut(&self.1).unwrap() -= 1;
    }
}

async fn deliver(seen: Arc<Mutex<Seen>>, process: usize, message: Message) -> Result<Outcomes, BodyError> {
    let mut names = Vec::new();
    let mut destination = String::new();
    for recipient in &message.envelope.recipients {
        let mailbox = recipient.path.mailbox().unwrap();
        names.push(mailbox.local_part().as_str().to_owned());
        destination = mailbox.host().to_string();
    }
    let active = Active::begin(&seen, destination);
    let mut takes = 0;
    for name in &names {
        let mut seen = seen.lock().unwrap();
        takes = seen.scripts.get(name).map_or(0, |(takes, _)| *takes);
        let attempt = Attempt { process, begun: Instant::now(), answered: None };
        seen.attempts.entry(name.clone()).or_default().push(attempt);
    }
    tokio::time::sleep(Duration::from_secs(takes)).await;
    let mut replies = Vec::new();
    for name in names {
        let mut seen = seen.lock().unwrap();
        let script = seen.scripts.get_mut(&name).map(|(_, answers)| answers);
        let reply = match script.filter(|answers| !answers.is_empty()).map(|answers| answers.remove(0)) {
            None => Reply::new(250, "2.0.0 ok"),
            Some(Answer::Deferred) => Reply::new(451, "4.2.1 busy"),
            Some(Answer::NoConnection) => Reply::new(451, "4.4.1 silent"),
            Some(Answer::Refused) => Reply::new(550, "5.1.1 nobody"),
        };
        let last = seen.attempts.get_mut(&name).unwrap().last_mut().unwrap();
        last.answered = Some((Instant::now(), reply.code().get()));
        replies.push(reply);
    }
    drop(active);
    Ok(Outcomes::Each(replies))
}

/// Lives through the plan, and looks whether everybody got what he should.
pub(crate) async fn live<P: Place>(place: &P, plan: Plan) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (start, started) = (SystemTime::now(), Instant::now());
    let mut ends: Vec<usize> = plan.ends.clone();
    ends.sort_unstable();
    let mut messages = plan.messages.iter().enumerate();
    let mut process = 0;
    loop {
        let store = place.open().await;
        let mut limits = Limits::default();
        (limits.total, limits.destination, limits.initial) = (TOTAL, EACH, 1);
        let mut schedule = RetrySchedule::default();
        (schedule.first, schedule.jitter, schedule.delay_notice) = (FIRST, 0.0, None);
        schedule.lifetime = Duration::from_hours(1_000_000);
        schedule.notification_lifetime = schedule.lifetime;
        let saw = seen.clone();
        let (queue, worker) = Queue::builder(store.clone())
            .limits(limits)
            .schedule(schedule)
            .clock(move || start + started.elapsed())
            .build(service_fn(move |message| deliver(saw.clone(), process, message)));
        let handle = queue.handle();
        let end = ends.get(process).copied().filter(|end| *end < plan.messages.len());
        let senders = async {
            for (number, (after, takes, who)) in messages.by_ref() {
                tokio::time::sleep(Duration::from_secs(*after)).await;
                put(&queue, &seen, number, *takes, who).await;
                if end == Some(number) {
                    return true;
                }
            }
            handle.drained().await;
            false
        };
        let ended = tokio::select! {
            stopped = worker.run() => panic!("{stopped:?}"),
            ended = senders => ended,
        };
        if !ended {
            assert_eq!(queue.handle().usage().messages, 0);
            place.close(store).await;
            break;
        }
        drop(queue);
        place.crash(store).await;
        process += 1;
    }
    check(&plan, &seen.lock().unwrap(), process);
}

async fn put(queue: &Queue, seen: &Arc<Mutex<Seen>>, number: usize, takes: u64, who: &[Who]) {
    let mut envelope = Envelope::new(sender("joe@example.org"));
    for (at, (destination, answers)) in who.iter().enumerate() {
        let name = format!("m{number}r{at}");
        let to = recipient(&format!("{name}@d{destination}.example"));
        envelope.recipients.push(to.routed(Route::Relay));
        seen.lock().unwrap().scripts.insert(name, (takes, answers.clone()));
    }
    let message = Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), facts().session().clone());
    let reply = queue.clone().oneshot(message).await.unwrap().fold();
    assert_eq!(reply.code(), 250, "{reply}");
}

fn check(plan: &Plan, seen: &Seen, processes: usize) {
    let mut repeated = 0;
    for (number, (_, _, who)) in plan.messages.iter().enumerate() {
        for at in 0..who.len() {
            let name = format!("m{number}r{at}");
            let attempts = &seen.attempts[&name];
            let (_, last) = attempts.last().unwrap().answered.expect("nothing is left open");
            assert!(last == 250 || last == 550, "{name} was given up");
            let mut failed = 0;
            for pair in attempts.windows(2) {
                let [before, after] = pair else { unreachable!() };
                let died = before.process != after.process;
                match before.answered {
                    // Nobody came to note that down.
                    None => assert!(died, "{name} is delivered twice at once"),
                    Some((_, 250 | 550)) => {
                        assert!(died, "{name} is delivered after that was over");
                        repeated += 1;
                    }
                    Some(_) if died => {}
                    Some((answered, _)) => {
                        failed += 1;
                        let interval = FIRST * 2_u32.pow(failed - 1);
                        assert!(
                            after.begun >= answered + interval.min(Duration::from_hours(4)),
                            "{name} too soon"
                        );
                    }
                }
                if died {
                    failed = 0;
                }
            }
        }
    }
    // What was answered in the moment of the end is repeated, no more.
    assert!(repeated <= TOTAL * 3 * processes, "{repeated} in {processes}");
}

/// What was promised with 250 does not end with the process: neither the message nor the word of the alias.
pub(crate) async fn tells_of_aliases_behind_a_crash(place: &impl Place) {
    let store = place.open().await;
    let (queue, worker) = Queue::new(store.clone(), RecordingDelivery::new());
    let mut staff = recipient("staff@example.org");
    staff.parameters.insert(Parameter::parse("NOTIFY=SUCCESS").unwrap());
    let mut envelope = Envelope::new(sender("list-owner@example.org"));
    envelope.recipients.push(recipient("jane@example.net").routed(Route::Relay));
    let message = Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), facts().session().clone());
    let recipients = vec![Expanded { recipient: staff, is_list: true }];
    message.session.transaction().insert(Expansion { sender: sender("joe@example.org"), recipients });
    assert_eq!(queue.clone().oneshot(message).await.unwrap().fold().code(), 250);
    drop((queue, worker));
    place.crash(store).await;

    let store = place.open().await;
    let delivery = RecordingDelivery::new();
    let (queue, worker) = Queue::new(store.clone(), delivery.clone());
    let handle = queue.handle();
    worker.run_until(async move { handle.drained().await }).await.unwrap();
    let mut messages = delivery.messages();
    messages.sort_by_key(|message| message.envelope.recipients[0].to_string());
    let to: Vec<String> = messages.iter().map(|message| message.envelope.recipients[0].to_string()).collect();
    assert_eq!(to, ["<jane@example.net>", "<joe@example.org>"]);
    let text = String::from_utf8_lossy(&messages[1].content);
    assert!(text.contains("Final-Recipient: rfc822; staff@example.org\r\nAction: delivered\r\n"), "{text}");
    drop(queue);
    place.close(store).await;
}
