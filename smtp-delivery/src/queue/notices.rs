//! What senders hear.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use smtp_core::{
    Body, BoxDelivery, ConnectionInfo, Envelope, ForwardPath, Mail, Message, Peer, Reply, Route, SessionFacts,
};
use tower_service::Service as _;

use super::judge::Event;
use super::{Entry, RetrySchedule, Store};
use crate::bounce::{Fate, Notice, Notifier, Original, Report};
use crate::outcome;

type RouteOf = Arc<dyn Fn(&ForwardPath) -> Route + Send + Sync>;

/// Who writes notifications, and where they go.
#[derive(Clone)]
pub(super) struct Notices {
    /// Without one, notifications are from the server that received the message.
    pub(super) notifier: Option<Notifier>,
    pub(super) route: RouteOf,
}

impl Notices {
    /// When the sender of a message is to hear that it is late, who was `told` so last.
    pub(super) fn next_delay(
        &self,
        entry: &Entry,
        told: Option<SystemTime>,
        schedule: &RetrySchedule,
    ) -> Option<SystemTime> {
        self.notifier(entry, schedule).next_delay(&Original::new(&entry.sender, entry.release), told)
    }

    fn notifier(&self, entry: &Entry, schedule: &RetrySchedule) -> Notifier {
        let notifier = match &self.notifier {
            Some(notifier) => notifier.clone(),
            None => Notifier::new(entry.origin.server_name.clone()),
        };
        match schedule.delay_notice {
            Some(time) => notifier.delay_after(time),
            None => notifier.without_delays(),
        }
    }
}

impl Default for Notices {
    fn default() -> Self {
        Self { notifier: None, route: Arc::new(|_| Route::Relay) }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}

/// What is to be told of a message.
pub(super) struct Telling<'a> {
    pub(super) notices: &'a Notices,
    pub(super) schedule: &'a RetrySchedule,
    pub(super) store: &'a dyn Store,
    pub(super) entry: &'a Entry,
    /// The content, where it is at hand.
    pub(super) content: Option<Bytes>,
    pub(super) now: SystemTime,
}

impl Telling<'_> {
    /// Tells senders what became of their recipients. Gives what has to be told again.
    pub(super) async fn tell(&self, events: &[Event], through: &BoxDelivery) -> Vec<Event> {
        let mut untold = Vec::new();
        for events in events.chunk_by(|one, next| one.sender == next.sender) {
            let sender = events.first().and_then(|event| event.sender.as_deref());
            self.tell_one(sender.unwrap_or(&self.entry.sender), events, through, &mut untold).await;
        }
        untold
    }

    /// Tells one sender.
    async fn tell_one(
        &self,
        sender: &Mail,
        events: &[Event],
        through: &BoxDelivery,
        untold: &mut Vec<Event>,
    ) {
        let entry = self.entry;
        let id = entry.id.to_string();
        let hello = entry.origin.hello.as_ref().map(ToString::to_string);
        let mut original = Original::new(sender, entry.release).id(&id).written(entry.written);
        if let Some(hello) = &hello {
            original = original.received_from(hello, entry.origin.client);
        }
        let reports: Vec<Report<'_>> = events.iter().map(|event| self.report(event)).collect();
        let notifier = self.notices.notifier(entry, self.schedule);
        for notice in notifier.notices(&original, &reports, self.now) {
            let reply = self.send(&notifier, &notice, through).await;
            let to = notice.to();
            if reply.is_positive() {
                tracing::info!(id, kind = ?notice.kind(), %to, %reply, "sender notified");
            } else if reply.is_permanent() {
                // Whom nobody can write to, nobody can tell.
                tracing::error!(id, kind = ?notice.kind(), %to, %reply, "sender cannot be notified");
            } else {
                tracing::warn!(id, kind = ?notice.kind(), %to, %reply, "sender not notified yet");
                let is_told = |report: &Report<'_>| notice.reports().any(|told| std::ptr::eq(told, report));
                let of_it = events.iter().zip(&reports).filter(|(_, report)| is_told(report));
                untold.extend(of_it.map(|(event, _)| event.clone()));
            }
        }
    }

    fn report<'a>(&self, event: &'a Event) -> Report<'a> {
        let mut report = Report::new(&event.recipient, event.fate);
        if let Some(reply) = &event.reply {
            report = report.reply(reply);
            // Of what was found out before it is not known any more when that was.
            if !event.is_old {
                report = report.last_attempt(self.now);
            }
        }
        if event.fate == Fate::Delayed { report.retried_until(self.entry.expires) } else { report }
    }

    async fn send(&self, notifier: &Notifier, notice: &Notice<'_>, through: &BoxDelivery) -> Reply {
        let content = match &self.content {
            Some(octets) => octets.clone().into(),
            // What cannot be read is left out.
            None => self.store.content(self.entry.id).await.unwrap_or_else(|_| Body::empty()),
        };
        let notification = notifier.compose(notice, content).await;
        let Envelope { sender, mut recipients } = notification.envelope;
        for recipient in &mut recipients {
            recipient.route = Some((self.notices.route)(&recipient.path));
        }
        let info = ConnectionInfo::new(Peer::Local, self.entry.origin.server_name.clone()).listener("queue");
        let session = SessionFacts::new(info).session().clone();
        session.transaction().insert(notice.written());
        let envelope = Arc::new(Envelope { sender, recipients });
        let message = Message::new(envelope, notification.content.into(), session);
        let mut through = through.clone();
        let outcomes = match std::future::poll_fn(|cx| through.poll_ready(cx)).await {
            Ok(()) => through.call(message).await,
            Err(error) => Err(error),
        };
        outcomes.map_or_else(outcome::from_error, smtp_core::Outcomes::fold)
    }
}
