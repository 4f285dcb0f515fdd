//! A message of the queue, for people.

use std::time::SystemTime;

use jiff::Timestamp;
use smtp_server::delivery::queue::store::{Listed, ListedJob};

/// Its name, size, arrival and sender, and below who waits for it, why, and until when.
pub(super) fn lines(listed: &Listed) -> Vec<String> {
    let Listed { entry, octets, jobs } = listed;
    let head = format!("{} {octets} {} {}", entry.id, time(entry.arrival), entry.sender.path);
    let recipients = jobs.iter().flat_map(|job| {
        job.job.recipients.iter().map(|pending| {
            let why = pending.last.as_ref().map(|reply| format!(": {reply}")).unwrap_or_default();
            let (to, attempts) = (&pending.recipient.path, job.job.attempts);
            format!("    {to} by {}, {}, {attempts} attempts{why}", job.job.destination, standing(job))
        })
    });
    std::iter::once(head).chain(recipients).map(|line| printable(&line)).collect()
}

fn standing(job: &ListedJob) -> String {
    match (job.leased, job.held) {
        (true, _) => "under way".to_owned(),
        (false, true) => "held".to_owned(),
        (false, false) => format!("next {}", time(job.job.due)),
    }
}

/// In seconds, and UTC.
fn time(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(|_| "?".to_owned(), |time| format!("{time:.0}"))
}

/// Other servers choose what they reply: nothing of it is for the operator's terminal to obey.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_have_nothing_to_obey() {
        assert_eq!(printable("450 4.2.0 a\u{1b}[2Jb\r\nc\u{9b}"), "450 4.2.0 a [2Jb  c ");
        assert_eq!(time(SystemTime::UNIX_EPOCH), "1970-01-01T00:00:00Z");
    }
}
