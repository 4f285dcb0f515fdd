//! The driver's options: what a site may want to be different.

use std::time::Duration;

use smtp_server::codec::BareLineEndings;
use smtp_server::testing::{RecordingDelivery, Transcript, info};
use smtp_server::{BoxError, Command, Connection, Deliver, Options, Reply, Request, Route, SmtpService};
use tokio::io::DuplexStream;
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

fn accepting(delivery: RecordingDelivery) -> impl SmtpService + Clone {
    ServiceBuilder::new()
        .map_request(|mut request: Request| {
            if let Command::Rcpt(recipient) = &mut request.command {
                recipient.route = Some(Route::Local);
            }
            request
        })
        .service(Deliver::new(delivery).max_line_length(1000))
}

fn connect(stack: impl SmtpService, change: impl FnOnce(&mut Options)) -> Transcript<DuplexStream> {
    let mut options = Options::default();
    change(&mut options);
    let (client, server) = tokio::io::duplex(64 * 1024);
    tokio::spawn(Connection::with_options(server, info(), stack, options));
    Transcript::new(client)
}

const ENVELOPE: &str = "
    S: 220 ...
    C: EHLO client.example
    S: 250*
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    S: 250 ...
    S: 250 ...";

#[tokio::test]
async fn bare_line_endings_are_made_whole_where_a_site_wants_that() {
    for content in [
        r"C: DATA
          S: 354 ...
          C: a\n.\nMAIL FROM:<evil@example.org>\r.\rb
          C: .",
        r"C: BDAT 4
          C: a\n.\n\
          S: 250 ...
          C: BDAT 34 LAST
          C: MAIL FROM:<evil@example.org>\r.\rb\r\n\",
    ] {
        let delivery = RecordingDelivery::new();
        let mut client = connect(accepting(delivery.clone()), |options| {
            options.bare_line_endings = BareLineEndings::Normalise;
        });
        client.play(ENVELOPE).await;
        client.play(content).await;
        client.play("S: 250 ...\nC: QUIT\nS: 221 ...\nS: (closed)").await;
        let messages = delivery.messages();
        assert_eq!(messages.len(), 1);
        let whole = "a\r\n.\r\nMAIL FROM:<evil@example.org>\r\n.\r\nb\r\n";
        assert_eq!(String::from_utf8_lossy(&messages[0].content), whole);
    }
}

#[tokio::test]
async fn lines_have_a_length() {
    let delivery = RecordingDelivery::new();
    let mut client = connect(accepting(delivery.clone()), |_| {});
    client.play(ENVELOPE).await;
    let line = "x".repeat(998);
    client.play(&format!("C: DATA\nS: 354 ...\nC: {line}\nC: .\nS: 250 ...")).await;
    client.play("C: MAIL FROM:<>\nC: RCPT TO:<b@example.org>\nS: 250 ...\nS: 250 ...").await;
    client
        .play(&format!("C: DATA\nS: 354 ...\nC: {line}x\nC: .\nS: 554 5.6.0 ...\nC: NOOP\nS: 250 ..."))
        .await;
    assert_eq!(delivery.messages().len(), 1);
}

fn delayed(options: &mut Options) {
    options.greeting_delay = Duration::from_secs(5);
}

#[tokio::test(start_paused = true)]
async fn who_talks_before_the_greeting_is_refused() {
    let begin = Instant::now();
    let mut client = connect(accepting(RecordingDelivery::new()), delayed);
    client.play("C: EHLO client.example\nS: 554 5.5.1 wait for the greeting\nS: (closed)").await;
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_greeted() {
    let begin = Instant::now();
    let mut client = connect(accepting(RecordingDelivery::new()), delayed);
    client.play("S: 220 ...\nC: NOOP\nS: 250 ...").await;
    assert!(begin.elapsed() >= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_stack_may_greet_all_the_same() {
    let mut inner = accepting(RecordingDelivery::new());
    let stack = service_fn(move |request: Request| {
        let greet = matches!(&request.command, Command::Invalid(error) if error.kind() == smtp_server::SyntaxErrorKind::BeforeGreeting);
        let answer = inner.call(request);
        async move {
            if greet {
                Ok(Reply::new(220, "in a hurry?"))
            } else {
                answer.await.map_err(Into::<BoxError>::into)
            }
        }
    });
    let mut client = connect(stack, delayed);
    client.play("C: NOOP\nS: 220 in a hurry?\nS: 250 ...").await;
}

/// Sends a line every `pause`, `lines` times, and then the end.
async fn send_slowly(min_data_rate: u32, pause: Duration, lines: usize, answer: &str) -> usize {
    let delivery = RecordingDelivery::new();
    let mut client = connect(accepting(delivery.clone()), |options| options.min_data_rate = min_data_rate);
    client.play(ENVELOPE).await;
    client.play("C: DATA\nS: 354 ...").await;
    for _ in 0..lines {
        client.play(&format!("C: {}", "x".repeat(98))).await;
        sleep(pause).await;
    }
    client.play(&format!("C: .\nS: {answer} ...")).await;
    delivery.messages().len()
}

#[tokio::test(start_paused = true)]
async fn a_message_has_a_pace() {
    // 100 octets in two seconds, twice as long as they may take; 180 seconds are for free.
    let two = Duration::from_secs(2);
    assert_eq!(send_slowly(100, two, 170, "250").await, 1);
    assert_eq!(send_slowly(100, two, 190, "421 4.4.2").await, 0);
    assert_eq!(send_slowly(50, two, 1000, "250").await, 1);
    assert_eq!(send_slowly(0, two, 1000, "250").await, 1);
}

#[tokio::test(start_paused = true)]
async fn the_servers_own_time_is_not_the_clients() {
    let delivery = RecordingDelivery::new();
    let slow = {
        let delivery = delivery.clone();
        service_fn(move |mut message: smtp_server::Message| {
            let delivery = delivery.clone();
            async move {
                let mut content = Vec::new();
                while let Some(chunk) = message.body.next().await {
                    content.extend_from_slice(&chunk?);
                    sleep(Duration::from_secs(100)).await;
                }
                message.body = content.into();
                delivery.oneshot(message).await.map_err(Into::<BoxError>::into)
            }
        })
    };
    let stack = ServiceBuilder::new()
        .map_request(|mut request: Request| {
            if let Command::Rcpt(recipient) = &mut request.command {
                recipient.route = Some(Route::Local);
            }
            request
        })
        .service(Deliver::new(slow));
    let mut client = connect(stack, |_| {});
    client.play(ENVELOPE).await;
    client.play("C: DATA\nS: 354 ...").await;
    for _ in 0..10 {
        client.play("C: x").await;
        sleep(Duration::from_secs(1)).await;
    }
    client.play("C: .\nS: 250 ...").await;
    assert_eq!(delivery.messages().len(), 1);
}
