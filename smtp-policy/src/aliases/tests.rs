use std::collections::HashSet;

use proptest::prelude::*;
use smtp_core::testing::{RecordingDelivery, domain, facts, recipient, request, sender};
use smtp_core::{
    BoxError, Command, Envelope, Identity, Mailbox, Message, Outcomes, Recipient, Reply, Request, Route,
    SessionFacts,
};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

mod delivery;

use super::*;
use crate::ExpandLayer;

const FILE: &str = "\
# Who reads what.
postmaster: root
root: joe, \\root
joe: joe, archive@example.net
staff: Joe Smith <joe@example.org>,
\tann , board
board: ann, \"sam doe\"@example.net
owner-staff: ann
Sales+EU: ann
sales: joe
sales+*: joe, ann
info@example.com: ann
@example.com: joe
kate: ann
";

fn directory(text: &str) -> AliasDirectory<HashSet<Mailbox>> {
    let users = ["joe@example.org", "ann@example.org", "root@example.org", "sue@example.com"];
    let users = users.iter().map(|user| user.parse().unwrap()).collect();
    let file = AliasFile::from_text(text).unwrap_or_else(|error| panic!("{error}"));
    AliasDirectory::new(file, users, ["example.org", "example.com"].map(domain))
}

async fn members(directory: &AliasDirectory<HashSet<Mailbox>>, address: &str) -> String {
    match directory.resolve(&Mailbox::from_utf8(address).unwrap()).await.unwrap() {
        Resolution::Members { members, owner, .. } => {
            let members: Vec<_> = members.iter().map(ToString::to_string).collect();
            let owner = owner.map(|owner| format!(" by {owner}")).unwrap_or_default();
            format!("{}{owner}", members.join(" "))
        }
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn whom_addresses_mean() {
    let directory = directory(FILE);
    for (address, expected) in [
        ("ann@example.org", "Mailbox"),
        ("Ann+lists@example.org", "Mailbox"),
        ("jim@example.org", "Unknown"),
        ("joe@example.net", "Elsewhere"),
        ("joe@[192.0.2.1]", "Elsewhere"),
        ("joe@example.org", "joe@example.org archive@example.net"),
        ("joe+x@example.org", "joe@example.org archive@example.net"),
        ("postmaster@example.org", "joe@example.org archive@example.net root@example.org"),
        (
            "STAFF@example.org",
            "joe@example.org archive@example.net ann@example.org \"sam doe\"@example.net by owner-staff@example.org",
        ),
        ("sales@example.org", "joe@example.org archive@example.net"),
        ("sales+eu@example.org", "ann@example.org"),
        ("sales+us@example.org", "joe@example.org archive@example.net ann@example.org"),
        ("sue@example.com", "Mailbox"),
        ("info@example.com", "ann@example.com"),
        ("anybody@example.com", "joe@example.com archive@example.net"),
        ("info@example.org", "Unknown"),
        (r#""info@example.com"@example.org"#, "Unknown"),
        (r#""@example.com"@example.org"#, "Unknown"),
        // The small letter of this one is a k, which is another name.
        ("\u{212a}ate@example.org", "Unknown"),
        ("Kate@example.org", "ann@example.org"),
    ] {
        assert_eq!(members(&directory, address).await, expected, "{address}");
    }
}

#[tokio::test]
async fn what_the_case_of_a_name_means_elsewhere_is_for_them_to_say() {
    let directory = directory(
        "all: Joe@example.net, joe@example.net, joe@EXAMPLE.net, \"joe\"@example.net, Ann, ann@example.org\n",
    );
    let expected = "Joe@example.net joe@example.net Ann@example.org";
    assert_eq!(members(&directory, "all@example.org").await, expected);
    let delivery = RecordingDelivery::new();
    let stack = AliasLayer::new(directory).layer(delivery.clone());
    let mut two = message("x@example.net", &["all@example.org", "ANN@example.org"]);
    let mut envelope = Envelope::clone(&two.envelope);
    envelope.recipients.push(recipient("JOE@example.net").routed(Route::Relay));
    two.envelope = envelope.into();
    stack.oneshot(two).await.unwrap();
    let messages = delivery.messages();
    let to: Vec<_> = messages[0].envelope.recipients.iter().map(ToString::to_string).collect();
    assert_eq!(to, ["<Joe@example.net>", "<joe@example.net>", "<Ann@example.org>", "<JOE@example.net>"]);
}

#[tokio::test]
async fn the_same_directory_answers_all_three() {
    let directory = directory(FILE);
    let mut facts = facts();
    facts.set_identity(Identity::new("alice", "SCRAM-SHA-256"));
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "passed")) });
    let stack = ExpandLayer::new(directory.clone()).layer(LocalRecipientsLayer::new(directory).layer(inner));
    for (line, expected) in [
        ("VRFY staff", "250 2.1.5 <staff@example.org>"),
        ("VRFY <ann@example.org>", "250 2.1.5 <ann@example.org>"),
        ("VRFY jim", "550 5.1.1 user unknown"),
        ("EXPN board", "250 2.1.5 <ann@example.org> <\"sam doe\"@example.net>"),
        ("EXPN jim", "550 5.1.1 list unknown"),
    ] {
        let reply = stack.clone().oneshot(request(line, facts.session())).await.unwrap();
        assert_eq!(reply.to_string(), expected, "{line}");
    }
    for (address, route, expected) in [
        ("board@example.org", Route::Local, "250 passed"),
        ("jim@example.org", Route::Local, "550 5.1.1 no such user here"),
        ("jim@example.org", Route::Relay, "250 passed"),
        ("Postmaster@example.org", Route::Local, "250 passed"),
    ] {
        let command = Command::Rcpt(recipient(address).routed(route));
        let request = Request::new(command, facts.session().clone());
        assert_eq!(stack.clone().oneshot(request).await.unwrap().to_string(), expected, "{address}");
    }
}

