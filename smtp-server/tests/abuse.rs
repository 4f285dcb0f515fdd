//! Whole sessions of clients that are strangers, listed or too busy, over the driver.

use std::net::Ipv4Addr;
use std::time::Duration;

use smtp_server::auth::{AuthLayer, Verdict, verify_fn};
use smtp_server::policy::dns_list::ListLookup;
use smtp_server::policy::rate_limit::{By, Counted, Rate};
use smtp_server::policy::state::{State, in_memory};
use smtp_server::policy::{
    ConnectionLimitLayer, DnsList, DnsListLayer, GreylistLayer, HelloChecksLayer, RateLimitLayer, RelayLayer,
    UnknownRecipientsLayer, policy_fn,
};
use smtp_server::testing::{RecordingDelivery, connect, domain, transcript};
use smtp_server::{BoxError, Deliver, Recipient, Reply, Session, SmtpService};
use tower::ServiceBuilder;

/// Lists the client of all sessions here, 192.0.2.1, in one zone.
struct Table;

impl ListLookup for Table {
    async fn answers(&self, name: &str) -> Result<Vec<Ipv4Addr>, BoxError> {
        let listed = name == "1.2.0.192.bl.example";
        Ok(if listed { vec![Ipv4Addr::new(127, 0, 0, 2)] } else { Vec::new() })
    }

    async fn texts(&self, _: &str) -> Result<Vec<String>, BoxError> {
        Ok(vec!["see bl.example/192.0.2.1".to_owned()])
    }
}

/// Mail for joe and jane at example.org, and users who may log in without TLS.
macro_rules! stack {
    ($($layer:expr),*) => {
        ServiceBuilder::new()
            .layer(AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Accepted) })).allow_plaintext_without_tls())
            $(.layer($layer))*
            .layer(RelayLayer::new().local_domains([domain("example.org").into()]))
            .layer(policy_fn(residents))
            .service(Deliver::new(RecordingDelivery::new()))
    };
}

async fn residents(recipient: Recipient, session: Session) -> Result<(), Reply> {
    let known = ["<joe@example.org>", "<jane@example.org>", "<postmaster>"];
    if session.identity().is_some() || known.contains(&recipient.path.to_string().as_str()) {
        return Ok(());
    }
    Err(Reply::new(550, "5.1.1 no such user here"))
}

async fn play(stack: &(impl SmtpService + Clone), script: &str) {
    let greeted = format!("S: 220 ...\nC: EHLO client.example\nS: 250*\n{script}");
    transcript(connect(stack.clone()), &greeted).await;
}

#[tokio::test(start_paused = true)]
async fn greylisting() {
    let stack = stack!(GreylistLayer::new(in_memory()));
    let first = "
        C: MAIL FROM:<ann@example.net>
        C: RCPT TO:<joe@example.org>
        C: RCPT TO:<nobody@example.org>
        C: RCPT TO:<joe@example.com>
        C: DATA
        S: 250 2.1.0 sender OK
        S: 451 4.7.1 greylisted, try again in 5 minutes
        S: 550 5.1.1 no such user here
        S: 550 5.7.1 relaying denied for example.com
        S: 554 5.5.1 no valid recipients
    ";
    play(&stack, first).await;
    tokio::time::advance(Duration::from_secs(301)).await;
    let again = "
        C: MAIL FROM:<ann@example.net>
        C: RCPT TO:<joe@example.org>
        C: RCPT TO:<jane@example.org>
        C: DATA
        S: 250 2.1.0 sender OK
        S: 250 2.1.5 recipient OK
        S: 451 4.7.1 greylisted, try again in 5 minutes
        S: 354 ...
        C: Subject: again
        C: .
        S: 250 2.0.0 ...
    ";
    play(&stack, again).await;
    // A bounce hears it at its content, and a user never.
    let bounce = "
        C: MAIL FROM:<>
        C: RCPT TO:<joe@example.org>
        C: DATA
        S: 250 2.1.0 sender OK
        S: 250 2.1.5 recipient OK
        S: 451 4.7.1 greylisted, try again in 5 minutes
        C: RSET
        S: 250 ...
        C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
        S: 235 ...
        C: MAIL FROM:<alice@example.org>
        C: RCPT TO:<bob@example.com>
        C: DATA
        S: 250 2.1.0 sender OK
        S: 250 2.1.5 recipient OK
        S: 354 ...
        C: .
        S: 250 2.0.0 ...
    ";
    play(&stack, bounce).await;
}

