//! AUTH towards the next hop, with exchanges that follow a script too. Real mechanisms are beside
//! the crate that has them.

use std::collections::VecDeque;
use std::io::Read;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use smtp_core::client::{AuthExchange, AuthOffer, ClientAuth};
use smtp_core::{BoxError, BoxFuture, Secret};

use super::{BODY, QUIT, message, message_with, outcomes_with};

const HELLO: &str =
    "S: 220 mx\n C: EHLO server.example\n S: 250-mx\n S: 250-AUTH=LOGIN\n S: 250 AUTH plain LOGIN\n";
const REFUSED: &str = "C: MAIL FROM:<joe@example.com>\n S: 550 5.7.1 no\n C: QUIT\n S: 221 bye\n";
const NO: &str = "550 5.7.1 no";
const NOT_IN: &str = "451 4.7.8 cannot log in at the next hop";

/// Says these responses, one for each challenge.
#[derive(Clone, Default)]
struct Script {
    initial: Option<Vec<u8>>,
    responses: VecDeque<&'static [u8]>,
    /// What was asked.
    challenges: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Does not believe that it is in.
    doubts: bool,
}

impl AuthExchange for Script {
    fn mechanism(&self) -> &str {
        "X"
    }

    fn initial_response(&mut self) -> Result<Option<Secret>, BoxError> {
        Ok(self.initial.take().map(Secret::new))
    }

    fn respond<'a>(
        &'a mut self,
        challenge: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Secret, BoxError>> + Send + 'a>> {
        self.challenges.lock().expect("no panic").push(challenge.to_vec());
        let response = self.responses.pop_front().ok_or_else(|| "nothing left to say".into());
        Box::pin(async { response.map(|response| Secret::new(response.to_vec())) })
    }

    fn finish(&mut self) -> Result<(), BoxError> {
        if self.doubts { Err("no proof".into()) } else { Ok(()) }
    }
}

/// Begins the script's exchange, if there is one, and notes what was offered.
struct Auth(Option<Script>, Arc<Mutex<Vec<AuthOffer>>>);

impl ClientAuth for Auth {
    fn begin(&self, offer: AuthOffer) -> BoxFuture<Result<Option<Box<dyn AuthExchange>>, BoxError>> {
        self.1.lock().expect("no panic").push(offer);
        let script = self.0.clone();
        Box::pin(async { Ok(script.map(|script| Box::new(script) as Box<dyn AuthExchange>)) })
    }
}

async fn run(script: &Script, talk: &str) -> Vec<String> {
    let auth = Auth(Some(script.clone()), Arc::default());
    outcomes_with(|relay| relay.auth(auth), message(BODY), &format!("{HELLO}{talk}")).await
}