fn message(from: &str, to: &[&str]) -> Message {
    let mut envelope = Envelope::new(sender(from));
    let local = |address: &&str| recipient(address).routed(Route::Local);
    envelope.recipients = to.iter().map(local).collect::<Vec<Recipient>>();
    Message::new(
        envelope.into(),
        "Subject: x\r\n\r\n".into(),
        SessionFacts::new(Default::default()).session().clone(),
    )
}

#[tokio::test]
async fn members_get_the_message_once_and_on_their_way() {
    let delivery = RecordingDelivery::new();
    let stack = AliasLayer::new(directory(FILE)).layer(delivery.clone());
    let to = ["board@example.org", "ann@example.org"];
    stack.clone().oneshot(message("x@example.net", &to)).await.unwrap();
    stack.clone().oneshot(message("x@example.net", &["staff@example.org"])).await.unwrap();
    stack.clone().oneshot(message("", &["staff@example.org"])).await.unwrap();
    let mut to_postmaster = message("x@example.net", &[]);
    let mut envelope = Envelope::new(sender("x@example.net"));
    envelope.recipients.push(Recipient::new(smtp_core::ForwardPath::Postmaster).routed(Route::Local));
    to_postmaster.envelope = envelope.into();
    stack.oneshot(to_postmaster).await.unwrap();
    let messages = delivery.messages();
    let recipients: Vec<_> =
        messages[0].envelope.recipients.iter().map(|r| (r.to_string(), r.route)).collect();
    assert_eq!(
        recipients,
        [
            ("<ann@example.org>".to_owned(), Some(Route::Local)),
            ("<\"sam doe\"@example.net>".to_owned(), Some(Route::Relay)),
        ]
    );
    assert_eq!(messages[3].envelope.recipients.len(), 3);
    let senders: Vec<_> = messages[..3].iter().map(|message| message.envelope.sender.to_string()).collect();
    assert_eq!(senders, ["<x@example.net>", "<owner-staff@example.org>", "<>"]);
}

#[tokio::test]
async fn an_alias_fares_as_the_worst_of_its_members() {
    let inner = service_fn(|message: Message| async move {
        let reply = |recipient: &Recipient| match recipient.route {
            Some(Route::Local) => Reply::new(250, "2.0.0 here"),
            _ => Reply::new(451, "4.4.1 away"),
        };
        Ok::<_, BoxError>(Outcomes::Each(message.envelope.recipients.iter().map(reply).collect()))
    });
    let stack = AliasLayer::new(directory(FILE)).layer(inner);
    let to = ["board@example.org", "ann@example.org"];
    let Outcomes::Each(replies) = stack.oneshot(message("x@example.net", &to)).await.unwrap() else {
        panic!()
    };
    assert_eq!(replies.iter().map(|reply| reply.code().get()).collect::<Vec<_>>(), [451, 250]);
}

#[tokio::test]
async fn an_empty_list_is_not_tried_again() {
    let inner = service_fn(|message: Message| async move {
        let replies = message.envelope.recipients.iter().map(|_| Reply::new(250, "2.0.0 here"));
        Ok::<_, BoxError>(Outcomes::Each(replies.collect()))
    });
    let stack = AliasLayer::new(directory("none:\n")).layer(inner);
    let to = ["none@example.org", "ann@example.org"];
    let outcomes = stack.clone().oneshot(message("x@example.net", &to)).await.unwrap();
    let Outcomes::Each(replies) = outcomes else { panic!("{outcomes:?}") };
    let replies: Vec<_> = replies.iter().map(ToString::to_string).collect();
    assert_eq!(replies, ["550 5.1.1 the list is empty", "250 2.0.0 here"]);
}

