use smtp_core::extension::SmtpUtf8Option;
use smtp_core::{Acceptance, Expanded, ForwardPath, Mailbox, Remote, Reply, ReversePath};

use super::*;

const CONTENT: &str = "Received: from client.example.org\r\n\
    \tby mx.example.org; Sun, 1 Mar 2026 12:00:00 +0000\r\n\
    Message-ID: <2@example.org>\r\n\
    In-Reply-To: <1@example.com>\r\n\
    From: Joe <joe@example.org>\r\n\
    Subject: lunch\r\n\
    \r\n\
    at noon?\r\n";

/// What is written is what is in the file, whose lines end with LF. `BLESS=1` writes the file.
async fn is_as_in(name: &str, notifier: &Notifier, notice: &mut Notice<'_>, content: &'static str) {
    notice.id = "0f3k2m9q".to_owned();
    let notification = notifier.compose(notice, content.into()).await;
    let written = String::from_utf8(notification.content.to_vec()).unwrap();
    assert_eq!(written.matches('\n').count(), written.matches("\r\n").count());
    let written = written.replace("\r\n", "\n");
    let path = format!("{}/src/bounce/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(written, expected, "{name}");
}

fn by(host: &str, acceptance: Acceptance) -> Remote {
    Remote::new(host, acceptance)
}

#[tokio::test]
async fn failure() {
    let sender = mail("joe@example.org ENVID=QQ+2B314159 RET=FULL");
    let jane = rcpt("jane@example.com ORCPT=rfc822;j.doe@example.org NOTIFY=FAILURE,DELAY");
    let (jim, john) = (rcpt("jim@[192.0.2.7]"), rcpt("john@example.net"));
    let refused = Reply::new(550, "5.1.1 no such-user\nask the post-master")
        .from_remote(by("mx.example.com", Acceptance::Relayed));
    let unreachable = Reply::new(451, "4.4.1 next hop does not answer");
    let full = Reply::new(452, "4.2.2 mailbox full").from_remote(by("192.0.2.9", Acceptance::Delivered));
    let original = Original::new(&sender, time(0))
        .received_from("client.example.org", Some([192, 0, 2, 1].into()))
        .id("0f3k2m9p");
    let mut reports = [
        Report::of(&jane, &refused).last_attempt(time(60)),
        Report::of(&jim, &unreachable).last_attempt(time(60)),
        Report::of(&john, &full).last_attempt(time(60)),
    ];
    reports[1].fate = Fate::Expired;
    reports[2].fate = Fate::OutOfTime;
    let notifier = notifier();
    let mut notices = notifier.notices(&original, &reports, time(61));
    is_as_in("failure.eml", &notifier, &mut notices[0], CONTENT).await;
}

#[tokio::test]
async fn delay() {
    let sender = mail("joe@example.org BY=3600;N HOLDFOR=60");
    let jane = rcpt("jane@example.com");
    let later = Reply::new(450, "greylisted").from_remote(by("mx.example.com", Acceptance::Relayed));
    let original = Original::new(&sender, time(0));
    let reports = [Report::of(&jane, &later).last_attempt(time(HOUR)).retried_until(time(120 * HOUR))];
    let notifier = notifier();
    let mut notices = notifier.notices(&original, &reports, time(HOUR + 1));
    is_as_in("delay.eml", &notifier, &mut notices[0], CONTENT).await;
}

#[tokio::test]
async fn success() {
    let sender = mail("joe@example.org RET=FULL");
    let recipients = ["jane@example.com", "jim@example.org"];
    let recipients = recipients.map(|address| rcpt(&format!("{address} NOTIFY=SUCCESS")));
    let relayed = Reply::new(250, "2.0.0 queued").from_remote(by("mx.example.com", Acceptance::Relayed));
    let delivered = Reply::new(250, "2.1.5 in the mailbox");
    let expanded = [("all@example.org", false), ("list@example.org", true)].map(|(address, is_list)| {
        Expanded { recipient: rcpt(&format!("{address} NOTIFY=SUCCESS")), is_list }
    });
    let original = Original::new(&sender, time(0));
    let reports = [
        Report::of(&recipients[0], &relayed).last_attempt(time(1)),
        Report::of(&recipients[1], &delivered).last_attempt(time(1)),
        Report::of_expanded(&expanded[0]),
        Report::of_expanded(&expanded[1]),
    ];
    let notifier = notifier();
    let mut notices = notifier.notices(&original, &reports, time(1));
    is_as_in("success.eml", &notifier, &mut notices[0], CONTENT).await;
}

#[tokio::test]
async fn utf8() {
    const CONTENT: &str =
        "From: J\u{f6} <j\u{f6}@b\u{fc}cher.example>\r\nSubject: gr\u{fc}n\r\n\r\ngr\u{fc}n\r\n";
    let path = |text| Mailbox::from_utf8(text).unwrap();
    let mut jane = rcpt("x@x ORCPT=utf-8;j\\x{E4}ne@example.com");
    jane.path = ForwardPath::from(path("j\u{e4}ne@example.com"));
    let refused =
        Reply::new(550, "5.1.1 j\u{e4}ne is unknown").from_remote(by("mx.example.com", Acceptance::Relayed));
    let reports = [Report::of(&jane, &refused)];
    let notifier = notifier();
    let mut sender = mail("joe@example.org");
    // A message that does not need UTF-8, to a recipient that does.
    let original = Original::new(&sender, time(0));
    let mut notices = notifier.notices(&original, &reports, time(1));
    is_as_in("utf8-recipient.eml", &notifier, &mut notices[0], "Subject: hello\r\n\r\n").await;
    sender.parameters.set(&SmtpUtf8Option);
    let original = Original::new(&sender, time(0));
    let mut notices = notifier.notices(&original, &reports, time(1));
    is_as_in("utf8-to-ascii.eml", &notifier, &mut notices[0], CONTENT).await;
    let mut sender = sender.clone();
    sender.path = ReversePath::from(path("j\u{f6}@b\u{fc}cher.example"));
    let original = Original::new(&sender, time(0));
    let mut notices = notifier.notices(&original, &reports, time(1));
    is_as_in("utf8.eml", &notifier, &mut notices[0], CONTENT).await;
}

#[tokio::test]
async fn double_bounce() {
    let notifier = notifier();
    let sender = mail("");
    let joe = rcpt("joe@example.org NOTIFY=NEVER");
    let refused = Reply::new(550, "5.1.1 no such user here");
    let original = Original::new(&sender, time(0)).id("0f3k2m9p").written(Written::AsNotification);
    let reports = [Report::of(&joe, &refused)];
    let mut notices = notifier.notices(&original, &reports, time(1));
    is_as_in("double-bounce.eml", &notifier, &mut notices[0], CONTENT).await;
}

/// What the application says in the place of the default.
#[tokio::test]
async fn own_words() {
    let notifier = notifier().text(|notice, returned| match notice.kind() {
        Kind::Failure => Text {
            subject: "Nicht zugestellt: Gr\u{fc}\u{df}e".to_owned(),
            body: format!("Leider nicht zugestellt.\r\nViele Gr\u{fc}\u{df}e\n{}", "x".repeat(1000)),
        },
        _ => english(notice, returned),
    });
    let (sender, jane) = (mail("joe@example.org"), rcpt("jane@example.com"));
    let original = Original::new(&sender, time(0));
    let reports = [Report::new(&jane, Fate::Failed)];
    let mut notices = notifier.notices(&original, &reports, time(1));
    is_as_in("own-words.eml", &notifier, &mut notices[0], CONTENT).await;
}
