//! The driver's rules, one module each, against the driver over a connection in memory.

use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use smtp_server::testing::{RecordingDelivery, Transcript, connect, info, transcript};
use smtp_server::{
    BoxError, Command, Connection, Deliver, DeliveryService, Message, Options, Outcomes, Reply, Request,
    Route, SmtpService, TlsInfo, Transport, Upgraded,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// A stack that takes every recipient as local and hands messages to `delivery`.
fn accepting<D: DeliveryService + Clone>(delivery: D) -> impl SmtpService + Clone {
    accepting_into(Deliver::new(delivery))
}

fn accepting_into<D: DeliveryService + Clone>(deliver: Deliver<D>) -> impl SmtpService + Clone {
    ServiceBuilder::new()
        .map_request(|mut request: Request| {
            if let Command::Rcpt(recipient) = &mut request.command {
                recipient.route = Some(Route::Local);
            }
            request
        })
        .service(deliver)
}

/// A delivery from a function of the message.
fn delivering<F, Fut>(function: F) -> impl DeliveryService + Clone
where
    F: Fn(Message) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<Outcomes, BoxError>> + Send + 'static,
{
    service_fn(function)
}

const TO_DATA: &str = "
    S: 220 ...
    C: HELO client.example
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    S: 250 ...
    S: 250 ...
    S: 250 ...
";

/// A client that has an envelope accepted.
async fn with_envelope(client: DuplexStream) -> Transcript<DuplexStream> {
    let mut transcript = Transcript::new(client);
    transcript.play(TO_DATA).await;
    transcript
}

mod rule_1_replies_are_coalesced {
    use super::*;

    /// Counts the writes of the server's side.
    struct Counting(DuplexStream, Arc<AtomicUsize>);

    impl tokio::io::AsyncRead for Counting {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
            buf: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::pin::Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    impl tokio::io::AsyncWrite for Counting {
        fn poll_write(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
            buf: &[u8],
        ) -> std::task::Poll<std::io::Result<usize>> {
            self.1.fetch_add(1, Ordering::Relaxed);
            std::pin::Pin::new(&mut self.0).poll_write(cx, buf)
        }

        fn poll_flush(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::pin::Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::pin::Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    #[tokio::test]
    async fn one_write_for_a_group_of_commands() {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let writes = Arc::new(AtomicUsize::new(0));
        let server = Counting(server, writes.clone());
        tokio::spawn(Connection::new(server, info(), accepting(RecordingDelivery::new())));
        transcript(
            client,
            "
            S: 220 ...
            C: EHLO client.example
            S: 250-...
            S: 250-PIPELINING
            S: 250-CHUNKING
            S: 250-ENHANCEDSTATUSCODES
            S: 250-SIZE 26214400
            S: 250-8BITMIME
            S: 250 LIMITS RCPTMAX=1000
            C: MAIL FROM:<a@example.org>
            C: RCPT TO:<b@example.org>
            C: RCPT TO:<c@example.org>
            C: NOOP
            C: DATA
            S: 250 2.1.0 sender OK
            S: 250 2.1.5 recipient OK
            S: 250 2.1.5 recipient OK
            S: 250 2.0.0 OK
            S: 354 ...
            C: hello
            C: .
            C: NOOP
            S: 250 2.0.0 recorded
            S: 250 2.0.0 OK
            ",
        )
        .await;
        // The greeting, EHLO, the envelope up to 354, the end of the data with NOOP.
        assert_eq!(writes.load(Ordering::Relaxed), 4);
    }
}

mod rule_2_only_crlf_ends {
    use super::*;

    #[tokio::test]
    async fn a_bare_line_ending_in_a_command_is_a_syntax_error() {
        transcript(
            connect(accepting(RecordingDelivery::new())),
            r"
            S: 220 ...
            C: NOOP\nNOOP
            S: 500 5.5.2 ...
            C: NOOP\rNOOP
            S: 500 5.5.2 ...
            C: NOOP
            S: 250 2.0.0 OK
            ",
        )
        .await;
    }

    #[tokio::test]
    async fn a_message_with_a_bare_line_ending_is_refused_whole() {
        for fake in [r"\n.\n", r"\n.", r"\r.\r", r"\r\n.\nMAIL FROM:<>", r"\r\r"] {
            let delivery = RecordingDelivery::new();
            let mut client = with_envelope(connect(accepting(delivery.clone()))).await;
            client
                .play(&format!("C: DATA\nS: 354 ...\nC: a{fake}\nC: MAIL FROM:<evil@example.org>\nC: .\nS: 554 5.6.0 ...\nC: NOOP\nS: 250 2.0.0 OK"))
                .await;
            assert!(delivery.messages().is_empty(), "{fake}");
        }
    }

    #[tokio::test]
    async fn a_service_that_overlooks_the_error_does_not_accept_the_message() {
        let careless = delivering(|mut message: Message| async move {
            while let Some(Ok(_)) = message.body.next().await {}
            Ok(Reply::new(250, "2.0.0 taken").into())
        });
        let mut client = with_envelope(connect(accepting(careless))).await;
        client.play("C: DATA\nS: 354 ...\nC: a\\nb\nC: .\nS: 554 5.6.0 ...").await;
    }
}

mod rule_3_starttls {
    use super::*;

    /// A stack that upgrades by the function: 220 to STARTTLS.
    fn upgrading(
        upgrade: impl Fn(Transport) -> Result<Upgraded, BoxError> + Clone + Send + Sync + 'static,
    ) -> impl SmtpService {
        let deliver = accepting(RecordingDelivery::new());
        service_fn(move |request: Request| {
            let (deliver, upgrade) = (deliver.clone(), upgrade.clone());
            async move {
                if matches!(request.command, Command::StartTls) {
                    let upgrade = move |transport| std::future::ready(upgrade(transport));
                    return Ok(Reply::new(220, "2.0.0 go ahead").and_upgrade(upgrade));
                }
                if request.session.tls().is_some() && matches!(request.command, Command::Noop) {
                    let seen = request.session.connection().get::<u8>();
                    return Ok(Reply::new(250, format!("{:?} {:?}", request.session.hello(), seen)));
                }
                request.session.connection().insert(1_u8);
                deliver.oneshot(request).await.map_err(Into::<BoxError>::into)
            }
        })
    }

    fn in_the_clear(transport: Transport) -> Result<Upgraded, BoxError> {
        Ok(Upgraded { transport, tls: Arc::new(TlsInfo::new("TLSv1.3", "NONE", 0)) })
    }

    #[tokio::test]
    async fn plaintext_behind_the_command_ends_the_session() {
        transcript(
            connect(upgrading(in_the_clear)),
            "
            S: 220 ...
            C: EHLO client.example
            C: STARTTLS
            C: MAIL FROM:<evil@example.org>
            S: 250-...
            S: 250-PIPELINING
            S: 250-CHUNKING
            S: 250-ENHANCEDSTATUSCODES
            S: 250-SIZE 26214400
            S: 250-8BITMIME
            S: 250 LIMITS RCPTMAX=1000
            S: 421 4.7.0 ...
            S: (closed)
            ",
        )
        .await;
    }

    #[tokio::test]
    async fn everything_learnt_before_is_forgotten() {
        transcript(
            connect(upgrading(in_the_clear)),
            "
            S: 220 ...
            C: HELO client.example
            S: 250 ...
            C: STARTTLS
            S: 220 2.0.0 go ahead
            C: NOOP
            S: 250 None None
            C: MAIL FROM:<>
            S: 503 5.5.1 ...
            C: STARTTLS
            S: 503 5.5.1 ...
            ",
        )
        .await;
    }

    #[tokio::test]
    async fn a_failed_handshake_closes_without_a_word() {
        let (mut client, server) = tokio::io::duplex(4096);
        let stack = upgrading(|_| Err("no common cipher".into()));
        let connection = tokio::spawn(Connection::new(server, info(), stack));
        client.write_all(b"HELO client.example\r\n").await.unwrap();
        let mut greeting = [0; 1024];
        while !greeting.windows(5).any(|w| w == b"\n250 ") {
            let _ = client.read(&mut greeting).await.unwrap();
            if greeting.starts_with(b"250 ") {
                break;
            }
        }
        client.write_all(b"STARTTLS\r\n").await.unwrap();
        let mut rest = String::new();
        client.read_to_string(&mut rest).await.unwrap();
        assert!(rest.ends_with("220 2.0.0 go ahead\r\n"), "{rest}");
        assert!(connection.await.unwrap().unwrap_err().is_handshake());
    }
}

mod rule_4_unread_bodies_are_drained {
    use super::*;

    #[tokio::test]
    async fn a_refusal_before_the_first_poll_comes_instead_of_354() {
        let refusing = delivering(|_| async { Err(Reply::new(550, "5.7.1 no").into()) });
        let mut client = with_envelope(connect(accepting(refusing))).await;
        client.play("C: DATA\nS: 550 5.7.1 no\nC: NOOP\nS: 250 2.0.0 OK").await;
    }

    #[tokio::test]
    async fn an_answer_in_the_middle_waits_for_the_end() {
        let hasty = delivering(|mut message: Message| async move {
            message.body.next().await;
            Err(Reply::new(550, "5.7.1 enough").into())
        });
        let mut client = with_envelope(connect(accepting(hasty))).await;
        client
            .play("C: DATA\nS: 354 ...\nC: one\nC: QUIT\nC: .\nS: 550 5.7.1 enough\nC: NOOP\nS: 250 2.0.0 OK")
            .await;
    }

    #[tokio::test]
    async fn an_acceptance_without_reading_still_reads() {
        let blind = delivering(|_| async { Ok(Reply::new(250, "2.0.0 fine").into()) });
        let mut client = with_envelope(connect(accepting(blind))).await;
        client.play("C: DATA\nS: 354 ...\nC: QUIT\nC: .\nS: 250 2.0.0 fine\nC: NOOP\nS: 250 2.0.0 OK").await;
    }

    #[tokio::test]
    async fn beyond_the_limit_the_connection_closes() {
        let refusing = delivering(|mut message: Message| async move {
            message.body.next().await;
            Err(Reply::new(550, "5.7.1 no").into())
        });
        let (client, server) = tokio::io::duplex(64 * 1024);
        let mut options = Options::default();
        options.drain_octets = 1000;
        tokio::spawn(Connection::with_options(server, info(), accepting(refusing), options));
        let mut client = with_envelope(client).await;
        let line = format!("C: {}\n", "x".repeat(500));
        client.play(&format!("C: DATA\nS: 354 ...\n{}S: 550 5.7.1 no\nS: (closed)", line.repeat(20))).await;
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_time_the_connection_closes() {
        let refusing = delivering(|mut message: Message| async move {
            message.body.next().await;
            Err(Reply::new(550, "5.7.1 no").into())
        });
        let mut client = with_envelope(connect(accepting(refusing))).await;
        client.play("C: DATA\nS: 354 ...\nC: and then nothing\nS: 550 5.7.1 no\nS: (closed)").await;
    }

    #[tokio::test]
    async fn a_message_too_large_is_read_and_refused() {
        let stack = accepting_into(Deliver::new(RecordingDelivery::new()).max_message_size(10));
        let mut client = with_envelope(connect(stack)).await;
        client.play("C: DATA\nS: 354 ...\nC: 12345678\nC: .\nS: 250 2.0.0 recorded").await;
        client.play("C: MAIL FROM:<>\nC: RCPT TO:<b@example.org>\nS: 250 ...\nS: 250 ...").await;
        client
            .play("C: DATA\nS: 354 ...\nC: 123456789\nC: .\nS: 552 5.3.4 ...\nC: NOOP\nS: 250 2.0.0 OK")
            .await;
    }
}

mod rule_5_order_and_syntax_pass_through_the_stack {
    use super::*;

    #[tokio::test]
    async fn a_layer_sees_what_is_invalid() {
        let invalid = Arc::new(AtomicUsize::new(0));
        let counter = invalid.clone();
        let stack = ServiceBuilder::new()
            .map_request(move |request: Request| {
                if matches!(request.command, Command::Invalid(_)) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                request
            })
            .service(accepting(RecordingDelivery::new()));
        transcript(
            connect(stack),
            "
            S: 220 ...
            C: RCPT TO:<b@example.org>
            S: 503 5.5.1 ...
            C: DATA
            S: 503 5.5.1 ...
            C: MAIL FROM:<a@example.org>
            S: 503 5.5.1 ...
            C: HELO -
            S: 501 5.5.4 ...
            C: HELO client.example
            S: 250 ...
            C: MAIL FROM: <a@example.org>
            S: 501 5.1.7 ...
            C: MAIL FROM:<a@example.org> SIZE=1
            S: 555 5.5.4 ...
            C: MAIL FROM:<a@example.org>
            S: 250 ...
            C: MAIL FROM:<a@example.org>
            S: 503 5.5.1 ...
            C: DATA
            S: 554 5.5.1 ...
            C: RCPT TO:<b>
            S: 501 5.1.3 ...
            C: \x01
            S: 500 5.5.2 ...
            C: WHAT
            S: 500 5.5.1 ...
            ",
        )
        .await;
        // WHAT is no error of syntax; it is only unknown.
        assert_eq!(invalid.load(Ordering::Relaxed), 10);
    }
}

mod rule_6_readiness_is_asked_for_with_the_command_there {
    use super::*;
    use std::task::{Context, Poll};

    #[derive(Clone)]
    struct Counted<S>(S, Arc<AtomicUsize>);

    impl<S: SmtpService> tower::Service<Request> for Counted<S> {
        type Response = Reply;
        type Error = S::Error;
        type Future = S::Future;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.poll_ready(cx)
        }

        fn call(&mut self, request: Request) -> S::Future {
            self.0.call(request)
        }
    }

    #[tokio::test]
    async fn once_for_each_command_and_never_ahead() {
        let asked = Arc::new(AtomicUsize::new(0));
        let stack = Counted(accepting(RecordingDelivery::new()), asked.clone());
        let client = transcript(connect(stack), "S: 220 ...\nC: NOOP\nS: 250 2.0.0 OK").await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        transcript(client, "C: NOO\\").await;
        tokio::task::yield_now().await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}

mod rule_7_errors_become_replies {
    use super::*;
    use tower::limit::{ConcurrencyLimitLayer, RateLimitLayer};
    use tower::load_shed::LoadShedLayer;
    use tower::timeout::TimeoutLayer;

    fn slow_noop() -> impl SmtpService {
        let deliver = accepting(RecordingDelivery::new());
        service_fn(move |request: Request| {
            let deliver = deliver.clone();
            async move {
                if matches!(request.command, Command::Noop) {
                    pending::<()>().await;
                }
                deliver.oneshot(request).await.map_err(Into::<BoxError>::into)
            }
        })
    }

    #[tokio::test(start_paused = true)]
    async fn an_elapsed_timeout_is_451() {
        let stack =
            ServiceBuilder::new().layer(TimeoutLayer::new(Duration::from_secs(5))).service(slow_noop());
        transcript(connect(stack), "S: 220 ...\nC: NOOP\nS: 451 4.3.0 ...\nC: RSET\nS: 250 2.0.0 OK").await;
    }

    #[tokio::test]
    async fn overload_is_421_and_closes() {
        let limit = ServiceBuilder::new().layer(LoadShedLayer::new()).layer(ConcurrencyLimitLayer::new(1));
        let stack = limit.service(tower::util::BoxCloneService::new(
            accepting(RecordingDelivery::new()).map_err(Into::<BoxError>::into),
        ));
        let mut holder = stack.clone();
        let (mut client, server) = tokio::io::duplex(4096);
        // Someone else holds the only place.
        std::future::poll_fn(|cx| tower::Service::<Request>::poll_ready(&mut holder, cx)).await.unwrap();
        tokio::spawn(Connection::new(server, info(), stack));
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("421 4.3.2 "), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_limit_makes_commands_wait() {
        let rate = RateLimitLayer::new(2, Duration::from_secs(10));
        let stack = ServiceBuilder::new().layer(rate).service(accepting(RecordingDelivery::new()));
        let before = tokio::time::Instant::now();
        transcript(connect(stack), "S: 220 ...\nC: NOOP\nC: NOOP\nS: 250 2.0.0 OK\nS: 250 2.0.0 OK").await;
        assert!(before.elapsed() >= Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_reply_as_an_error_is_the_reply_and_facts_stay_inside() {
        let failing = service_fn(|request: Request| async move {
            match request.command {
                Command::Connect => Ok(Reply::new(220, "hello")),
                Command::Noop => Err::<_, BoxError>(Reply::new(450, "4.2.0 later").into()),
                _ => Err("the database at 10.0.0.1 is down".into()),
            }
        });
        transcript(
            connect(failing),
            "S: 220 hello\nC: NOOP\nS: 450 4.2.0 later\nC: RSET\nS: 451 4.3.0 local error in processing",
        )
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_middleware_stacks_over_deliveries() {
        let stuck = delivering(|mut message: Message| async move {
            while message.body.next().await.is_some() {}
            pending::<Result<Outcomes, BoxError>>().await
        });
        let limited = ServiceBuilder::new()
            .layer(TimeoutLayer::new(Duration::from_secs(60)))
            .layer(LoadShedLayer::new())
            .layer(ConcurrencyLimitLayer::new(1))
            .service(stuck);
        let mut first = with_envelope(connect(accepting(limited.clone()))).await;
        first.play("C: DATA\nS: 354 ...\nC: hello\nC: .").await;
        tokio::task::yield_now().await;
        let mut second = with_envelope(connect(accepting(limited))).await;
        second.play("C: DATA\nS: 421 4.3.2 ...\nS: (closed)").await;
        first.play("S: 451 4.3.0 ...").await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_limit_over_deliveries_is_shared_through_a_buffer() {
        let rate = RateLimitLayer::new(1, Duration::from_secs(10));
        let limited = ServiceBuilder::new().buffer(8).layer(rate).service(RecordingDelivery::new());
        let before = tokio::time::Instant::now();
        for _ in 0..2 {
            let mut client = with_envelope(connect(accepting(limited.clone()))).await;
            client.play("C: DATA\nS: 354 ...\nC: hello\nC: .\nS: 250 2.0.0 recorded").await;
        }
        assert!(before.elapsed() >= Duration::from_secs(10));
    }
}

mod rule_8_silence_and_shutdown {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_between_commands_ends_with_421() {
        let before = tokio::time::Instant::now();
        let script = "S: 220 ...\nC: NOO\\\nS: 421 4.4.2 ...\nS: (closed)";
        transcript(connect(accepting(RecordingDelivery::new())), script).await;
        let waited = before.elapsed();
        assert!((Duration::from_secs(300)..Duration::from_secs(301)).contains(&waited), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_within_a_message_ends_with_421_and_no_message() {
        let delivery = RecordingDelivery::new();
        let mut client = with_envelope(connect(accepting(delivery.clone()))).await;
        let before = tokio::time::Instant::now();
        client.play("C: DATA\nS: 354 ...\nC: hello\nS: 421 4.4.2 ...\nS: (closed)").await;
        assert!(before.elapsed() >= Duration::from_secs(180));
        assert!(delivery.messages().is_empty());
    }

    async fn shut_down_after(script: &str, then: &str) -> RecordingDelivery {
        let delivery = RecordingDelivery::new();
        let (client, server) = tokio::io::duplex(64 * 1024);
        let connection = Connection::new(server, info(), accepting(delivery.clone()));
        let (signal, shutdown) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                result = &mut connection => return result,
                _ = shutdown => connection.graceful_shutdown(),
            }
            connection.await
        });
        let client = transcript(client, script).await;
        signal.send(()).expect("the connection runs");
        tokio::task::yield_now().await;
        transcript(client, then).await;
        served.await.expect("no panic").expect("an orderly end");
        delivery
    }

    #[tokio::test]
    async fn an_idle_session_is_closed_with_421() {
        shut_down_after("S: 220 ...\nC: NOOP\nS: 250 2.0.0 OK", "S: 421 4.3.2 ...\nS: (closed)").await;
    }

    #[tokio::test]
    async fn an_open_message_is_finished_first() {
        let script = format!("{TO_DATA}C: DATA\nS: 354 ...\nC: one");
        let then = "C: two\nC: .\nS: 250 2.0.0 recorded\nS: 421 4.3.2 ...\nS: (closed)";
        let delivery = shut_down_after(&script, then).await;
        assert_eq!(delivery.messages()[0].content, b"one\r\ntwo\r\n");
    }
}

mod rule_9_buffers_are_bounded {
    use super::*;

    #[tokio::test]
    async fn a_line_without_end_is_dropped_while_it_comes() {
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        tokio::spawn(Connection::new(server, info(), accepting(RecordingDelivery::new())));
        let junk = vec![b'x'; 1 << 20];
        for _ in 0..8 {
            client.write_all(&junk).await.unwrap();
        }
        transcript(client, "S: 220 ...\nC: \nS: 500 5.5.2 ...\nC: NOOP\nS: 250 2.0.0 OK").await;
    }

    #[tokio::test]
    async fn a_client_that_takes_no_replies_is_read_no_further() {
        let (mut client, server) = tokio::io::duplex(4096);
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        let stack = ServiceBuilder::new()
            .map_request(move |request: Request| {
                counter.fetch_add(1, Ordering::Relaxed);
                request
            })
            .service(accepting(RecordingDelivery::new()));
        tokio::spawn(Connection::new(server, info(), stack));
        let flood = async {
            loop {
                client.write_all(b"NOOP\r\n").await.unwrap();
            }
        };
        // The writer gets stuck once the server has stopped to read.
        let mut flood = std::pin::pin!(flood);
        for _ in 0..10_000 {
            tokio::select! {
                biased;
                () = &mut flood => {}
                () = tokio::task::yield_now() => {}
            }
        }
        assert!(calls.load(Ordering::Relaxed) < 10_000);
    }
}

mod rule_10_effects_fit_their_commands {
    use super::*;

    #[tokio::test]
    #[cfg(debug_assertions)]
    async fn an_identity_without_auth_is_a_bug() {
        let (mut client, server) = tokio::io::duplex(4096);
        let stack = service_fn(|_: Request| async {
            let identity = smtp_server::Identity::new("mallory", "NONE");
            Ok::<_, BoxError>(Reply::new(220, "hello").and_authenticate(identity))
        });
        let served = tokio::spawn(Connection::new(server, info(), stack)).await;
        assert!(served.unwrap_err().is_panic());
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    }

    #[tokio::test]
    #[cfg(not(debug_assertions))]
    async fn an_identity_without_auth_ends_the_session() {
        let stack = service_fn(|_: Request| async {
            let identity = smtp_server::Identity::new("mallory", "NONE");
            Ok::<_, BoxError>(Reply::new(220, "hello").and_authenticate(identity))
        });
        transcript(connect(stack), "S: 421 4.3.0 ...\nS: (closed)").await;
    }
}