#[test]
fn whoever_keeps_a_list_does_not_keep_the_server_busy() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let include = format!(":include:{}\n", list.display());
    std::fs::write(&list, include.repeat(10)).unwrap();
    let error = AliasFile::from_text(&format!("all: {include}")).unwrap_err().to_string();
    assert_eq!(error.matches("list:1:1: files include each other too deeply").count(), 1, "{error}");
    assert!(!error.contains("more problems"), "{error}");
    std::fs::write(&list, "joe\n").unwrap();
    let includes = vec![include.trim(); 1000].join(", ");
    assert!(AliasFile::from_text(&format!("all: {includes}\n")).is_ok());
    let error = AliasFile::from_text(&format!("all: {includes}, {include}")).unwrap_err().to_string();
    assert!(error.contains("too many files are included"), "{error}");
    // It has no end.
    let error = AliasFile::from_text("all: :include:/dev/zero\n").unwrap_err();
    assert_eq!(error.place(), Some((1, 6)), "{error}");
}

#[tokio::test]
async fn included_lists_are_read_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("list"), "# members\nann\n\n  joe@example.net, \\joe\n").unwrap();
    std::fs::write(file("aliases"), format!("all: :include:{}\n", file("list").display())).unwrap();
    let aliases = AliasFile::open(file("aliases")).unwrap();
    let directory = AliasDirectory::new(aliases.clone(), HashSet::new(), [domain("example.org")]);
    let expected = "ann@example.org joe@example.net joe@example.org";
    assert_eq!(members(&directory, "all@example.org").await, expected);
    std::fs::write(file("list"), "sue\n").unwrap();
    aliases.refresh();
    aliases.refresh();
    assert_eq!(members(&directory, "all@example.org").await, "sue@example.org");
    std::fs::write(file("list"), "sue, |rm\n").unwrap();
    aliases.refresh();
    aliases.refresh();
    assert_eq!(members(&directory, "all@example.org").await, "sue@example.org");
    let error = AliasFile::open(file("aliases")).unwrap_err().to_string();
    assert!(error.contains("list:1:6: programs are not run"), "{error}");
    std::fs::write(file("list"), format!(":include:{}\n", file("list").display())).unwrap();
    let error = AliasFile::open(file("aliases")).unwrap_err().to_string();
    assert!(error.contains("list:1:1: files include each other too deeply"), "{error}");
    std::fs::remove_file(file("list")).unwrap();
    let error = AliasFile::open(file("aliases")).unwrap_err();
    assert_eq!(error.place(), Some((1, 6)), "{error}");
}

#[test]
fn what_cannot_be_taken_is_shown_with_its_place() {
    for (text, place, what) in [
        ("joe", (1, 1), "no colon"),
        ("\tjoe", (1, 1), "belongs to no name"),
        ("jo e: ann", (1, 1), "no name"),
        ("joe: ann\nJOE: sue", (2, 1), "line 1"),
        ("joe: ann, |/usr/bin/vacation", (1, 11), "programs"),
        ("joe: \"|/usr/bin/vacation joe\"", (1, 6), "programs"),
        ("joe: ann,\n /var/mail/x", (2, 2), "files"),
        ("joe: \"/var/mail/x\"", (1, 6), "files"),
        ("joe: :include:list", (1, 6), "begins with /"),
        ("joe: Ann <ann", (1, 6), "without its >"),
        ("joe: \\", (1, 6), "backslash"),
        ("joe: a@b..c", (1, 6), "neither a name"),
        ("a: b\nb: c, d\nc: a", (1, 1), "a leads back to itself, over a, b, c"),
    ] {
        let error = AliasFile::from_text(text).unwrap_err();
        assert_eq!(error.place(), Some(place), "{text}: {error}");
        assert!(error.to_string().contains(what), "{text}: {error}");
    }
}

#[tokio::test]
async fn loops_that_a_file_does_not_show_end() {
    let directory = directory("a: b+x\nb: a+y, c@example.com\n@example.com: a\nc: c\n");
    assert_eq!(members(&directory, "a@example.org").await, "c@example.com");
    assert_eq!(members(&directory, "zz@example.com").await, "c@example.com");
}

