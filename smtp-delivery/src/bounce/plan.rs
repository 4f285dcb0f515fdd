//! Who is told of what (RFC 3461 section 5.2, RFC 2852 section 4.1).

use smtp_core::extension::Notify;

use super::{Fate, Kind, Original, Report};

/// Into which notification for the sender a recipient belongs, if the sender wants to hear of it.
pub(super) fn kind_of(report: &Report<'_>, original: &Original<'_>) -> Option<Kind> {
    let notify = report.notify();
    // Without NOTIFY it is failures, and delays, of which the sender hears.
    let wants = notify.unwrap_or(Notify { success: false, failure: true, delay: true });
    let (kind, told) = match report.fate {
        Fate::Delivered | Fate::Expanded => (Kind::Success, wants.success),
        Fate::Relayed => {
            // Nobody there keeps an eye on the time (RFC 2852 section 4.1.4.2).
            let timed = original.deliver_by().is_some() && notify != Some(Notify::NEVER);
            (Kind::Success, wants.success || timed)
        }
        Fate::PassedOn => {
            // Whoever notifies there may not keep the time either.
            let told = original.deliver_by().is_some_and(|by| by.is_traced()) || report.is_untimed(original);
            (Kind::Success, told && notify != Some(Notify::NEVER))
        }
        Fate::Failed | Fate::Expired | Fate::OutOfTime => (Kind::Failure, wants.failure),
        Fate::Delayed => (Kind::Delay, wants.delay),
    };
    told.then_some(kind)
}
