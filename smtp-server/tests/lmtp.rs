//! LMTP (RFC 2033) from the same stack: LHLO, and one reply for each recipient.

use std::future::IntoFuture as _;
use std::process::Command;

use smtp_server::testing::{RecordingDelivery, Transcript, connect_with, domain, info};
use smtp_server::{
    BodyError, Connections, Deliver, DeliveryService, Dialect, Message, Outcomes, Reply, Request, Route,
    ServerInfo, Shared, SmtpService, serve,
};
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};

fn accepting<D: DeliveryService + Clone>(delivery: D) -> impl SmtpService + Clone {
    ServiceBuilder::new()
        .map_request(|mut request: Request| {
            if let smtp_server::Command::Rcpt(recipient) = &mut request.command {
                recipient.route = Some(Route::Local);
            }
            request
        })
        .service(Deliver::new(delivery).max_message_size(100))
}

/// A delivery that has no room for `full@...`.
async fn full_for_some(mut message: Message) -> Result<Outcomes, BodyError> {
    while let Some(chunk) = message.body.next().await {
        chunk?;
    }
    let outcome = |recipient: &smtp_server::Recipient| {
        if recipient.to_string().starts_with("<full@") {
            Reply::new(452, "4.2.2 mailbox full")
        } else {
            Reply::new(250, "2.0.0 delivered")
        }
    };
    Ok(Outcomes::Each(message.envelope.recipients.iter().map(outcome).collect()))
}

async fn session<D: DeliveryService + Clone>(delivery: D) -> Transcript<DuplexStream> {
    let stack = accepting(delivery);
    let mut client = Transcript::new(connect_with(info().dialect(Dialect::Lmtp), stack));
    client.play("S: 220 server.example LMTP\nC: LHLO client.example\nS: 250*").await;
    client
}

const ENVELOPE: &str = "
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: RCPT TO:<full@example.org>
    C: RCPT TO:<c@example.org>
    S: 250 ...
    S: 250 ...
    S: 250 ...
    S: 250 ...
";

#[tokio::test]
async fn each_recipient_has_a_reply_of_its_own() {
    let mut client = session(service_fn(full_for_some)).await;
    client.play(ENVELOPE).await;
    let replies = "S: 250 2.0.0 delivered\nS: 452 4.2.2 mailbox full\nS: 250 2.0.0 delivered\n";
    client.play(&format!("C: DATA\nS: 354 ...\nC: hello\nC: .\n{replies}")).await;
    client.play(ENVELOPE).await;
    client
        .play(&format!("C: BDAT 3\nC: one\\\nS: 250 2.0.0 3 octets received\nC: BDAT 0 LAST\n{replies}"))
        .await;
    client.play("C: QUIT\nS: 221 ...\nS: (closed)").await;
}

/// Python's own client: two recipients get the message, and it hears why the third does not.
#[tokio::test]
async fn a_client_of_another_make_gets_along() {
    const SCRIPT: &str = "
import smtplib, sys
client = smtplib.LMTP('127.0.0.1', int(sys.argv[1]))
client.ehlo_or_helo_if_needed()
client.mail('a@example.org')
for recipient in ['b@example.org', 'full@example.org', 'c@example.org']:
    assert client.rcpt(recipient)[0] == 250
# data() reads one reply, though the protocol has one for each recipient.
codes = [client.data('hello')[0], client.getreply()[0], client.getreply()[0]]
assert codes == [250, 452, 250], codes
assert client.quit()[0] == 221
";
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let connections = Connections::new(socket, ServerInfo::new(domain("server.example")).lmtp());
    tokio::spawn(serve(connections, Shared::new(accepting(service_fn(full_for_some)))).into_future());
    let client = tokio::task::spawn_blocking(move || {
        Command::new("python3").args(["-c", SCRIPT, &port]).output().expect("python3; ci/test.sh installs it")
    });
    let output = client.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn one_outcome_for_all_is_told_to_each() {
    let mut client = session(RecordingDelivery::new()).await;
    client.play(ENVELOPE).await;
    let each = "S: 250 2.0.0 recorded\n".repeat(3);
    client.play(&format!("C: DATA\nS: 354 ...\nC: hello\nC: .\n{each}C: NOOP\nS: 250 2.0.0 OK")).await;
}

#[tokio::test]
async fn what_is_wrong_with_the_content_is_told_to_each() {
    let mut client = session(RecordingDelivery::new()).await;
    client.play(ENVELOPE).await;
    let each = "S: 554 5.6.0 ...\n".repeat(3);
    client.play(&format!("C: DATA\nS: 354 ...\nC: bare\\nline\nC: .\n{each}C: NOOP\nS: 250 2.0.0 OK")).await;
    client.play(ENVELOPE).await;
    let each = "S: 552 5.3.4 ...\n".repeat(3);
    client.play(&format!("C: DATA\nS: 354 ...\nC: {}\nC: .\n{each}", "x".repeat(200))).await;
}

#[tokio::test]
async fn nobody_is_told_success_for_a_content_that_is_wrong() {
    let careless = service_fn(|mut message: Message| async move {
        while let Some(Ok(_)) = message.body.next().await {}
        let delivered = || Reply::new(250, "2.0.0 delivered");
        let outcomes = vec![delivered(), Reply::new(452, "4.2.2 mailbox full"), delivered()];
        Ok::<_, BodyError>(Outcomes::Each(outcomes))
    });
    let mut client = session(careless).await;
    client.play(ENVELOPE).await;
    let each = "S: 452 4.2.2 mailbox full\n".repeat(3);
    client.play(&format!("C: DATA\nS: 354 ...\nC: bare\\nline\nC: .\n{each}C: NOOP\nS: 250 2.0.0 OK")).await;
}

#[tokio::test]
async fn a_refusal_before_the_content_is_one_reply() {
    let refusing = service_fn(|_: Message| async {
        Err::<Outcomes, _>(smtp_server::BoxError::from(Reply::new(451, "4.3.0 later")))
    });
    let mut client = session(refusing).await;
    client.play(ENVELOPE).await;
    client.play("C: DATA\nS: 451 4.3.0 later\nC: NOOP\nS: 250 2.0.0 OK").await;
}

#[tokio::test]
async fn the_greetings_of_smtp_are_not_taken() {
    let stack = accepting(RecordingDelivery::new());
    let mut client = Transcript::new(connect_with(info().dialect(Dialect::Lmtp), stack.clone()));
    client.play("S: 220 ...\nC: EHLO client.example\nS: 500 5.5.2 this is LMTP, send LHLO").await;
    client.play("C: HELO client.example\nS: 500 ...\nC: MAIL FROM:<>\nS: 503 ...").await;
    let mut client = Transcript::new(connect_with(info(), stack));
    client.play("S: 220 ...\nC: LHLO client.example\nS: 500 5.5.2 this is SMTP, send EHLO").await;
}

#[tokio::test]
async fn without_recipients_there_is_no_data() {
    let mut client = session(RecordingDelivery::new()).await;
    client.play("C: MAIL FROM:<>\nS: 250 ...\nC: DATA\nS: 503 5.5.1 no valid recipients").await;
}
