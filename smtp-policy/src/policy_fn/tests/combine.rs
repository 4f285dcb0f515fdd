use std::io::{Read, pipe};
use std::sync::Mutex;

use smtp_core::testing::{facts, request};
use smtp_core::{Identity, Mail, Reply, Session};
use tower::ServiceExt;
use tower_layer::Layer;

use super::deliver;
use crate::policy_fn::combine::first_match;
use crate::policy_fn::*;

/// A policy that always says this; 250 lets the command pass.
fn says(name: &'static str, code: u16) -> PolicyLayer<impl Policy<Mail>, Mail> {
    let policy = move |_: Mail, _: Session| async move {
        match code {
            250 => Decision::accept().add_header("X-Passed", name),
            code => Decision::refuse(Reply::new(code, name)),
        }
    };
    policy_fn(policy).named(name)
}

async fn decide<P: Policy<Mail>>(policy: &PolicyLayer<P, Mail>) -> (String, String) {
    let mail = smtp_core::testing::sender("x@example.net");
    let decision = policy.decide(mail, facts().session().clone()).await;
    let reply = decision.reply().map_or_else(|| "pass".to_owned(), |reply| reply.code().get().to_string());
    (reply, decision.decided_by().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn two_policies_become_one() {
    for (first, second, and, or) in [
        (250, 250, ("pass", "b"), ("pass", "a")),
        (250, 550, ("550", "b"), ("pass", "a")),
        (550, 250, ("550", "a"), ("pass", "b")),
        (550, 551, ("550", "a"), ("550", "a")),
        (550, 450, ("550", "a"), ("450", "b")),
        (450, 550, ("450", "a"), ("450", "a")),
    ] {
        let expected = |(reply, by): (&str, &str)| (reply.to_owned(), by.to_owned());
        let both = says("a", first).and(says("b", second));
        assert_eq!(decide(&both).await, expected(and), "{first} and {second}");
        let either = says("a", first).or(says("b", second));
        assert_eq!(decide(&either).await, expected(or), "{first} or {second}");
    }
}

#[tokio::test]
async fn what_both_change_is_changed() {
    let both = says("a", 250).and(says("b", 250));
    let mail = smtp_core::testing::sender("x@example.net");
    let decision = both.decide(mail, facts().session().clone()).await;
    assert_eq!(decision.changes.unwrap().fields, ["X-Passed: a\r\n", "X-Passed: b\r\n"]);
}

#[tokio::test]
async fn the_contrary_of_not_knowing_is_not_knowing() {
    for (code, expected) in [(250, "553"), (550, "pass"), (450, "450")] {
        let contrary = says("a", code).not(553, "5.7.1 the other way round");
        assert_eq!(decide(&contrary).await, (expected.to_owned(), "a".to_owned()));
    }
}

#[tokio::test]
async fn a_policy_may_have_a_condition() {
    for (holds, expected) in [(true, "550"), (false, "pass")] {
        let policy = says("a", 550).when(move |_: &Mail, _: &Session| holds);
        assert_eq!(decide(&policy).await.0, expected);
    }
}

#[tokio::test]
async fn the_first_case_that_fits_decides() {
    let cases = first_match()
        .when(|mail: &Mail, _: &Session| mail.path.is_null(), says("bounces", 450))
        .when(|_: &Mail, session: &Session| session.identity().is_some(), says("users", 250))
        .otherwise(says("others", 550));
    let stack = cases.layer(deliver());
    let mut facts = facts();
    let from = |line| stack.clone().oneshot(request(line, facts.session()));
    assert_eq!(from("MAIL FROM:<>").await.unwrap().text(), "bounces");
    assert_eq!(from("MAIL FROM:<x@example.net>").await.unwrap().text(), "others");
    facts.set_identity(Identity::new("alice", "PLAIN"));
    let reply = stack.oneshot(request("MAIL FROM:<x@example.net>", facts.session())).await.unwrap();
    assert_eq!(reply.text(), "MAIL");
}

#[tokio::test]
async fn functions_are_policies_too() {
    let first = policy_fn(|_: Mail, _: Session| async { Ok(()) });
    let both = first.and(|_: Mail, _: Session| async { Err(Reply::new(550, "5.7.1 no")) });
    let (reply, by) = decide(&both).await;
    assert_eq!(reply, "550");
    assert!(by.contains("functions_are_policies_too"), "{by}");
}

#[tokio::test]
async fn the_log_says_which_one_decided() {
    let (mut log, writer) = pipe().unwrap();
    let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(writer)).with_ansi(false).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let door = says("first", 250).and(says("second", 550)).named("door");
    let unnamed = says("third", 250).and(says("fourth", 550));
    for stack in [door.layer(deliver()).boxed_clone(), unnamed.layer(deliver()).boxed_clone()] {
        stack.oneshot(request("MAIL FROM:<>", facts().session())).await.unwrap();
    }
    drop(guard);
    let mut text = String::new();
    log.read_to_string(&mut text).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].contains(r#"policy="door" decided_by="second" verb="MAIL""#), "{text}");
    assert!(lines[1].contains(r#"policy="fourth" verb="MAIL""#), "{text}");
}
