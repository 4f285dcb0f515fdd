//! TLS towards the next hop. The handshake is two lines here, so that scripts can play it; real ones
//! are in the suites that meet other software.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand, TlsOutcome};
use smtp_core::{
    BoxError, BoxFuture, Recipient, Reply, ReversePath, TlsInfo, Transport, Upgrade, Upgraded, Verify,
};
use smtp_delivery::Relay;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tower::ServiceExt;

use super::next_hop::relay;
use super::{BODY, QUIT, as_text, message, message_with, outcomes_with};

const OFFERED: &str =
    "S: 220 mx\n C: EHLO server.example\n S: 250-mx\n S: 250-PIPELINING\n S: 250 STARTTLS\n";
const SHAKEN: &str = "C: STARTTLS\n S: 220 go\n C: client hello\n S: server hello\n";
const REFUSED: &str = "C: MAIL FROM:<joe@example.com>\n S: 550 5.7.1 no\n";
const NO: &str = "550 5.7.1 no";
const NOT_OFFERED: &str = "451 4.7.4 next hop offers no TLS, without which nothing is sent";
const FAILED: &str = "451 4.7.5 no secure connection to the next hop";

async fn handshake(mut transport: Transport, verify: Verify) -> Result<Upgraded, BoxError> {
    transport.write_all(b"client hello\r\n").await?;
    let mut answer = [0; 14];
    transport.read_exact(&mut answer).await?;
    if &answer != b"server hello\r\n" {
        return Err("no handshake".into());
    }
    let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128);
    tls.verify = verify;
    Ok(Upgraded { transport, tls: Arc::new(tls) })
}

fn upgrade(verify: Verify) -> Arc<dyn Upgrade> {
    Arc::new(move |transport| handshake(transport, verify))
}

/// A decision that writes down what it hears.
#[derive(Clone)]
struct Policy(TlsDecision, Arc<Mutex<Vec<String>>>);

impl Policy {
    fn new(decision: TlsDecision) -> Self {
        Self(decision, Arc::default())
    }

    fn heard(&self) -> Vec<String> {
        self.1.lock().expect("no panic").clone()
    }
}

impl ClientTls for Policy {
    fn decide(&self, _: &Destination, _: TlsDemand) -> BoxFuture<Result<TlsDecision, BoxError>> {
        let decision = self.0.clone();
        Box::pin(async { Ok(decision) })
    }

    fn outcome(&self, destination: &Destination, outcome: TlsOutcome<'_>) {
        let outcome = match outcome {
            TlsOutcome::Failed(error) => format!("{destination} failed: {error}"),
            TlsOutcome::Refused(reply) => format!("{destination} refused: {reply}"),
            TlsOutcome::Established(tls) => format!("{destination} {}", tls.version),
            other => format!("{destination} {other:?}"),
        };
        self.1.lock().expect("no panic").push(outcome);
    }
}

/// What becomes of a message, and what the policy hears.
async fn run(decision: TlsDecision, script: &str) -> (Vec<String>, Vec<String>) {
    let policy = Policy::new(decision);
    let outcomes = outcomes_with(|relay| relay.tls(policy.clone()), message(BODY), script).await;
    (outcomes, policy.heard())
}

