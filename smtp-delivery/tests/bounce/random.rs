//! Whatever servers say and addresses are, what is written is a message.

use proptest::prelude::*;
use smtp_core::{Acceptance, ForwardPath, Mailbox, Remote, Reply, ReversePath};
use smtp_delivery::bounce::{Notification, Original, Report};

use crate::{mail, notification, now, python, rcpt};

fn mailbox() -> impl Strategy<Value = Mailbox> {
    let texts = r#"([a-z+=]{1,9}|"(\\.|[ !#-\[\]-~]){0,9}"|[a-z\u{e4}\u{4e00}]{1,9})@(example\.(org|com)|b\u{fc}cher\.example|\[192\.0\.2\.1\])"#;
    texts.prop_filter_map("well-formed", |text| Mailbox::from_utf8(&text).ok())
}

fn reply() -> impl Strategy<Value = Reply> {
    let text = r"(.|\n|[ -~]{0,40}|x{600}|--=_|\r\nAction: delivered\r\n){0,6}";
    (prop_oneof![Just(550), Just(452), Just(250)], text, any::<bool>(), "[ -~]{0,20}|mx\\.example\\.com")
        .prop_map(|(code, text, is_remote, host)| {
            let reply = Reply::new(code, text);
            if is_remote { reply.from_remote(Remote::new(host, Acceptance::Relayed)) } else { reply }
        })
}

/// Lines are short, and end as they should.
fn is_well_formed(notification: &Notification) -> Result<(), TestCaseError> {
    let content = &notification.content;
    prop_assert!(content.ends_with(b"\r\n"));
    for line in content.split(|octet| *octet == b'\n') {
        if let Some(line) = line.strip_suffix(b"\r") {
            prop_assert!(line.len() <= 998 && !line.contains(&b'\r') && !line.contains(&0));
        } else {
            prop_assert!(line.is_empty(), "{}", String::from_utf8_lossy(content));
        }
    }
    let parameters = &notification.envelope.sender.parameters;
    prop_assert_eq!(content.is_ascii(), parameters.get("BODY").is_none());
    Ok(())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn has_short_lines_and_one_status_for_each_recipient(
        from in mailbox(),
        to in prop::collection::vec((mailbox(), reply()), 1..4),
        utf8: bool,
        greeting in "[ -~]{0,30}",
        content in "(From: .{0,20}|\r\n|x{1100}|[\r\n ]|\u{e4}|--=_|Message-ID: <[ -~]{0,300}>){0,12}",
    ) {
        let mut sender = mail("joe@example.org", if utf8 { &["SMTPUTF8", "RET=FULL"] } else { &["RET=FULL"] });
        sender.path = ReversePath::from(from);
        let recipients: Vec<_> = to.iter().map(|(mailbox, _)| {
            let mut recipient = rcpt("jane@example.com", &["NOTIFY=FAILURE"]);
            recipient.path = ForwardPath::from(mailbox.clone());
            recipient
        }).collect();
        let refusals: Vec<_> = to.iter().map(|(_, reply)| {
            let refusal = Reply::new(550, "").with_text(reply.text().to_owned());
            match reply.remote() {
                Some(remote) => refusal.from_remote(remote.clone()),
                None => refusal,
            }
        }).collect();
        let reports: Vec<_> = recipients.iter().zip(&refusals).map(|(recipient, reply)| Report::of(recipient, reply)).collect();
        let original = Original::new(&sender, now()).received_from(&greeting, None);
        let notification = run(notification(&original, &reports, content.into_bytes()));
        is_well_formed(&notification)?;
        let text = String::from_utf8_lossy(&notification.content).into_owned();
        prop_assert_eq!(text.matches("\r\nAction: failed\r\n").count(), reports.len());
        prop_assert_eq!(text.matches("\r\nSubject: Your message was not delivered\r\n\r\n").count(), 1);
    }
}

proptest! {
    // Each starts a Python.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn is_read_by_others(from in mailbox(), to in mailbox(), reply in reply(), utf8: bool) {
        let mut sender = mail("joe@example.org", if utf8 { &["SMTPUTF8"] } else { &[] });
        sender.path = ReversePath::from(from);
        let mut recipient = rcpt("jane@example.com", &["NOTIFY=SUCCESS,FAILURE,DELAY"]);
        recipient.path = ForwardPath::from(to);
        let original = Original::new(&sender, now());
        let reports = [Report::of(&recipient, &reply).last_attempt(now())];
        let notification = run(notification(&original, &reports, b"Subject: lunch\r\n\r\n".to_vec()));
        is_well_formed(&notification)?;
        let read = python::read(&notification);
        prop_assert_eq!(read["groups"].as_array().unwrap().len(), 2, "{}", read);
        if notification.content.is_ascii() {
            prop_assert_eq!(&read["defects"], &serde_json::json!([]));
        }
        let action = reports[0].fate.action();
        let fields = read["groups"][1].as_array().unwrap();
        let actions: Vec<_> = fields.iter().filter(|field| field[0] == "Action").map(|field| &field[1]).collect();
        prop_assert_eq!(actions, vec![action]);
        let known = ["Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code", "Last-Attempt-Date"];
        prop_assert!(fields.iter().all(|field| known.iter().any(|name| field[0] == *name)), "{}", read);
        prop_assert_eq!(fields.last().map(|field| &field[0]), Some(&serde_json::json!("Last-Attempt-Date")));
        prop_assert_eq!(&read["returned"]["text"], "Subject: lunch");
    }
}
