//! Deliveries to real programs.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, BodyErrorKind, Demand, Envelope, Identity, Message, Outcomes, Parameter};
use smtp_delivery::Pipe;
use smtp_delivery::pipe::CommandError;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::{Service, ServiceExt};

fn message(recipients: &[&str], body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients = recipients.iter().copied().map(recipient).collect();
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

/// A shell script, with the folder as `$1`.
fn script(folder: &TempDir, text: &str, arguments: &[&str]) -> Pipe {
    let folder = folder.path().to_str().expect("a path in UTF-8");
    let command = ["/bin/sh", "-c", text, "sh", folder].into_iter().chain(arguments.iter().copied());
    // The tests may be root's.
    Pipe::command(command).expect("a command").allow_root()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

async fn outcome(mut pipe: Pipe, message: Message) -> String {
    pipe.call(message).await.expect("the body is whole").fold().to_string()
}

/// A pipe with a name, at which the end of all processes that hold it is to be seen.
fn fifo(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("alive");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
    path
}

/// Waits until nobody writes into it any more; gives what was written.
async fn until_closed(path: &Path) -> String {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || fs::read_to_string(path));
    read.await.expect("no panic").expect("a pipe")
}

#[tokio::test]
async fn the_message_comes_with_its_arguments() {
    let place = folder();
    let text = r#"cat > "$1/message"; shift; printf '%s\n' "$@" > "$0"; exit 0"#;
    let arguments = ["--from={sender}", "{recipient}", "{user}", "{extension}", "{domain}", "{{x}}", ""];
    let pipe = script(&place, &text.replace("$0", "$OUT"), &arguments)
        .env("OUT", place.path().join("arguments").to_str().unwrap())
        .detail_separator('+');
    let to = r#""Jane+; rm -rf $HOME `x`"@Example.org"#;
    let content = "a\r\n.\r\n\r\nb\rc\r\n";
    assert_eq!(outcome(pipe.clone(), message(&[to], content)).await, "250 2.0.0 delivered");
    assert_eq!(read(&place, "message"), "a\n.\n\nb\rc\n");
    let expected = ["--from=joe@example.com", to, "Jane", "; rm -rf $HOME `x`", "example.org", "{x}", ""];
    assert_eq!(read(&place, "arguments"), expected.map(|line| line.to_owned() + "\n").concat());
    assert_eq!(outcome(pipe.keep_crlf(), message(&[to], content)).await, "250 2.0.0 delivered");
    assert_eq!(read(&place, "message"), content);
}

#[tokio::test]
async fn the_environment_has_what_is_named_and_nothing_else() {
    let place = folder();
    let mut message = message(&["jane+x@example.org"], "x\r\n");
    let envelope = Arc::make_mut(&mut message.envelope);
    envelope.recipients[0].parameters.insert(Parameter::parse("ORCPT=rfc822;first@example.net").unwrap());
    let pipe = script(&place, r#"/usr/bin/env > "$1/env""#, &[])
        .detail_separator('+')
        .env("HOME", "/nonexistent")
        .env("USER", "mail");
    outcome(pipe, message).await;
    let environment = read(&place, "env");
    // What the shell and env(1) make themselves.
    let mut lines: Vec<&str> = environment
        .lines()
        .filter(|line| !["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|own| line.starts_with(own)))
        .collect();
    lines.sort_unstable();
    let expected = [
        "CLIENT_ADDRESS=192.0.2.1",
        "CLIENT_HELO=client.example",
        "DOMAIN=example.org",
        "EXTENSION=x",
        "HOME=/nonexistent",
        "LOCAL=jane+x",
        "ORIGINAL_RECIPIENT=first@example.net",
        "PATH=/usr/bin:/bin",
        "RECIPIENT=jane+x@example.org",
        "SENDER=joe@example.com",
        "USER=mail",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn each_recipient_has_a_process_or_all_have_one() {
    let place = folder();
    let text =
        r#"n=$(cat | wc -c); echo "$n $RECIPIENT $2 $3" >> "$1/runs"; [ "$2" = b@x ] && exit 67; exit 0"#;
    let pipe = script(&place, text, &["{recipient}"]);
    let to = ["a@x", "b@x", "c@x"];
    let outcomes = pipe.clone().oneshot(message(&to, "hello\r\n")).await.unwrap();
    let Outcomes::Each(each) = outcomes else { panic!("{outcomes:?}") };
    let each: Vec<_> = each.iter().map(|reply| reply.code().get()).collect();
    assert_eq!(each, [250, 550, 250]);
    assert_eq!(read(&place, "runs"), "6 a@x a@x \n6 b@x b@x \n6 c@x c@x \n");
    fs::remove_file(place.path().join("runs")).unwrap();
    let outcomes = pipe.for_all_recipients().oneshot(message(&to, "hello\r\n")).await.unwrap();
    assert_eq!(outcomes, Outcomes::All(smtp_core::Reply::new(250, "2.0.0 delivered")));
    assert_eq!(read(&place, "runs"), "6  a@x b@x\n");
}

#[tokio::test]
async fn the_exit_code_is_the_outcome() {
    let place = folder();
    for (end, expected) in [
        ("exit 0", "250 2.0.0"),
        ("exit 1", "451 4.3.0"),
        ("exit 67", "550 5.1.1"),
        ("exit 69", "554 5.3.0"),
        ("exit 75", "451 4.3.0"),
        ("exit 77", "550 5.7.1"),
        ("exit 78", "451 4.3.5"),
        ("kill -KILL $$", "451 4.3.0"),
        ("kill -TERM $$", "451 4.3.0"),
    ] {
        let outcome =
            outcome(script(&place, &format!("cat > /dev/null; {end}"), &[]), message(&["a@x"], "x\r\n"));
        assert!(outcome.await.starts_with(expected), "{end}");
    }
}

#[tokio::test]
async fn what_it_prints_is_bounded_and_may_be_the_text() {
    let place = folder();
    let flood = "cat > /dev/null; echo out; echo '5.2.1 gone fishing' >&2; \
                 head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; exit 67";
    let pipe = script(&place, flood, &[]);
    assert_eq!(outcome(pipe.clone(), message(&["a@x"], "x\r\n")).await, "550 5.1.1 no such user here");
    let said = outcome(pipe.reply_with_output(), message(&["a@x"], "x\r\n")).await;
    assert_eq!(said, "550 5.2.1 gone fishing");
}

/// A body of many chunks.
fn large() -> Body {
    let chunks = (0..500).map(|_| Ok(Bytes::from_static(&[b'x'; 4096])));
    Body::from_stream(futures::stream::iter(chunks))
}

#[tokio::test]
async fn a_program_need_not_read_the_message() {
    let place = folder();
    for (text, expected) in [("exit 0", "250 2.0.0"), ("head -c 10 > /dev/null; exit 77", "550 5.7.1")] {
        let outcome = outcome(script(&place, text, &[]), message(&["a@x"], large())).await;
        assert!(outcome.starts_with(expected), "{outcome}");
    }
    // Nor need what it leaves behind, which here holds its input open until somebody opens the pipe.
    let end = fifo(place.path());
    let text = r#"exec 3<&0; (exec 4< "$1/alive") <&3 > /dev/null 2>&1 & exit 0"#;
    let pipe = script(&place, text, &[]).timeout(Duration::from_secs(10));
    assert_eq!(outcome(pipe, message(&["a@x"], large())).await, "250 2.0.0 delivered");
    tokio::task::spawn_blocking(|| fs::write(end, "")).await.unwrap().unwrap();
    // But what it gets is a whole message, or the client is told that it was not.
    let (mut writer, body) = Body::channel();
    let deliver = script(&place, "exit 0", &[]).oneshot(message(&["a@x"], body));
    let feed = async {
        for _ in 0..50 {
            std::future::poll_fn(|cx| writer.poll_demand(cx)).await;
            writer.send(Bytes::from_static(&[b'x'; 65_536]));
        }
        std::future::poll_fn(|cx| writer.poll_demand(cx)).await;
        writer.fail(BodyErrorKind::Disconnected);
    };
    let (outcome, ()) = tokio::join!(deliver, feed);
    assert!(outcome.unwrap_err().is::<smtp_core::BodyError>());
}

/// What a script says before it is killed for taking too long, with all that it started.
async fn killed(text: &str, body: Body) -> String {
    let place = folder();
    let alive = fifo(place.path());
    // Long enough for a shell to start.
    let pipe = script(&place, text, &[]).timeout(Duration::from_secs(2));
    let (outcome, written) = tokio::join!(outcome(pipe, message(&["a@x"], body)), until_closed(&alive));
    assert_eq!(outcome, "451 4.4.7 local delivery takes too long, try again later");
    written
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed() {
    let text = r#"exec 9> "$1/alive"; sleep 1000 & cat > /dev/null; echo taken >&9; wait"#;
    assert_eq!(killed(text, "x\r\n".into()).await, "taken\n");
}

#[tokio::test]
async fn a_program_that_does_not_read_is_killed() {
    let text = r#"exec 9> "$1/alive"; echo here >&9; sleep 1000 & sleep 1000"#;
    assert_eq!(killed(text, large()).await, "here\n");
}

/// The first line that is written, and what comes behind it until nobody writes any more.
fn watch(path: std::path::PathBuf) -> (oneshot::Receiver<String>, JoinHandle<String>) {
    let (started, wait) = oneshot::channel();
    let reader = tokio::task::spawn_blocking(move || {
        let mut pipe = BufReader::new(fs::File::open(path).expect("a pipe"));
        let (mut line, mut rest) = (String::new(), String::new());
        pipe.read_line(&mut line).expect("a line");
        started.send(line).expect("somebody waits");
        pipe.read_to_string(&mut rest).expect("text");
        rest
    });
    (wait, reader)
}

/// Says when it begins and when it has the whole message.
const PATIENT: &str = r#"exec 9> "$1/alive"; echo started >&9; sleep 1000 & cat > /dev/null; echo end >&9"#;

#[tokio::test]
async fn a_message_that_is_not_whole_is_never_taken_for_one() {
    let place = folder();
    let (started, end) = watch(fifo(place.path()));
    let (mut writer, body) = Body::channel();
    let deliver = script(&place, PATIENT, &[]).oneshot(message(&["a@x"], body));
    let feed = async {
        assert_eq!(std::future::poll_fn(|cx| writer.poll_demand(cx)).await, Demand::Wanted);
        writer.send("half a message\r\n".into());
        assert_eq!(started.await.unwrap(), "started\n");
        std::future::poll_fn(|cx| writer.poll_demand(cx)).await;
        writer.fail(BodyErrorKind::Disconnected);
    };
    let (outcome, ()) = tokio::join!(deliver, feed);
    assert!(outcome.unwrap_err().is::<smtp_core::BodyError>());
    assert_eq!(end.await.unwrap(), "");
}

#[tokio::test]
async fn who_gives_up_ends_the_program() {
    let place = folder();
    let (started, end) = watch(fifo(place.path()));
    let (_writer, body) = Body::channel();
    let deliver = tokio::spawn(script(&place, PATIENT, &[]).oneshot(message(&["a@x"], body)));
    assert_eq!(started.await.unwrap(), "started\n");
    deliver.abort();
    assert!(deliver.await.unwrap_err().is_cancelled());
    assert_eq!(end.await.unwrap(), "");
}

#[tokio::test]
async fn it_may_run_as_somebody_else() {
    let place = folder();
    let id = |option: &str| {
        let output = Command::new("id").arg(option).output().expect("id");
        String::from_utf8(output.stdout).unwrap().trim().parse::<u32>().unwrap()
    };
    let (user, group) = if id("-u") == 0 { (65_534, 65_533) } else { (id("-u"), id("-g")) };
    let text = r#"cat > /dev/null; echo "$(id -u) $(id -g) $(id -G)"; exit 0"#;
    let pipe = script(&place, text, &[]).user(user).group(group).reply_with_output();
    let said = outcome(pipe, message(&["a@x"], "x\r\n")).await;
    assert!(said.starts_with(&format!("250 2.0.0 {user} {group} ")), "{said}");
    assert!(id("-u") != 0 || said.ends_with(&format!(" {group}")), "{said}");
}

#[tokio::test]
async fn who_runs_it_has_its_own_group_alone() {
    let place = folder();
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().expect("id");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let name = if id(&["-u"]) == "0" { "daemon".to_owned() } else { id(&["-un"]) };
    let (user, group) = (id(&["-u", &name]), id(&["-g", &name]));
    let text = r#"cat > /dev/null; echo "$(id -u) $(id -g) $(id -G)"; exit 0"#;
    let pipe = script(&place, text, &[]).reply_with_output();
    let expected = format!("250 2.0.0 {user} {group} ");
    let by_number = pipe.clone().user(user.parse().unwrap());
    for pipe in [by_number, pipe.clone().user_named(&name).unwrap()] {
        let said = outcome(pipe, message(&["a@x"], "x\r\n")).await;
        assert!(said.starts_with(&expected), "{said}");
        assert!(id(&["-u"]) != "0" || said == format!("{expected}{group}"), "{said}");
    }
    // Whoever that may be, the group of the server is not its.
    let stranger = pipe.clone().user(4_000_000_123);
    let refused = "451 4.3.5 local configuration error, try again later";
    assert_eq!(outcome(stranger, message(&["a@x"], "x\r\n")).await, refused);
    let unknown = pipe.user_named("no such user").unwrap_err();
    assert_eq!(unknown, CommandError::UnknownUser("no such user".to_owned()));
}

#[tokio::test]
async fn nothing_runs_as_root_by_oversight() {
    let place = folder();
    let name = place.path().to_str().unwrap();
    let text = r#"id -u > "$1/user"; cat > /dev/null"#;
    let pipe = || Pipe::command(["/bin/sh", "-c", text, "sh", name]).unwrap();
    let is_root = Command::new("id").arg("-u").output().expect("id").stdout == b"0\n";
    let refused = "451 4.3.5 local configuration error, try again later";
    let delivered = "250 2.0.0 delivered";
    // A group alone leaves the user that of the server.
    for pipe in [pipe(), pipe().group(65_533)] {
        if is_root {
            assert_eq!(outcome(pipe, message(&["a@x"], "x\r\n")).await, refused);
            assert!(!place.path().join("user").exists());
        }
    }
    assert_eq!(outcome(pipe().allow_root(), message(&["a@x"], "x\r\n")).await, delivered);
    assert_eq!(read(&place, "user") == "0\n", is_root);
}

#[tokio::test]
async fn what_clients_say_is_filtered() {
    let place = folder();
    let text = r#"cat > /dev/null; printf '%s\n' "$SENDER" "$LOCAL" "$USER" "$EXTENSION" "$2" > "$1/values""#;
    let plain = "@.-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let pipe = script(&place, text, &["{local_part}"]).detail_separator('+').expansion_filter(plain);
    outcome(pipe, message(&[r#""jane+$(reboot)"@example.org"#], "x\r\n")).await;
    let expected = "joe@example.com\njane___reboot_\njane\n__reboot_\njane___reboot_\n";
    assert_eq!(read(&place, "values"), expected);
}

#[tokio::test]
async fn control_characters_do_not_reach_it() {
    let place = folder();
    let mut facts = facts();
    facts.set_identity(Identity::new("joe\nBcc: evil\0@x", "TEST"));
    let message = message(&["a@x"], "x\r\n");
    let message = Message::new(message.envelope, message.body, facts.session().clone());
    let pipe = script(&place, r#"cat > /dev/null; printf '%s' "$SASL_USERNAME" > "$1/name""#, &[]);
    assert_eq!(outcome(pipe, message).await, "250 2.0.0 delivered");
    assert_eq!(read(&place, "name"), "joe_Bcc: evil_@x");
}

#[tokio::test]
async fn addresses_are_no_options() {
    let place = folder();
    let refused = "553 5.1.3 addresses that begin with a dash are not taken here";
    let pipe = script(&place, "exit 0", &["{user}"]);
    assert_eq!(outcome(pipe, message(&["-rf@x"], "x\r\n")).await, refused);
    let pipe = script(&place, r#"cat > /dev/null; echo "$3""#, &["--", "{user}"]).reply_with_output();
    assert_eq!(outcome(pipe, message(&["-rf@x"], "x\r\n")).await, "250 2.0.0 -rf");
}

#[tokio::test]
async fn a_program_that_is_missing_may_come() {
    let pipe = Pipe::command(["/nonexistent/program"]).unwrap().allow_root();
    let expected = "451 4.3.5 local configuration error, try again later";
    assert_eq!(outcome(pipe, message(&["a@x"], "x\r\n")).await, expected);
    for command in [&[][..], &["cat"], &["./cat"], &[""]] {
        assert_eq!(Pipe::command(command.iter().copied()).unwrap_err(), CommandError::NotAbsolute);
    }
}