#[tokio::test(start_paused = true)]
async fn nothing_learnt_before_the_handshake_holds_after_it() {
    for decision in
        [TlsDecision::IfOffered(upgrade(Verify::Not)), TlsDecision::Required(upgrade(Verify::Not))]
    {
        // PIPELINING was offered before.
        let script = format!("{OFFERED}{SHAKEN} C: EHLO server.example\n S: 250 mx\n {REFUSED}{QUIT}");
        let (outcomes, heard) = run(decision, &script).await;
        assert_eq!((outcomes[0].as_str(), heard[0].as_str()), (NO, "next hop:25 TLSv1.3"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_offer_it_depends_on_the_policy() {
    let plain = "S: 220 mx\n C: EHLO server.example\n S: 250 mx\n";
    let helo = "S: 220 mx\n C: EHLO server.example\n S: 500 what\n C: HELO server.example\n S: 250 mx\n";
    for hello in [plain, helo] {
        let if_offered = TlsDecision::IfOffered(upgrade(Verify::Not));
        let (outcomes, heard) = run(if_offered, &format!("{hello}{REFUSED}{QUIT}")).await;
        assert_eq!((outcomes[0].as_str(), heard[0].as_str()), (NO, "next hop:25 NotOffered"));
        let required = TlsDecision::Required(upgrade(Verify::Not));
        let (outcomes, heard) = run(required, &format!("{hello}{QUIT}")).await;
        assert_eq!((outcomes[0].as_str(), heard[0].as_str()), (NOT_OFFERED, "next hop:25 NotOffered"));
    }
    let (outcomes, heard) =
        run(TlsDecision::Never, &format!("{OFFERED}C: MAIL FROM:<joe@example.com>\n close")).await;
    assert!(outcomes[0].starts_with("451 4.4.2") && heard.is_empty(), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn an_offer_that_is_not_kept_is_no_reason_to_go_on_without() {
    for (rest, told) in [
        (format!("C: STARTTLS\n S: 454 4.7.0 not now\n {QUIT}"), "refused: 454 4.7.0 not now"),
        (format!("C: STARTTLS\n S: 502 what\n {QUIT}"), "refused: 502 what"),
        (
            "C: STARTTLS\n S: 220 go\n C: client hello\n S~ 220 mx ready\\r\\n\n".to_owned(),
            "failed: no handshake",
        ),
        ("C: STARTTLS\n S: 220 go\n C: client hello\n close".to_owned(), "failed: early eof"),
    ] {
        let decision = TlsDecision::IfOffered(upgrade(Verify::Not));
        let (outcomes, heard) = run(decision, &format!("{OFFERED}{rest}")).await;
        assert_eq!(outcomes, [FAILED], "{rest}");
        assert_eq!(heard, [format!("next hop:25 {told}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn plain_text_behind_the_reply_to_starttls_ends_the_connection() {
    // What was injected must not pass for a reply within TLS. Not even QUIT is sent.
    for injected in ["250-mx\\r\\n250 AUTH PLAIN\\r\\n", "2", "\\r\\n"] {
        let script = format!("{OFFERED} C: STARTTLS\n S~ 220 go\\r\\n{injected}\n");
        let (outcomes, heard) = run(TlsDecision::IfOffered(upgrade(Verify::Not)), &script).await;
        assert_eq!(outcomes, [FAILED], "{injected}");
        assert_eq!(heard, ["next hop:25 failed: plain text in front of the handshake"]);
    }
    let script = format!("{OFFERED} C: STARTTLS\n S: 220-go\n S: 250 on\n");
    let (outcomes, _) = run(TlsDecision::IfOffered(upgrade(Verify::Not)), &script).await;
    assert_eq!(outcomes, ["451 4.5.0 malformed reply from the next hop"]);
}

#[tokio::test(start_paused = true)]
async fn tls_may_begin_with_the_connection() {
    let decision = || TlsDecision::Implicit(upgrade(Verify::Not));
    let script = format!(
        "C: client hello\n S: server hello\n S: 220 mx\n C: EHLO server.example\n S: 250-mx\n
        S: 250 STARTTLS\n {REFUSED}{QUIT}"
    );
    assert_eq!(run(decision(), &script).await.0, [NO]);
    let (outcomes, heard) = run(decision(), "S~ 220 mx\\r\\n not TLS\n C: client hello\n close").await;
    assert_eq!((outcomes[0].as_str(), heard.len()), (FAILED, 1));
}

#[tokio::test(start_paused = true)]
async fn without_a_decision_nothing_is_sent() {
    struct Lost;
    impl ClientTls for Lost {
        fn decide(&self, _: &Destination, _: TlsDemand) -> BoxFuture<Result<TlsDecision, BoxError>> {
            Box::pin(async { Err("the resolver is down".into()) })
        }
    }
    struct Late;
    impl ClientTls for Late {
        fn decide(&self, _: &Destination, _: TlsDemand) -> BoxFuture<Result<TlsDecision, BoxError>> {
            Box::pin(std::future::pending())
        }
    }
    let unused = || Relay::over(|| async { panic!("nobody is connected to") });
    for relay in [unused().tls(Lost), unused().tls(Late)] {
        assert_eq!(as_text(&relay.oneshot(message(BODY)).await.unwrap()), [FAILED]);
    }
}

/// One who knows the outcome, whatever goes wrong.
struct Strict(TlsDecision);

impl ClientTls for Strict {
    fn decide(&self, _: &Destination, _: TlsDemand) -> BoxFuture<Result<TlsDecision, BoxError>> {
        let decision = self.0.clone();
        Box::pin(async move {
            match decision {
                TlsDecision::Never => Err(Reply::new(503, "5.7.0 no TLS").into()),
                decision => Ok(decision),
            }
        })
    }

    fn not_offered(&self, _: &Destination) -> Option<Reply> {
        Some(Reply::new(503, "5.7.0 not offered"))
    }
}

#[tokio::test(start_paused = true)]
async fn who_decides_on_tls_may_know_the_outcome() {
    let unmet = || -> Arc<dyn Upgrade> {
        Arc::new(|_: Transport| async { Err(BoxError::from(Reply::new(503, "5.7.0 too weak"))) })
    };
    for (decision, script, expected) in [
        (
            TlsDecision::Required(unmet()),
            format!("S: 220 mx\n C: EHLO server.example\n S: 250 mx\n {QUIT}"),
            "503 5.7.0 not offered",
        ),
        (
            TlsDecision::Required(unmet()),
            format!("{OFFERED} C: STARTTLS\n S: 220 go\n close"),
            "503 5.7.0 too weak",
        ),
    ] {
        let found = outcomes_with(|relay| relay.tls(Strict(decision)), message(BODY), &script).await;
        assert_eq!(found, [expected]);
    }
    let unused = Relay::over(|| async { panic!("nobody is connected to") });
    let outcomes = unused.tls(Strict(TlsDecision::Never)).oneshot(message(BODY)).await;
    assert_eq!(as_text(&outcomes.unwrap()), ["503 5.7.0 no TLS"]);
}

#[tokio::test(start_paused = true)]
async fn a_web_server_that_is_silent_keeps_no_mail_back_for_ever() {
    /// Who waits for a minute, as RFC 8461 section 3.3 has it, and then decides without.
    struct Slow;
    impl ClientTls for Slow {
        fn decide(&self, _: &Destination, _: TlsDemand) -> BoxFuture<Result<TlsDecision, BoxError>> {
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(65)).await;
                Ok(TlsDecision::Never)
            })
        }
    }
    let script = format!("S: 220 mx\n C: EHLO server.example\n S: 250 mx\n {REFUSED}{QUIT}");
    assert_eq!(outcomes_with(|relay| relay.tls(Slow), message(BODY), &script).await, [NO]);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_its_time() {
    let (relay, _next_hop) = relay(&format!("{OFFERED} C: STARTTLS\n S: 220 go\n hang"));
    let start = Instant::now();
    let outcomes = relay.tls(TlsDecision::IfOffered(upgrade(Verify::Not))).oneshot(message(BODY)).await;
    assert_eq!(as_text(&outcomes.unwrap()), [FAILED]);
    assert_eq!(start.elapsed().as_secs(), Duration::from_mins(1).as_secs());
}

#[tokio::test(start_paused = true)]
async fn requiretls_wants_a_verified_server_that_keeps_it_up() {
    let not_verified = "550 5.7.10 next hop is not secure enough for this message";
    let unsupported = "550 5.7.30 next hop does not support REQUIRETLS";
    let within = |offer: &str, rest: &str| {
        format!("{OFFERED}{SHAKEN} C: EHLO server.example\n S: 250-mx\n S: 250 {offer}\n {rest}{QUIT}")
    };
    let mail = "C: MAIL FROM:<joe@example.com> REQUIRETLS\n S: 550 5.7.1 no\n";
    for (decision, script, expected) in [
        (TlsDecision::Never, format!("{OFFERED}{QUIT}"), not_verified),
        (
            TlsDecision::IfOffered(upgrade(Verify::Ok)),
            format!("S: 220 mx\n C: EHLO server.example\n S: 250 mx\n {QUIT}"),
            not_verified,
        ),
        (TlsDecision::IfOffered(upgrade(Verify::Fail)), within("REQUIRETLS", ""), not_verified),
        (TlsDecision::IfOffered(upgrade(Verify::Not)), within("REQUIRETLS", ""), not_verified),
        (TlsDecision::IfOffered(upgrade(Verify::Ok)), within("SIZE", ""), unsupported),
        (TlsDecision::IfOffered(upgrade(Verify::Ok)), within("REQUIRETLS", mail), NO),
        (
            TlsDecision::Implicit(upgrade(Verify::Not)),
            format!(
                "C: client hello\n S: server hello\n S: 220 mx\n C: EHLO server.example\n
                S: 250-mx\n S: 250 REQUIRETLS\n {QUIT}"
            ),
            not_verified,
        ),
    ] {
        let message = message_with(&["REQUIRETLS"], BODY);
        let found = outcomes_with(|relay| relay.tls(decision.clone()), message, &script).await;
        assert_eq!(found, [expected], "{decision:?} {script}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_notification_is_not_lost_for_want_of_requiretls() {
    let mail = |parameter: &str| format!("C: MAIL FROM:<>{parameter}\n S: 550 5.7.1 no\n");
    let within = |offer: &str, rest: &str| {
        format!("{OFFERED}{SHAKEN} C: EHLO server.example\n S: 250-mx\n S: 250 {offer}\n {rest}{QUIT}")
    };
    for (verify, script) in [
        (Verify::Ok, within("REQUIRETLS", &mail(" REQUIRETLS"))),
        (Verify::Ok, within("SIZE", &mail(""))),
        // Nobody would promise what has not been kept up so far.
        (Verify::Fail, within("REQUIRETLS", &mail(""))),
        (Verify::Not, format!("S: 220 mx\n C: EHLO server.example\n S: 250 mx\n {}{QUIT}", mail(""))),
    ] {
        let mut message = message_with(&["REQUIRETLS"], BODY);
        Arc::make_mut(&mut message.envelope).sender.path = ReversePath::Null;
        let decision = TlsDecision::IfOffered(upgrade(verify));
        assert_eq!(outcomes_with(|relay| relay.tls(decision), message, &script).await, [NO], "{script}");
    }
}

/// One who wants more for one recipient than for others.
struct ForEach;

impl ClientTls for ForEach {
    fn decide(&self, _: &Destination, _: TlsDemand) -> BoxFuture<Result<TlsDecision, BoxError>> {
        Box::pin(async { Ok(TlsDecision::Never) })
    }

    fn check_recipient(
        &self,
        destination: &Destination,
        recipient: &Recipient,
        tls: Option<&TlsInfo>,
    ) -> Result<(), Reply> {
        assert_eq!((&*destination.host, tls), ("next hop", None));
        if recipient.to_string().starts_with("<jim@") {
            return Err(Reply::new(454, "4.7.0 STARTTLS required"));
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_recipient_may_want_more_than_the_others() {
    let script = "S: 220 mx\n C: EHLO server.example\n S: 250 mx\n C: MAIL FROM:<joe@example.com>\n S: 250 ok\n \
                  C: RCPT TO:<jane@example.org>\n S: 550 5.1.1 nobody\n C: QUIT\n S: 221 bye\n";
    let outcomes = outcomes_with(|relay| relay.tls(ForEach), message(BODY), script).await;
    assert_eq!(outcomes, ["550 5.1.1 nobody", "454 4.7.0 STARTTLS required"]);
}
