//! A queue and a relay at work, and what has to be true at the end.

use std::sync::Arc;
use std::time::Duration;

use smtp_server::delivery::queue::{Limits, Queue, QueueHandle, RetrySchedule, Store};
use smtp_server::delivery::relay::{Pool, Timeouts};
use smtp_server::delivery::{ByRoute, Relay};
use smtp_server::testing::{RecordingDelivery, facts, recipient, sender};
use smtp_server::{Envelope, Message, Outcomes, Route};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tower::{ServiceExt as _, service_fn};

use crate::hop::Hop;

/// How long anything may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message to send.
#[derive(Debug)]
pub(crate) struct Mail {
    /// The local parts of its recipients.
    pub(crate) recipients: Vec<&'static str>,
    pub(crate) octets: usize,
}

impl Mail {
    fn content(&self, number: usize) -> Vec<u8> {
        let mut content = format!("Subject: {number}\r\n\r\n.\r\n..\r\n.dot\r\n").into_bytes();
        let start = content.len();
        while content.len() < start + self.octets {
            content.extend(format!("{} line of {number} \t\r\n", content.len()).bytes());
            content.extend(b".\xff\r\n\r\n");
        }
        content
    }
}

pub(crate) struct Run {
    queue: Queue,
    handle: QueueHandle,
    bounces: RecordingDelivery,
    /// What became of each attempt to relay.
    outcomes: UnboundedReceiver<Vec<String>>,
    worker: JoinHandle<()>,
}

impl Run {
    pub(crate) async fn start(store: impl Store, hop: &Hop, pooled: bool) -> Self {
        let relay = Relay::to("127.0.0.1", hop.address.port()).timeouts(timeouts());
        let relay = if pooled { relay.pool(Pool::default()) } else { relay };
        let (said, outcomes) = unbounded_channel();
        let relay = service_fn(move |message: Message| {
            let (relay, said) = (relay.clone(), said.clone());
            async move {
                let outcomes = relay.oneshot(message).await?;
                let texts = match &outcomes {
                    Outcomes::All(reply) => vec![reply.to_string()],
                    Outcomes::Each(replies) => replies.iter().map(ToString::to_string).collect(),
                };
                // Most tests don't listen.
                let _ = said.send(texts);
                Ok::<_, smtp_server::BodyError>(outcomes)
            }
        });
        let bounces = RecordingDelivery::new();
        let (queue, worker) = Queue::builder(store)
            .schedule(schedule())
            .limits(limits())
            .notice_route(|_| Route::Local)
            .build(ByRoute::new(bounces.clone(), relay));
        let handle = queue.handle();
        let worker = tokio::spawn(async move { worker.run().await.expect("the store can be read") });
        Self { queue, handle, bounces, outcomes, worker }
    }

    /// Puts them into the queue, which acknowledges each.
    pub(crate) async fn send(&self, mails: &[Mail]) {
        for (number, mail) in mails.iter().enumerate() {
            let mut envelope = Envelope::new(sender(&format!("s{number}@example.org")));
            let to = mail.recipients.iter().enumerate();
            let address = |(place, name)| format!("{name}@{}.example", ["one", "two"][place / 2 % 2]);
            envelope.recipients = to.map(|to| recipient(&address(to)).routed(Route::Relay)).collect();
            let content = mail.content(number).into();
            let message = Message::new(Arc::new(envelope), content, facts().session().clone());
            let reply = self.queue.clone().oneshot(message).await.expect("the body is whole").fold();
            assert_eq!(reply.code(), 250, "{reply}");
        }
    }

    /// Waits until so many attempts ended with this, or nothing is left to try.
    pub(crate) async fn attempts(&mut self, with: &str, count: usize) {
        let handle = self.handle.clone();
        let count = async {
            let mut seen = 0;
            while seen < count {
                let texts = self.outcomes.recv().await.expect("the worker is there");
                seen += usize::from(texts.iter().any(|text| text.contains(with)));
            }
        };
        let either = async {
            tokio::select! {
                () = count => {}
                () = handle.drained() => {}
            }
        };
        tokio::time::timeout(PATIENCE, either).await.expect("attempts");
    }

    /// Waits until nothing is left in the queue.
    pub(crate) async fn drained(&self) {
        let drained = tokio::time::timeout(PATIENCE, self.handle.drained()).await;
        let left = self.handle.list(None, 9).await.expect("the store can be read");
        assert!(drained.is_ok() && left.is_empty(), "left in the queue: {left:?}");
    }

    pub(crate) async fn check(self, hop: &Hop, mails: &[Mail]) {
        self.worker.abort();
        let state = hop.state();
        let bounces = self.bounces.messages();
        let mut expected = 0;
        for (number, mail) in mails.iter().enumerate() {
            let (sender, content) = (format!("s{number}"), mail.content(number));
            let to = format!("<{sender}@example.org>");
            let of_sender = bounces.iter().filter(|bounce| bounce.envelope.recipients[0].to_string() == to);
            let reports: Vec<String> = of_sender.map(|bounce| reported(&bounce.content)).collect();
            for name in &mail.recipients {
                let said = reports.iter().flat_map(|text| text.lines());
                let said = said.filter(|line| line.starts_with(&format!("Final-Recipient: rfc822; {name}@")));
                let said = said.count();
                let arrived = state.arrived.get(&(sender.clone(), (*name).to_owned()));
                if name.starts_with("no") {
                    assert_eq!(said, 1, "{sender} hears once of {name}: {reports:?}");
                    assert!(arrived.is_none(), "{name} is refused");
                    expected += 1;
                    continue;
                }
                assert_eq!(said, 0, "{sender} hears of {name}: {reports:?}");
                let arrived = arrived.unwrap_or_else(|| panic!("{sender} to {name} is lost"));
                let times = arrived.contents.len();
                assert!((1..=1 + arrived.unsaid).contains(&times), "{sender} to {name}: {times} times");
                for got in &arrived.contents {
                    let shown = String::from_utf8_lossy(got);
                    assert!(*got == content, "{sender} to {name} is damaged: {shown}");
                }
            }
        }
        let all: usize =
            bounces.iter().map(|bounce| reported(&bounce.content).matches("Final-Rec").count()).sum();
        assert_eq!(all, expected, "notifications for nobody");
        assert!(state.arrived.values().all(|arrived| !arrived.contents.is_empty()));
    }
}

/// What a notification says of recipients.
fn reported(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    let fields = ["Final-Recipient:", "Status:", "Diagnostic-Code:"];
    let lines = text.lines().filter(|line| fields.iter().any(|field| line.starts_with(field)));
    lines.collect::<Vec<_>>().join("\n")
}

fn timeouts() -> Timeouts {
    let (short, long) = (Duration::from_millis(200), Duration::from_secs(2));
    let mut timeouts = Timeouts::default();
    (timeouts.connect, timeouts.greeting, timeouts.hello) = (long, short, short);
    (timeouts.mail, timeouts.rcpt, timeouts.data, timeouts.quit) = (short, short, short, short);
    // A busy machine must not make one message of two.
    (timeouts.block, timeouts.end_of_data) = (long, long);
    timeouts
}

fn schedule() -> RetrySchedule {
    let mut schedule = RetrySchedule::default();
    (schedule.first, schedule.longest) = (Duration::from_millis(5), Duration::from_millis(50));
    schedule
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    (limits.back_off, limits.longest_back_off) = (Duration::from_millis(5), Duration::from_millis(20));
    limits
}
