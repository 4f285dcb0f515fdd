use std::fmt::Write as _;

use smtp_core::Reply;

use super::{Fate, Kind, Notice, Report, Returned, status};

/// How many lines of what another server said are shown to people at most.
const MAX_LINES: usize = 10;

/// What people read of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The subject.
    pub subject: String,
    /// The text, its lines divided by line feeds.
    pub body: String,
}

/// The text of a notification in English, as it is unless [`Notifier::text`](super::Notifier::text) says
/// otherwise: what happened, to whom, what the other server said, and what to do.
pub fn english(notice: &Notice<'_>, returned: Returned) -> Text {
    let (subject, opening) = opening(notice);
    let mut body = format!("This is the mail server {}.\n\n{opening}\n", notice.host());
    for report in notice.reports() {
        body.push('\n');
        push_report(&mut body, notice, report);
    }
    let closing = [closing(notice), Some(about_returned(notice, returned)), Some(help(notice))];
    for paragraph in closing.into_iter().flatten() {
        let _ = write!(body, "\n{paragraph}\n");
    }
    Text { subject: subject.to_owned(), body }
}

fn opening(notice: &Notice<'_>) -> (&'static str, String) {
    let arrived = notice.date(notice.original().arrived);
    match notice.kind() {
        Kind::Failure => (
            "Your message was not delivered",
            format!("Your message, which came here on {arrived},\ncould not be delivered to:"),
        ),
        Kind::Delay => (
            "Your message is delayed",
            format!("Your message, which came here on {arrived},\ncould not be delivered yet to:"),
        ),
        Kind::Success => (
            "Your message was delivered",
            format!("You asked to hear what becomes of your message,\nwhich came here on {arrived}:"),
        ),
        Kind::DoubleBounce => (
            "A notification was not delivered",
            format!("A notification that this server wrote on {arrived}\ncould not be delivered to:"),
        ),
    }
}

fn push_report(body: &mut String, notice: &Notice<'_>, report: &Report<'_>) {
    // Writing into a string cannot fail, here and below.
    let _ = write!(body, "{}", report.recipient.path);
    let original = report.original_recipient();
    let written = original.as_ref().map(|original| format!("<{}>", original.address()));
    if let Some(written) = written.filter(|written| *written != report.recipient.path.to_string()) {
        let _ = write!(body, ", written as {written}");
    }
    body.push('\n');
    if let Some(reply) = report.reply {
        push_reply(body, reply, notice.share_of(MAX_LINES));
    }
    let said = report.reply.and_then(status::said);
    let advice = match report.fate {
        Fate::Delivered => "It was delivered.",
        Fate::Relayed => {
            "It was passed on to the next server, which tells nothing more: you may\n    not hear whether it arrives."
        }
        Fate::PassedOn if report.is_untimed(notice.original()) => {
            "It was passed on to the next server, from which you may hear more. The\n    time that you gave it counts no more there."
        }
        Fate::PassedOn => "It was passed on to the next server, from which you may hear more.",
        Fate::Expanded => "It was passed on to those for whom this address stands.",
        Fate::OutOfTime => "It did not get there within the time that you gave it.",
        Fate::Expired => "It was tried again and again, and is given up now.",
        Fate::Delayed => "",
        // The postmaster knows.
        Fate::Failed if notice.kind() == Kind::DoubleBounce => "",
        Fate::Failed => advice(said),
    };
    if !advice.is_empty() {
        let _ = writeln!(body, "    {advice}");
    }
    if report.fate == Fate::Delayed
        && let Some(until) = report.retried_until
    {
        let _ = writeln!(body, "    It is tried again until {}.", notice.date(until));
    }
}

fn push_reply(body: &mut String, reply: &Reply, most: usize) {
    let indent = match reply.remote() {
        Some(remote) => {
            let _ = writeln!(body, "    {} answered:", remote.host);
            "        "
        }
        None if reply.is_positive() => return,
        None => "    ",
    };
    let mut lines = reply.lines().filter(|line| !line.trim().is_empty()).map(status::shown);
    let first = lines.next().unwrap_or_default();
    let status = reply.status().map(|status| format!("{status} ")).unwrap_or_default();
    match reply.remote() {
        Some(_) => {
            let _ = writeln!(body, "{indent}{} {status}{first}", reply.code());
        }
        None => {
            let _ = writeln!(body, "{indent}{first}");
        }
    }
    for line in lines.take(most - 1) {
        let _ = writeln!(body, "{indent}{line}");
    }
}

/// What the sender can do, by what is the matter (RFC 3463).
fn advice(said: Option<(u16, u16)>) -> &'static str {
    match said {
        Some((1, 1..=4 | 6 | 10)) => "The address does not exist. Look whether it is written right.",
        Some((1, 7 | 8)) => "Your own address is not accepted there. Look whether it is right.",
        Some((2, 1)) => "The mailbox takes no messages. Reach the recipient otherwise.",
        Some((2, 2)) => "The mailbox is full. Try again later, or reach the recipient otherwise.",
        Some((2, 3) | (3, 4)) => "The message is too large for the recipient. Send less at once.",
        Some((4, 6)) => "Messages to this address go in circles. Its owner can put that right.",
        Some((6, _)) => "The recipient's server does not take this kind of content.",
        Some((7, _)) => {
            "The server does not want the message. What it says above may tell why;\n    the recipient may know how to let your messages in."
        }
        _ => "Do not send it again unless what is said above is put right.",
    }
}

fn closing(notice: &Notice<'_>) -> Option<String> {
    let text = match notice.kind() {
        Kind::Failure => "Nothing more is done about these recipients.",
        Kind::Delay if notice.is_overdue() => {
            "It is late for the time that you gave it. You need not do anything: delivery\nis still tried."
        }
        Kind::Delay => "You need not do anything: delivery is still tried, and you hear again if it\nfails.",
        Kind::Success => return None,
        Kind::DoubleBounce => "It was meant for the sender of a message, who hears nothing therefore.",
    };
    Some(text.to_owned())
}

fn about_returned(notice: &Notice<'_>, returned: Returned) -> String {
    let what = if notice.kind() == Kind::DoubleBounce { "The notification" } else { "Your message" };
    match returned {
        Returned::Whole => format!("{what} comes back with this one."),
        Returned::Header => format!("{what} itself does not come back: only its header does."),
        Returned::HeaderOnly => {
            format!("{what} is too long to come back, or is of a kind that cannot:\nonly its header does.")
        }
        Returned::PartOfHeader => {
            format!("{what} is too long to come back: only the first part of its\nheader does.")
        }
        Returned::Nothing => format!("{what} does not come back with this one."),
    }
}

fn help(notice: &Notice<'_>) -> String {
    match notice.original().id {
        Some(id) => format!("For help, write to {} and name {id}.", notice.postmaster()),
        None => format!("For help, write to {}.", notice.postmaster()),
    }
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn lines_are_short() {
        for subject in 0..8 {
            for detail in 0..31 {
                let text = advice(Some((subject, detail)));
                assert!(text.lines().all(|line| line.len() <= 72), "{text}");
            }
        }
    }
}