proptest! {
    #[test]
    fn no_text_panics_the_parser(text in r#"([a-c@:,\\|"<>+ \t\n#/]|:include:|.){0,60}"#) {
        let _ = AliasFile::from_text(&text);
    }

    #[test]
    fn every_expansion_ends(pairs in prop::collection::vec(("[a-d](\\+x)?", "[a-d](\\+y)?(@example\\.(org|com|net))?"), 0..8)) {
        let text: String = pairs.iter().map(|(name, member)| format!("{name}: {member}\n")).collect();
        if let Ok(file) = AliasFile::from_text(&text) {
            let directory = AliasDirectory::new(file, HashSet::new(), ["example.org", "example.com"].map(domain));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            for name in ["a@example.org", "b@example.com", "c+x@example.org"] {
                runtime.block_on(directory.resolve(&name.parse().unwrap())).unwrap();
            }
        }
    }
}

fn with_targets() -> AliasDirectory<HashSet<Mailbox>> {
    let text = "log: |/usr/bin/logger -t mail\nbox: \"/var/mail/box\", ann, |/usr/bin/logger -t mail\nowner-log: ann\n";
    let options = AliasOptions::default().allow_programs().allow_files();
    let file = AliasFile::from_text_with(text, options).unwrap_or_else(|error| panic!("{error}"));
    AliasDirectory::new(file, HashSet::from(["ann@example.org".parse().unwrap()]), [domain("example.org")])
}

#[tokio::test]
async fn programs_and_files_are_members_where_that_is_allowed() {
    let Resolution::Members { members, targets, .. } =
        with_targets().resolve(&"box@example.org".parse().unwrap()).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(members, ["ann@example.org".parse().unwrap()]);
    let targets: Vec<_> = targets.iter().map(ToString::to_string).collect();
    assert_eq!(targets, ["/var/mail/box", "|/usr/bin/logger -t mail"]);
    // One of the two does not allow the other.
    for options in [AliasOptions::default(), AliasOptions::default().allow_files()] {
        assert!(AliasFile::from_text_with("a: |x\n", options).is_err());
    }
    assert!(AliasFile::from_text_with("a: /x\n", AliasOptions::default().allow_programs()).is_err());
    // Whoever keeps a list runs nothing.
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    std::fs::write(&list, "|/bin/sh\n").unwrap();
    let include = format!("all: :include:{}\n", list.display());
    let allowed = AliasOptions::default().allow_programs().allow_files();
    assert!(AliasFile::from_text_with(&include, allowed).is_err());
}

#[tokio::test]
async fn what_a_program_is_nobody_hears() {
    let mut facts = facts();
    facts.set_identity(Identity::new("alice", "SCRAM-SHA-256"));
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "passed")) });
    let stack = ExpandLayer::new(with_targets()).layer(inner);
    for (line, expected) in [
        ("VRFY log", "250 2.1.5 <log@example.org>"),
        ("EXPN log", "250 2.1.5 <log@example.org>"),
        ("EXPN box", "250 2.1.5 <ann@example.org>"),
    ] {
        let reply = stack.clone().oneshot(request(line, facts.session())).await.unwrap();
        assert_eq!(reply.to_string(), expected, "{line}");
    }
}

#[tokio::test]
async fn a_message_goes_to_programs_and_files_by_the_deliveries_of_the_application() {
    let (mailboxes, programs) = (RecordingDelivery::new(), RecordingDelivery::new());
    let to_programs = smtp_core::BoxDelivery::new(programs.clone());
    let layer = AliasLayer::new(with_targets()).targets(move |target| match target {
        Target::Program(command) if **command == *"/usr/bin/logger -t mail" => Some(to_programs.clone()),
        _ => None,
    });
    let stack = layer.layer(mailboxes.clone());
    let outcomes = stack
        .clone()
        .oneshot(message("x@example.net", &["log@example.org", "ann@example.org"]))
        .await
        .unwrap();
    assert_eq!(outcomes.fold().code(), 250);
    assert_eq!(mailboxes.messages().len(), 1);
    let to_program = &programs.messages()[0];
    assert_eq!(to_program.content, b"Subject: x\r\n\r\n");
    assert_eq!(to_program.envelope.sender.to_string(), "<owner-log@example.org>");
    assert_eq!(to_program.envelope.recipients[0].to_string(), "<log@example.org>");
    // There is no delivery for the file.
    let outcomes = stack.oneshot(message("x@example.net", &["box@example.org"])).await.unwrap();
    assert_eq!(outcomes.fold().to_string(), "451 4.3.5 the alias cannot be followed now");
    assert_eq!((mailboxes.messages().len(), programs.messages().len()), (2, 2));
}
