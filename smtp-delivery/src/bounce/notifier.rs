use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smtp_core::{Body, Domain, ForwardPath, Host, Mailbox};

use super::{Kind, Notice, Notification, Original, Report, Returned, Text, Written, compose, english, plan};
use crate::TraceId;

type TextFn = dyn Fn(&Notice<'_>, Returned) -> Text + Send + Sync;

/// Writes notifications of what became of messages. Cheap to clone.
#[derive(Clone)]
pub struct Notifier {
    pub(super) host: Host,
    from: Option<Mailbox>,
    postmaster: Option<Mailbox>,
    pub(super) return_limit: usize,
    pub(super) text: Arc<TextFn>,
    delay_after: Option<Duration>,
    double_bounces: bool,
    pub(super) zone: TimeZone,
}

impl Notifier {
    /// Notifications from the server of this name, which has a postmaster: it is whom they name for help,
    /// and who gets those that cannot be delivered.
    pub fn new(host: impl Into<Host>) -> Self {
        Self {
            host: in_ascii(host.into()),
            from: None,
            postmaster: None,
            return_limit: 50 * 1024,
            text: Arc::new(english),
            delay_after: Some(Duration::from_secs(4 * 60 * 60)),
            double_bounces: true,
            zone: TimeZone::system(),
        }
    }

    /// The postmaster, unless it is `<postmaster>` of this host.
    #[must_use]
    pub fn postmaster(mut self, mailbox: Mailbox) -> Self {
        self.postmaster = Some(mailbox);
        self
    }

    /// From whom notifications are by their header: `MAILER-DAEMON` at the host unless told otherwise. Their
    /// envelopes have the null sender in any case.
    #[must_use]
    pub fn from(mut self, mailbox: Mailbox) -> Self {
        self.from = Some(mailbox);
        self
    }

    /// How many octets of a message are given back: all of it if it fits, and is wanted, else its header. 50
    /// KiB unless told otherwise. A notification of failure is not much longer.
    #[must_use]
    pub fn return_limit(mut self, octets: usize) -> Self {
        self.return_limit = octets;
        self
    }

    /// After how long a sender is told that its message is delayed: four hours unless told otherwise. It is
    /// told once.
    #[must_use]
    pub fn delay_after(mut self, time: Duration) -> Self {
        self.delay_after = Some(time);
        self
    }

    /// Does not tell of delays, but to those who ask for a time by which a message is to be delivered.
    #[must_use]
    pub fn without_delays(mut self) -> Self {
        self.delay_after = None;
        self
    }

    /// Drops notifications that cannot be delivered. They go to the postmaster otherwise.
    #[must_use]
    pub fn without_double_bounces(mut self) -> Self {
        self.double_bounces = false;
        self
    }

    /// What people read, in the place of [`english`]: a function of the notice and of how much of the
    /// original comes with it.
    #[must_use]
    pub fn text(mut self, text: impl Fn(&Notice<'_>, Returned) -> Text + Send + Sync + 'static) -> Self {
        self.text = Arc::new(text);
        self
    }

    /// When the sender of a message that waits is to be told of that: never if it was told when that was
    /// due. `told` is when it was told last.
    ///
    /// That is a while after its arrival, once, and when the time is over by which its sender wanted it
    /// delivered (`BY=..;N`).
    pub fn next_delay(&self, original: &Original<'_>, told: Option<SystemTime>) -> Option<SystemTime> {
        let delayed = self.delay_after.filter(|_| told.is_none());
        let delayed = delayed.and_then(|delay| original.arrived.checked_add(delay));
        let late = original.late_at().filter(|late| told.is_none_or(|told| told < *late));
        [delayed, late].into_iter().flatten().min()
    }

    /// Which notifications are to be sent: at most one of each kind.
    ///
    /// Of recipients that are [`Delayed`](super::Fate::Delayed) it is told whenever they are in `reports`, if the
    /// sender wants to hear of it: [`next_delay`](Self::next_delay) says when they belong there.
    pub fn notices<'a>(
        &self,
        original: &'a Original<'a>,
        reports: &'a [Report<'a>],
        now: SystemTime,
    ) -> Vec<Notice<'a>> {
        let Some(sender) = original.sender.path.mailbox() else {
            return self.double_bounce(original, reports, now).into_iter().collect();
        };
        [Kind::Failure, Kind::Delay, Kind::Success]
            .into_iter()
            .filter_map(|kind| {
                let reports: Vec<_> =
                    reports.iter().filter(|report| plan::kind_of(report, original) == Some(kind)).collect();
                (!reports.is_empty())
                    .then(|| self.notice(kind, sender.clone().into(), original, reports, now))
            })
            .collect()
    }

    /// Writes a notification, with as much of the original as it gives back. No more than that is read of
    /// `content`; where it ends with an error, the notification does without it.
    pub async fn compose(&self, notice: &Notice<'_>, content: Body) -> Notification {
        compose::compose(self, notice, content).await
    }

    /// Of what failed nobody is told, for whom there is no address to tell: but of our own notifications the
    /// postmaster is, once.
    fn double_bounce<'a>(
        &self,
        original: &'a Original<'a>,
        reports: &'a [Report<'a>],
        now: SystemTime,
    ) -> Option<Notice<'a>> {
        let failed: Vec<_> = reports.iter().filter(|report| report.fate.action() == "failed").collect();
        let first = failed.first()?;
        let told = self.double_bounces
            && original.written == Written::AsNotification
            && first.recipient.path != self.postmaster_path();
        if !told {
            tracing::warn!(
                id = original.id,
                recipient = %first.recipient,
                reply = first.reply.map(tracing::field::display),
                "undeliverable notification dropped"
            );
            return None;
        }
        Some(self.notice(Kind::DoubleBounce, self.postmaster_path(), original, failed, now))
    }

    fn postmaster_path(&self) -> ForwardPath {
        self.postmaster.clone().map_or(ForwardPath::Postmaster, Into::into)
    }

    /// The postmaster's address, for people.
    pub(super) fn postmaster_address(&self) -> String {
        self.postmaster.as_ref().map_or_else(|| format!("postmaster@{}", self.host), ToString::to_string)
    }

    /// The author's address, for header fields.
    pub(super) fn author(&self) -> String {
        self.from.as_ref().map_or_else(|| format!("MAILER-DAEMON@{}", self.host), ToString::to_string)
    }

    fn notice<'a>(
        &self,
        kind: Kind,
        to: ForwardPath,
        original: &'a Original<'a>,
        reports: Vec<&'a Report<'a>>,
        now: SystemTime,
    ) -> Notice<'a> {
        let id = TraceId::new(Timestamp::try_from(now).unwrap_or_default()).to_string();
        Notice {
            kind,
            to,
            original,
            reports,
            now,
            zone: self.zone.clone(),
            host: self.host.to_string(),
            postmaster: self.postmaster_address(),
            id,
        }
    }
}

/// The name as the DNS has it: it goes where only ASCII may stand.
fn in_ascii(host: Host) -> Host {
    let ascii = host.domain().and_then(|domain| domain.to_ascii().parse::<Domain>().ok());
    ascii.map_or(host, Host::from)
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier")
            .field("host", &self.host)
            .field("from", &self.from)
            .field("postmaster", &self.postmaster)
            .field("return_limit", &self.return_limit)
            .field("delay_after", &self.delay_after)
            .field("double_bounces", &self.double_bounces)
            .finish_non_exhaustive()
    }
}