#[tokio::test(start_paused = true)]
async fn an_exchange_has_any_number_of_steps() {
    for (initial, responses, talk) in [
        (Some(&b"secret"[..]), &[][..], "C: AUTH X c2VjcmV0\n S: 235 in\n"),
        (Some(b""), &[], "C: AUTH X =\n S: 235 in\n"),
        (None, &[&b"a"[..], b""], "C: AUTH X\n S: 334 Zmlyc3Q=\n C: YQ==\n S: 334\n C:\n S: 235 in\n"),
        (Some(b"s"), &[b"a"], "C: AUTH X cw==\n S: 334 Zmlyc3Q=\n C: YQ==\n S: 235 in\n"),
    ] {
        let script = Script {
            initial: initial.map(<[u8]>::to_vec),
            responses: responses.iter().copied().collect(),
            ..Script::default()
        };
        assert_eq!(run(&script, &format!("{talk}{REFUSED}")).await, [NO], "{talk}");
        let challenges = script.challenges.lock().unwrap();
        assert!(challenges.first().is_none_or(|challenge| challenge == b"first"), "{challenges:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_initial_response_that_is_too_long_waits_for_a_challenge() {
    let script = |length| Script { initial: Some(vec![0; length]), ..Script::default() };
    // With "AUTH X " 510 octets at most, CRLF not counted.
    let encoded = "AAAA".repeat(125);
    let talk = format!("C: AUTH X {encoded}\n S: 235 in\n {REFUSED}");
    assert_eq!(run(&script(375), &talk).await, [NO]);
    let talk = format!("C: AUTH X\n S: 334 \n C: {encoded}AAAA\n S: 235 in\n {REFUSED}");
    assert_eq!(run(&script(378), &talk).await, [NO]);
    let talk = format!("C: AUTH X\n S: 504 unknown\n {QUIT}");
    assert_eq!(run(&script(378), &talk).await, [NOT_IN]);
    assert_eq!(run(&script(9_214), QUIT).await, [NOT_IN]);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_let_in_sends_nothing() {
    let initial = Some(b"s".to_vec());
    for (answer, doubts) in [
        (format!("S: 535 5.7.8 wrong\n {QUIT}"), false),
        (format!("S: 454 4.7.0 later\n {QUIT}"), false),
        (format!("S: 250 what\n {QUIT}"), false),
        (format!("S: 235 in\n {QUIT}"), true),
        // A challenge that is none, and one that the mechanism does not know.
        (format!("S: 334 &&&\n C: *\n S: 501 cancelled\n {QUIT}"), false),
        (format!("S: 334 YQ==\n C: *\n S: 501 cancelled\n {QUIT}"), false),
        (format!("S: 334 YQ==\n C: *\n S: 235 in all the same\n {QUIT}"), false),
    ] {
        let script = Script { initial: initial.clone(), doubts, ..Script::default() };
        let talk = format!("C: AUTH X cw==\n {answer}");
        assert_eq!(run(&script, &talk).await, [NOT_IN], "{answer}");
    }
    let script = Script { initial, ..Script::default() };
    assert_eq!(run(&script, "C: AUTH X cw==\n S: 421 busy\n").await, [NOT_IN]);
    let broken = "451 4.4.2 connection to the next hop broke";
    assert_eq!(run(&script, "C: AUTH X cw==\n close").await, [broken]);
}

#[tokio::test(start_paused = true)]
async fn what_a_next_hop_repeats_of_an_exchange_is_not_shown() {
    const SECRETS: [&str; 3] = ["c2VjcmV0", "YW5vdGhlcg==", "another"];
    let refused = |answer: &str| format!("S: {answer}\n {QUIT}");
    let malformed = "451 4.5.0 malformed reply from the next hop";
    let again = "S: 334 YW5vdGhlcg==\n C: YW5vdGhlcg==\n";
    for (talk, expected) in [
        (refused("535 5.7.8 AUTH X c2VjcmV0"), NOT_IN),
        (refused("500-what is\n S: 500 AUTH X c2VjcmV0"), NOT_IN),
        (refused("250 c2VjcmV0"), NOT_IN),
        ("S: 421 c2VjcmV0\n".to_owned(), NOT_IN),
        ("S: c2VjcmV0\n".to_owned(), malformed),
        ("S: 500-x\n S: 501 AUTH X c2VjcmV0\n".to_owned(), malformed),
        (format!("{again} {}", refused("502 5.5.1 YW5vdGhlcg== is no command")), NOT_IN),
        (format!("{again} S: 334 c2VjcmV0\n C: *\n {}", refused("501 c2VjcmV0")), NOT_IN),
        (format!("S: 235 c2VjcmV0\n {REFUSED}"), NO),
    ] {
        let (mut log, writer) = std::io::pipe().unwrap();
        let subscriber =
            tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
        let subscriber = subscriber.with_writer(Mutex::new(writer)).with_ansi(false).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let responses = [&b"another"[..]].into();
        let script = Script { initial: Some(b"secret".to_vec()), responses, ..Script::default() };
        let outcomes = run(&script, &format!("C: AUTH X c2VjcmV0\n {talk}")).await;
        drop(guard);
        assert_eq!(outcomes, [expected], "{talk}");
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{talk}: {text}");
        // What is known of the refusal is.
        assert!(!talk.contains("535") || text.contains("code=535 status=5.7.8"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn challenges_without_end_have_one() {
    let script = Script { responses: [b"x".as_slice(); 100].into(), ..Script::default() };
    let talk = format!("C: AUTH X\n{} S: 334 \n", " S: 334 \n C: eA==\n".repeat(10));
    assert_eq!(run(&script, &talk).await, [NOT_IN]);
}

#[tokio::test(start_paused = true)]
async fn whoever_logs_in_is_told_what_is_offered() {
    let offers = Arc::<Mutex<Vec<AuthOffer>>>::default();
    let none = "S: 220 mx\n C: EHLO server.example\n S: 250 mx\n";
    for hello in [HELLO, none] {
        let auth = Auth(None, offers.clone());
        let talk = format!("{hello}{REFUSED}");
        assert_eq!(outcomes_with(|relay| relay.auth(auth), message(BODY), &talk).await, [NO]);
    }
    let offers = offers.lock().unwrap();
    assert_eq!(offers[0].mechanisms, ["LOGIN", "PLAIN"]);
    assert_eq!(offers[0].destination.to_string(), "next hop:25");
    assert!(offers[1].mechanisms.is_empty() && offers[1].tls.is_none());
}

#[tokio::test(start_paused = true)]
async fn who_cannot_begin_sends_nothing() {
    struct Broken;
    impl ClientAuth for Broken {
        fn begin(&self, _: AuthOffer) -> BoxFuture<Result<Option<Box<dyn AuthExchange>>, BoxError>> {
            Box::pin(async { Err("no mechanism is good enough".into()) })
        }
    }
    let talk = format!("{HELLO}{QUIT}");
    assert_eq!(outcomes_with(|relay| relay.auth(Broken), message(BODY), &talk).await, [NOT_IN]);
}

#[tokio::test(start_paused = true)]
async fn the_originator_is_told_to_who_knows_us() {
    let in_x = "C: AUTH X cw==\n S: 235 in\n";
    for (parameter, logs_in, expected) in [
        ("AUTH=joe@example.com", true, " AUTH=joe@example.com"),
        ("AUTH=<>", true, " AUTH=<>"),
        ("AUTH=joe@example.com", false, " AUTH=<>"),
    ] {
        let script = Script { initial: Some(b"s".to_vec()), ..Script::default() };
        let auth = Auth(logs_in.then_some(script), Arc::default());
        let talk = format!(
            "{HELLO}{}C: MAIL FROM:<joe@example.com>{expected}\n S: 550 5.7.1 no\n {QUIT}",
            if logs_in { in_x } else { "" }
        );
        let message = message_with(&[parameter], BODY);
        assert_eq!(outcomes_with(|relay| relay.auth(auth), message, &talk).await, [NO], "{parameter}");
    }
}
