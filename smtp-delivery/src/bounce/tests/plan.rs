use smtp_core::{Acceptance, Remote, Reply};

use super::*;

/// Of what the sender hears.
fn kinds(sender: &str, recipient: &str, fate: Fate) -> Vec<Kind> {
    let (sender, recipient) = (mail(sender), rcpt(recipient));
    let original = Original::new(&sender, time(0));
    let reports = [Report::new(&recipient, fate)];
    let notices = notifier().notices(&original, &reports, time(0));
    notices.iter().map(Notice::kind).collect()
}

#[test]
fn the_sender_hears_what_it_wants_to_hear() {
    use Fate::{Delayed, Delivered, Expanded, Expired, Failed, OutOfTime, PassedOn, Relayed};
    let all = [Delivered, Relayed, PassedOn, Expanded, Failed, Expired, OutOfTime, Delayed];
    for (sender, notify, told) in [
        // RFC 3461 section 5.2.
        ("joe@example.org", "", &[Failed, Expired, OutOfTime, Delayed][..]),
        ("joe@example.org", " NOTIFY=NEVER", &[]),
        ("joe@example.org", " NOTIFY=FAILURE", &[Failed, Expired, OutOfTime]),
        ("joe@example.org", " NOTIFY=DELAY", &[Delayed]),
        ("joe@example.org", " NOTIFY=SUCCESS", &[Delivered, Relayed, Expanded]),
        (
            "joe@example.org",
            " NOTIFY=SUCCESS,FAILURE,DELAY",
            &[Delivered, Relayed, Expanded, Failed, Expired, OutOfTime, Delayed],
        ),
        // RFC 2852 section 4.1.4.
        ("joe@example.org BY=99999;N", "", &[Relayed, Failed, Expired, OutOfTime, Delayed]),
        ("joe@example.org BY=99999;NT", "", &[Relayed, PassedOn, Failed, Expired, OutOfTime, Delayed]),
        ("joe@example.org BY=99999;RT", " NOTIFY=FAILURE", &[Relayed, PassedOn, Failed, Expired, OutOfTime]),
        ("joe@example.org BY=99999;NT", " NOTIFY=NEVER", &[]),
        // RFC 5321 section 6.1.
        ("", "", &[]),
        ("", " NOTIFY=SUCCESS,FAILURE,DELAY", &[]),
        ("", " NOTIFY=FAILURE", &[]),
        ("BY=1;NT", "", &[]),
    ] {
        let sender = if sender.starts_with("BY") { format!(" {sender}") } else { sender.to_owned() };
        for fate in all {
            let kind = match fate.action() {
                "failed" => Kind::Failure,
                "delayed" => Kind::Delay,
                _ => Kind::Success,
            };
            let expected = if told.contains(&fate) { vec![kind] } else { Vec::new() };
            let recipient = format!("jane@example.com{notify}");
            assert_eq!(kinds(&sender, &recipient, fate), expected, "{sender} {recipient} {fate:?}");
        }
    }
}

#[test]
fn who_wants_to_know_of_lateness_hears_where_the_time_counts_no_more() {
    for (sender, recipient, keeps_time, told) in [
        ("joe@example.org BY=99999;N", "jane@example.com", false, true),
        ("joe@example.org BY=99999;N", "jane@example.com NOTIFY=FAILURE", false, true),
        ("joe@example.org BY=99999;N", "jane@example.com NOTIFY=NEVER", false, false),
        ("joe@example.org BY=99999;N", "jane@example.com", true, false),
        ("joe@example.org BY=99999;NT", "jane@example.com", true, true),
        // What has to come back goes to nobody who does not keep the time.
        ("joe@example.org BY=99999;R", "jane@example.com", false, false),
        ("joe@example.org", "jane@example.com", false, false),
    ] {
        let (mail, rcpt) = (mail(sender), rcpt(recipient));
        let remote = Remote::new("mx.example.com", Acceptance::PassedOn).keeping_time(keeps_time);
        let taken = Reply::new(250, "2.0.0 queued").from_remote(remote);
        let original = Original::new(&mail, time(0));
        let reports = [Report::of(&rcpt, &taken)];
        let notices = notifier().notices(&original, &reports, time(0));
        assert_eq!(notices.len(), usize::from(told), "{sender} {recipient} {keeps_time}");
        if let Some(notice) = notices.first() {
            assert_eq!((notice.kind(), reports[0].fate.action()), (Kind::Success, "relayed"));
            let text = english(notice, Returned::Header).body;
            assert_eq!(text.contains("counts no more"), !keeps_time, "{text}");
        }
    }
}

#[test]
fn a_delay_is_told_once_and_once_again_when_the_time_is_over() {
    const LATE: &str = "joe@example.org BY=7200;N";
    const LATER: &str = "joe@example.org BY=99999;N";
    for (sender, told, next, silent) in [
        ("joe@example.org", None, Some(4 * HOUR), None),
        ("joe@example.org", Some(4 * HOUR), None, None),
        (LATE, None, Some(7200), Some(7200)),
        (LATE, Some(7200), None, None),
        (LATER, None, Some(4 * HOUR), Some(99_999)),
        (LATER, Some(4 * HOUR), Some(99_999), Some(99_999)),
        (LATER, Some(99_999), None, None),
        ("joe@example.org BY=-0;N", None, Some(0), Some(0)),
        // What is to be returned is no delay.
        ("joe@example.org BY=7200;R", None, Some(4 * HOUR), None),
    ] {
        let sender = mail(sender);
        let original = Original::new(&sender, time(0));
        assert_eq!(notifier().next_delay(&original, told.map(time)), next.map(time), "{sender} {told:?}");
        let notifier = notifier().without_delays();
        assert_eq!(notifier.next_delay(&original, told.map(time)), silent.map(time), "{sender} {told:?}");
    }
}

