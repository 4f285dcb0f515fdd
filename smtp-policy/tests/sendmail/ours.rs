//! The same map in a stack of this crate's layers.

use std::net::Ipv4Addr;

use smtp_core::testing::{domain, request};
use smtp_core::{
    BoxError, Capabilities, Command, ConnectionInfo, Peer, Reply, Request, SessionFacts, SmtpService,
};
use smtp_policy::access_map::{AccessMapLayer, DelayChecks};
use smtp_policy::{AccessMap, RelayLayer};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

use crate::dialogue::Answer;

/// What a client from there is told.
pub(crate) async fn talk(delay: Option<DelayChecks>, from: Ipv4Addr, lines: &[&str]) -> Vec<Answer> {
    let stack = stack(delay);
    let mut facts =
        SessionFacts::new(ConnectionInfo::new(Peer::Ip((from, 25_000).into()), domain("server.example")));
    let greeting = say(&stack, &mut facts, "").await;
    if greeting.code() == 421 {
        return vec![answer(&greeting)];
    }
    let mut answers = vec![answer(&greeting)];
    for line in lines {
        answers.push(answer(&say(&stack, &mut facts, line).await));
    }
    answers
}

fn stack(delay: Option<DelayChecks>) -> impl SmtpService + Clone {
    let map = AccessMap::from_text(include_str!("access")).unwrap_or_else(|error| panic!("{error}"));
    let local = || [domain("local.example").into()];
    let access = AccessMapLayer::new(map.clone()).local_domains(local()).mark_quarantined();
    let access = match delay {
        Some(which) => access.delay_checks(which),
        None => access,
    };
    ServiceBuilder::new()
        .layer(access)
        .layer(RelayLayer::new().local_domains(local()).access_map(map))
        .service(service_fn(|request: Request| async move {
            Ok::<_, BoxError>(match request.command {
                Command::Connect => Reply::new(220, "server.example"),
                Command::Rcpt(recipient) if recipient.route.is_none() => Reply::new(550, "5.7.1 no route"),
                _ => Reply::new(250, "2.0.0 ok"),
            })
        }))
}

/// One command, with what the driver notes of its reply.
async fn say(stack: &(impl SmtpService + Clone), facts: &mut SessionFacts, line: &str) -> Reply {
    let asked = request(line, facts.session());
    let reply = stack.clone().oneshot(request(line, facts.session())).await;
    let reply = reply.unwrap_or_else(|_| panic!("{line}: the stack failed"));
    match asked.command {
        Command::Ehlo(hello) => facts.set_hello(hello, Capabilities::new()),
        Command::Rset | Command::Data(_) => facts.end_transaction(),
        Command::Mail(mail) if reply.is_positive() => facts.start_transaction(mail),
        Command::Rcpt(recipient) if reply.is_positive() => facts.add_recipient(recipient),
        _ => {}
    }
    reply
}

fn answer(reply: &Reply) -> Answer {
    Answer::of(&reply.to_string())
}
