//! BDAT and DATA are one body: RFC 3030.

use smtp_server::testing::{RecordingDelivery, Transcript, connect, transcript};
use smtp_server::{
    BoxError, Command, Deliver, DeliveryService, Message, Outcomes, Reply, Request, Route, SmtpService,
};
use tokio::io::DuplexStream;
use tower::{ServiceBuilder, service_fn};

fn accepting<D: DeliveryService + Clone>(delivery: D) -> impl SmtpService + Clone {
    ServiceBuilder::new()
        .map_request(|mut request: Request| {
            if let Command::Rcpt(recipient) = &mut request.command {
                recipient.route = Some(Route::Local);
            }
            request
        })
        .service(Deliver::new(delivery).max_message_size(1000))
}

const ENVELOPE: &str = "
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    S: 250 2.1.0 sender OK
    S: 250 2.1.5 recipient OK
";

async fn session<D: DeliveryService + Clone>(delivery: D) -> Transcript<DuplexStream> {
    let client =
        transcript(connect(accepting(delivery)), "S: 220 ...\nC: HELO client.example\nS: 250 ...").await;
    let mut transcript = Transcript::new(client);
    transcript.play(ENVELOPE).await;
    transcript
}

#[tokio::test]
async fn chunks_make_one_message_with_the_octets_that_were_sent() {
    for write_size in [1, 7, usize::MAX] {
        let delivery = RecordingDelivery::new();
        let mut client = session(delivery.clone()).await.write_size(write_size);
        client
            .play(
                r"
                C: BDAT 11
                C: a\r\n.\r\n..b\r\n\
                S: 250 2.0.0 11 octets received
                C: NOOP
                S: 250 2.0.0 OK
                C: BDAT 0
                C: BDAT 4 LAST
                C: QUIT\
                S: 250 2.0.0 0 octets received
                S: 250 2.0.0 recorded
                C: NOOP
                S: 250 2.0.0 OK
                ",
            )
            .await;
        assert_eq!(delivery.messages()[0].content, b"a\r\n.\r\n..b\r\nQUIT");
    }
}

#[tokio::test]
async fn an_empty_last_chunk_ends_the_message() {
    let delivery = RecordingDelivery::new();
    let mut client = session(delivery.clone()).await;
    client.play("C: BDAT 0 LAST\nS: 250 2.0.0 recorded\nC: BDAT 0 LAST\nS: 503 5.5.1 ...").await;
    assert_eq!(delivery.messages()[0].content, b"");
}

#[tokio::test]
async fn a_line_ending_may_be_divided_but_not_bare() {
    let delivery = RecordingDelivery::new();
    let mut client = session(delivery.clone()).await;
    client.play("C: BDAT 2\nC: a\\r\\\nS: 250 ...\nC: BDAT 2 LAST\nC: \\nb\\\nS: 250 2.0.0 recorded").await;
    client.play(ENVELOPE).await;
    client.play("C: BDAT 3\nC: a\\nb\\\nS: 554 5.6.0 ...\nC: BDAT 1 LAST\nC: x\\\nS: 503 5.5.1 ...").await;
    client.play(ENVELOPE).await;
    client.play("C: BDAT 2 LAST\nC: a\\r\\\nS: 554 5.6.0 ...\nC: NOOP\nS: 250 2.0.0 OK").await;
    assert_eq!(delivery.messages().len(), 1);
}

#[tokio::test]
async fn a_chunk_without_an_envelope_is_swallowed_and_refused() {
    let client = connect(accepting(RecordingDelivery::new()));
    transcript(client, "S: 220 ...\nC: BDAT 6\nC: QUIT\nS: 503 5.5.1 ...\nC: NOOP\nS: 250 2.0.0 OK").await;
}

#[tokio::test]
async fn rset_gives_the_message_up() {
    let delivery = RecordingDelivery::new();
    let mut client = session(delivery.clone()).await;
    client.play("C: BDAT 1\nC: a\\\nS: 250 ...\nC: RSET\nS: 250 2.0.0 OK\nC: BDAT 1 LAST\nC: b\\\nS: 503 5.5.1 ...").await;
    client.play(ENVELOPE).await;
    client.play("C: BDAT 1\nC: a\\\nS: 250 ...\nC: DATA\nS: 503 5.5.1 ...").await;
    assert!(delivery.messages().is_empty());
}

#[tokio::test]
async fn a_refusal_comes_with_the_first_chunk() {
    let refusing =
        service_fn(|_: Message| async { Err::<Outcomes, BoxError>(Reply::new(550, "5.7.1 no").into()) });
    let mut client = session(refusing).await;
    client.play("C: BDAT 6\nC: QUIT\nC: BDAT 6 LAST\nC: QUIT\nS: 550 5.7.1 no\nS: 503 5.5.1 ...").await;
}

#[tokio::test]
async fn the_size_limit_holds_over_all_chunks() {
    let delivery = RecordingDelivery::new();
    let mut client = session(delivery.clone()).await;
    let chunk = format!("C: BDAT 600\nC: {}\\\n", "x".repeat(600));
    client.play(&format!("{chunk}S: 250 ...\n{chunk}S: 552 5.3.4 ...\nC: NOOP\nS: 250 2.0.0 OK")).await;
    assert!(delivery.messages().is_empty());
}
