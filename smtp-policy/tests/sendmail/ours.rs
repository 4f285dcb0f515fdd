//! The same map in a stack of this crate's layers.

use std::net::Ipv4Addr;
use std::sync::Arc;

use smtp_core::testing::{domain, request};
use smtp_core::{
    BoxError, BoxSmtpService, Capabilities, Capability, Command, ConnectionInfo, Peer, Reply, Request,
    SessionFacts, TlsInfo,
};
use smtp_policy::access_map::{AccessMapLayer, DelayChecks};
use smtp_policy::state::in_memory;
use smtp_policy::{AccessMap, ConnectionLimitLayer, RateLimitLayer, RelayLayer};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

use crate::dialogue::{Answer, OFFERS};

/// The layers, and what they remember.
pub(crate) struct Ours(BoxSmtpService);

pub(crate) fn map() -> AccessMap {
    AccessMap::from_text(include_str!("access")).unwrap_or_else(|error| panic!("{error}"))
}

impl Ours {
    pub(crate) fn new(delay: Option<DelayChecks>) -> Self {
        let local = || [domain("local.example").into()];
        let access = AccessMapLayer::new(map()).local_domains(local()).mark_quarantined();
        let access = match delay {
            Some(which) => access.delay_checks(which),
            None => access,
        };
        let stack = ServiceBuilder::new()
            .layer(ConnectionLimitLayer::new().access_map(map()))
            .layer(RateLimitLayer::new(in_memory()).access_map(map()))
            .layer(access)
            .layer(RelayLayer::new().local_domains(local()).access_map(map()))
            .service(service_fn(deliver));
        Self(BoxSmtpService::new(stack))
    }

    /// A client from there.
    pub(crate) fn connect(&self, from: Ipv4Addr) -> Client {
        let info = ConnectionInfo::new(Peer::Ip((from, 25_000).into()), domain("server.example"));
        Client { stack: self.0.clone(), facts: SessionFacts::new(info), offers: Vec::new() }
    }

    /// What a client from there is told.
    pub(crate) async fn talk(&self, from: Ipv4Addr, lines: &[&str]) -> Vec<Answer> {
        let mut client = self.connect(from);
        let mut answers = vec![client.say("").await];
        if answers[0].0 != 421 {
            for line in lines {
                answers.push(client.say(line).await);
            }
        }
        answers
    }
}

/// What is below the layers.
async fn deliver(request: Request) -> Result<Reply, BoxError> {
    Ok(match request.command {
        Command::Connect => Reply::new(220, "server.example"),
        Command::Rcpt(recipient) if recipient.route.is_none() => Reply::new(550, "5.7.1 no route"),
        Command::Ehlo(_) => {
            let mut reply = Reply::new(250, "server.example");
            OFFERS.iter().for_each(|keyword| reply.capabilities_mut().insert(Capability::new(*keyword)));
            reply
        }
        _ => Reply::new(250, "2.0.0 ok"),
    })
}

/// A session.
pub(crate) struct Client {
    stack: BoxSmtpService,
    facts: SessionFacts,
    /// What was offered in the answer to EHLO.
    pub(crate) offers: Vec<String>,
}

impl Client {
    /// As behind STARTTLS.
    pub(crate) fn set_tls(&mut self, tls: TlsInfo) {
        self.facts.set_tls(Arc::new(tls));
    }

    /// One command, with what the driver notes of its reply.
    pub(crate) async fn say(&mut self, line: &str) -> Answer {
        let facts = &mut self.facts;
        let asked = request(line, facts.session());
        let reply = self.stack.clone().oneshot(request(line, facts.session())).await;
        let mut reply = reply.unwrap_or_else(|error| panic!("{line}: {error}"));
        match asked.command {
            Command::Ehlo(hello) => {
                let offered = |keyword: &&&str| reply.capabilities_mut().get(keyword).is_some();
                self.offers = OFFERS.iter().filter(offered).map(|keyword| (*keyword).to_owned()).collect();
                facts.set_hello(hello, Capabilities::new());
            }
            Command::Rset | Command::Data(_) => facts.end_transaction(),
            Command::Mail(mail) if reply.is_positive() => facts.start_transaction(mail),
            Command::Rcpt(recipient) if reply.is_positive() => facts.add_recipient(recipient),
            _ => {}
        }
        Answer::of(&reply.to_string())
    }
}