#[test]
fn one_notification_tells_of_all_that_fared_alike() {
    let sender = mail("joe@example.org");
    let names = ["a", "b NOTIFY=NEVER", "c NOTIFY=SUCCESS", "d", "e NOTIFY=SUCCESS,FAILURE"];
    let recipients =
        names.map(|name| rcpt(&name.replacen(['a', 'b', 'c', 'd', 'e'], &format!("{}@x", &name[..1]), 1)));
    let replies = [
        Reply::new(550, "5.1.1 no"),
        Reply::new(550, "5.1.1 no"),
        Reply::new(250, "2.0.0 OK").from_remote(Remote::new("x", Acceptance::Relayed)),
        Reply::new(450, "4.2.0 later"),
        Reply::new(554, "no"),
    ];
    let reports: Vec<_> =
        recipients.iter().zip(&replies).map(|(recipient, reply)| Report::of(recipient, reply)).collect();
    let original = Original::new(&sender, time(0));
    let notices = notifier().notices(&original, &reports, time(5 * HOUR));
    let told: Vec<_> = notices
        .iter()
        .map(|notice| {
            let names = notice.reports().map(|report| report.recipient.to_string());
            (notice.kind(), names.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let expected = [(Kind::Failure, "<a@x> <e@x>"), (Kind::Delay, "<d@x>"), (Kind::Success, "<c@x>")];
    assert_eq!(told, expected.map(|(kind, names)| (kind, names.to_owned())));
}

#[tokio::test]
async fn a_notification_that_fails_goes_to_the_postmaster_and_no_further() {
    let notifier = notifier();
    let (first, jane) = (mail("joe@example.org"), rcpt("jane@example.com"));
    let refused = Reply::new(550, "5.1.1 no");
    let original = Original::new(&first, time(0));
    let reports = [Report::of(&jane, &refused)];
    let notices = notifier.notices(&original, &reports, time(0));
    let bounce = notifier.compose(&notices[0], "\r\n".into()).await.envelope;
    assert!(bounce.sender.path.is_null());
    assert_eq!(bounce.recipients[0].to_string(), "<joe@example.org>");
    assert_eq!(bounce.recipients[0].parameters.get("NOTIFY").unwrap().to_string(), "NOTIFY=NEVER");

    assert_eq!(notices[0].written(), Written::AsNotification);
    let original = Original::new(&bounce.sender, time(1)).written(notices[0].written());
    let reports = [Report::of(&bounce.recipients[0], &refused)];
    assert!(notifier.clone().without_double_bounces().notices(&original, &reports, time(1)).is_empty());
    // Another server's notifications are no business of ours.
    let foreign = Original::new(&bounce.sender, time(1));
    assert!(notifier.notices(&foreign, &reports, time(1)).is_empty());
    let waiting = [Report::new(&bounce.recipients[0], Fate::Delayed)];
    assert!(notifier.notices(&original, &waiting, time(9 * HOUR)).is_empty());
    let notices = notifier.notices(&original, &reports, time(1));
    assert_eq!(notices[0].kind(), Kind::DoubleBounce);
    let double = notifier.compose(&notices[0], "\r\n".into()).await.envelope;
    assert!(double.sender.path.is_null());
    assert_eq!(double.recipients[0].to_string(), "<postmaster>");

    // Wherever the postmaster's mail goes, there is no third one.
    let original = Original::new(&double.sender, time(2)).written(notices[0].written());
    for recipient in [&double.recipients[0], &rcpt("root@example.net")] {
        assert!(notifier.notices(&original, &[Report::of(recipient, &refused)], time(2)).is_empty());
    }
    // Nor is there one if the first notification was for the postmaster.
    let original = Original::new(&bounce.sender, time(1)).written(Written::AsNotification);
    assert!(notifier.notices(&original, &[Report::of(&double.recipients[0], &refused)], time(2)).is_empty());
}

#[tokio::test]
async fn what_was_asked_of_the_message_is_asked_of_the_notification() {
    const EIGHT_BIT: &str = "Subject: gr\u{fc}n\r\n\r\ngr\u{fc}n\r\n";
    for (sender, content, expected) in [
        ("joe@example.org", EIGHT_BIT, " BODY=8BITMIME"),
        ("joe@example.org RET=HDRS", EIGHT_BIT, ""),
        ("joe@example.org SMTPUTF8", EIGHT_BIT, ""),
        (
            "joe@example.org REQUIRETLS MT-PRIORITY=3 BY=9;N SIZE=9 HOLDFOR=9",
            EIGHT_BIT,
            " REQUIRETLS MT-PRIORITY=3",
        ),
    ] {
        let (sender, recipient) = (mail(sender), rcpt("jane@example.com"));
        let original = Original::new(&sender, time(0));
        let reports = [Report::new(&recipient, Fate::Failed)];
        let notices = notifier().notices(&original, &reports, time(0));
        let notification = notifier().compose(&notices[0], content.into()).await;
        let written: String =
            notification.envelope.sender.parameters.iter().map(|parameter| format!(" {parameter}")).collect();
        assert_eq!(written, expected);
        assert_eq!(notification.content.is_ascii(), !expected.contains("8BIT"), "{sender}");
    }
}