#[tokio::test(start_paused = true)]
async fn lists_in_the_dns() {
    let bad = || DnsListLayer::new(Table).list(DnsList::of_addresses(domain("bl.example")));
    let listed = "
        C: MAIL FROM:<ann@example.net>
        C: RCPT TO:<joe@example.org>
        C: RCPT TO:<nobody@example.org>
        C: RCPT TO:<postmaster>
        C: DATA
        S: 250 2.1.0 sender OK
        S: 550 5.7.1 192.0.2.1 is listed by bl.example: see bl.example/192.0.2.1
        S: 550 5.1.1 no such user here
        S: 250 2.1.5 recipient OK
        S: 354 ...
        C: .
        S: 250 2.0.0 ...
        C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
        S: 235 ...
        C: MAIL FROM:<alice@example.org>
        C: RCPT TO:<joe@example.org>
        S: 250 2.1.0 sender OK
        S: 250 2.1.5 recipient OK
    ";
    play(&stack!(bad()), listed).await;
    let turned_away = "
        S: 554 5.7.1 192.0.2.1 is listed by bl.example: see bl.example/192.0.2.1
        C: EHLO client.example
        S: 503 ...
    ";
    transcript(connect(stack!(bad().at_connect())), turned_away).await;
}

#[tokio::test(start_paused = true)]
async fn rates_and_budgets() {
    let state: State = in_memory();
    let rates = RateLimitLayer::new(state.clone())
        .limit(Counted::Connections, By::Address, Rate::per_minute(3))
        .limit(Counted::Messages, By::Sender, Rate::hourly(1))
        .limit(Counted::Recipients, By::NETWORK, Rate::hourly(5));
    let stack = stack!(rates, UnknownRecipientsLayer::new(state).per_session(1), HelloChecksLayer::new());
    let busy = "
        C: MAIL FROM:<ann@example.net>
        S: 250 ...
        C: RSET
        S: 250 ...
        C: MAIL FROM:<ann@example.net>
        S: 451 4.7.0 too many messages from ann@example.net: 1 in 1 hour at most
        C: MAIL FROM:<bob@example.net>
        C: RCPT TO:<joe@example.org>
        C: RCPT TO:<a@example.org>
        C: RCPT TO:<b@example.org>
        S: 250 2.1.0 sender OK
        S: 250 2.1.5 recipient OK
        S: 550 5.1.1 no such user here
        S: 421 4.7.0 too many unknown recipients, closing connection
        S: (closed)
    ";
    play(&stack, busy).await;
    let impostor = "
        S: 220 ...
        C: EHLO server.example
        S: 250*
        C: MAIL FROM:<c@example.net>
        C: RCPT TO:<joe@example.org>
        C: RCPT TO:<jane@example.org>
        C: RCPT TO:<jane@example.org>
        S: 250 2.1.0 sender OK
        S: 550 5.7.1 you are not server.example; that is this server
        S: 550 5.7.1 you are not server.example; that is this server
        S: 451 4.7.0 too many recipients from 192.0.2.0/24: 5 in 1 hour at most
    ";
    transcript(connect(stack.clone()), impostor).await;
    play(&stack, "").await;
    let turned_away = "
        S: 421 4.7.0 too many connections from 192.0.2.1: 3 in 1 minute at most
        S: (closed)
    ";
    transcript(connect(stack), turned_away).await;
}

#[tokio::test(start_paused = true)]
async fn connections_at_once() {
    let limits = ConnectionLimitLayer::new().limit(By::Address, 2).limit(By::Account, 1);
    let stack = ServiceBuilder::new().layer(limits).service(stack!());
    let log_in = "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
    ";
    let one = transcript(connect(stack.clone()), &format!("{log_in} S: 235 ...")).await;
    let refused = "
        S: 421 4.7.0 too many connections from alice at once: 1 at most
        S: (closed)
    ";
    transcript(connect(stack.clone()), &format!("{log_in} {refused}")).await;
    let other = transcript(connect(stack.clone()), "S: 220 ...").await;
    let refused = "
        S: 421 4.7.0 too many connections from 192.0.2.1 at once: 2 at most
        S: (closed)
    ";
    transcript(connect(stack.clone()), refused).await;
    drop(other);
    transcript(one, "C: QUIT\nS: 221 ...\nS: (closed)").await;
    // The one that hung up is gone once the server has noticed.
    tokio::time::sleep(Duration::from_millis(1)).await;
    transcript(connect(stack), &format!("{log_in} S: 235 ...")).await;
}
