//! What clients may do to a server that is not careful, and what comes of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use smtp_server::testing::{RecordingDelivery, Transcript, connect, info};
use smtp_server::{
    BoxError, Command, Connection, Deliver, DeliveryService, Message, Options, Outcomes, Reply, Request,
    Route, SmtpService,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::time::{Instant, sleep, timeout};
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower::{ServiceBuilder, ServiceExt, service_fn};

fn accepting<D: DeliveryService + Clone>(delivery: D) -> impl SmtpService + Clone {
    ServiceBuilder::new()
        .map_request(|mut request: Request| {
            if let Command::Rcpt(recipient) = &mut request.command {
                recipient.route = Some(Route::Local);
            }
            request
        })
        .service(Deliver::new(delivery))
}

/// A stack that answers the first DATA by itself, without looking at the body.
fn answering_data(reply: fn() -> Reply, delivery: RecordingDelivery) -> impl SmtpService {
    let (inner, first) = (accepting(delivery), Arc::new(AtomicBool::new(true)));
    service_fn(move |request: Request| {
        let (inner, first) = (inner.clone(), first.clone());
        async move {
            if matches!(request.command, Command::Data(_)) && first.swap(false, Ordering::Relaxed) {
                return Ok(reply());
            }
            inner.oneshot(request).await.map_err(Into::<BoxError>::into)
        }
    })
}

async fn with_envelope(client: DuplexStream) -> Transcript<DuplexStream> {
    let mut client = Transcript::new(client);
    client.play("S: 220 ...\nC: EHLO client.example\nS: 250*").await;
    client.play("C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\nS: 250 ...\nS: 250 ...").await;
    client
}

/// A connection over a transport that takes octets before its socket does, as TLS does.
#[tokio::test(start_paused = true)]
async fn replies_that_the_transport_holds_back_are_flushed_when_the_client_reads() {
    const COMMANDS: usize = 60;
    let (client, server) = tokio::io::duplex(256);
    let server = tokio::io::BufStream::with_capacity(4096, 65_536, server);
    tokio::spawn(Connection::new(server, info(), accepting(RecordingDelivery::new())));
    let (mut replies, mut commands) = tokio::io::split(client);
    let writer = tokio::spawn(async move {
        let _ = commands.write_all("NOOP\r\n".repeat(COMMANDS).as_bytes()).await;
        commands
    });
    sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    let mut text = String::new();
    while text.matches("250 2.0.0 OK").count() < COMMANDS {
        let mut piece = [0; 4096];
        let count = replies.read(&mut piece).await.unwrap();
        text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    writer.await.unwrap();
}

mod malformed_chunks {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn give_the_message_up_before_the_stack_is_called_again() {
        let one = ServiceBuilder::new()
            .layer(ConcurrencyLimitLayer::new(1))
            .service(accepting(RecordingDelivery::new()));
        let mut client = with_envelope(connect(one)).await;
        let script = "C: BDAT 5\nC: hello\\\nS: 250 ...\nC: BDAT x\nS: 501 5.5.4 ...\nS: (closed)";
        timeout(Duration::from_secs(10), client.play(script)).await.expect("an answer");
    }

    #[tokio::test]
    async fn end_the_session_where_the_line_cannot_be_read() {
        let padding = " ".repeat(600);
        for line in ["BDAT 6\\0", "bdat 6\\0LAST", "BDAT\t6", &format!("BDAT 6 {padding}LAST")] {
            let mut client = with_envelope(connect(accepting(RecordingDelivery::new()))).await;
            client.play(&format!("C: {line}\nC: NOOP\nS: 500 ...\nS: (closed)")).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn have_octets_that_are_no_commands_and_leave_no_message() {
        let delivery = RecordingDelivery::new();
        let mut client = with_envelope(connect(accepting(delivery.clone()))).await;
        client.play("C: BDAT 5\nC: hello\\\nS: 250 ...\nC: BDAT 6 LAST x\nC: NOOP\nS: 501 5.5.4 ...").await;
        client.play("C: BDAT 5 LAST\nC: world\\\nS: 503 5.5.1 ...\nC: NOOP\nS: 250 2.0.0 OK").await;
        assert!(delivery.messages().is_empty());
    }
}

mod content_is_never_commands {
    use super::*;

    #[tokio::test]
    async fn behind_a_refused_data() {
        let delivery = RecordingDelivery::new();
        let stack = answering_data(|| Reply::new(451, "4.7.1 later"), delivery.clone());
        let mut client = with_envelope(connect(stack)).await;
        client
            .play("C: DATA\nC: MAIL FROM:<x@example.org>\nC: RCPT TO:<b@example.org>\nC: DATA\nC: smuggled\nC: .")
            .await;
        client.play("S: 451 4.7.1 later\nS: (closed)").await;
        assert!(delivery.messages().is_empty());
    }

    #[tokio::test]
    async fn behind_a_data_out_of_order() {
        for line in ["DATA", "data \t", "DATA\t"] {
            let (mut client, server) = tokio::io::duplex(4096);
            tokio::spawn(Connection::new(server, info(), accepting(RecordingDelivery::new())));
            client.write_all(format!("{line}\r\nNOOP\r\n").as_bytes()).await.unwrap();
            let mut replies = String::new();
            client.read_to_string(&mut replies).await.unwrap();
            assert!(replies.contains("503 5.5.1") && !replies.contains("250"), "{replies}");
        }
    }

    #[tokio::test]
    #[cfg(debug_assertions)]
    async fn behind_a_354_of_the_stack() {
        let stack = answering_data(|| Reply::new(354, "go ahead"), RecordingDelivery::new());
        let (client, server) = tokio::io::duplex(4096);
        let served = tokio::spawn(Connection::new(server, info(), stack));
        let mut client = with_envelope(client).await;
        client.play("C: DATA\nS: (closed)").await;
        assert!(served.await.unwrap_err().is_panic());
    }
}

#[tokio::test]
async fn notes_about_a_refused_sender_do_not_stick_to_the_next_one() {
    let stack = ServiceBuilder::new()
        .map_request(|request: Request| {
            if let Command::Mail(mail) = &request.command
                && mail.to_string().contains("vip")
            {
                request.session.transaction().insert("vip");
            }
            if matches!(request.command, Command::Rcpt(_)) {
                assert_eq!(request.session.transaction().get::<&str>(), None);
            }
            request
        })
        .service(accepting(RecordingDelivery::new()));
    let mut client = Transcript::new(connect(stack));
    client.play("S: 220 ...\nC: EHLO client.example\nS: 250*").await;
    client.play("C: MAIL FROM:<vip@example.org> SIZE=99999999999\nS: 552 5.3.4 ...").await;
    client.play("C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\nS: 250 ...\nS: 250 ...").await;
}

mod time {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_message_that_trickles_in_ends_after_all() {
        let delivery = RecordingDelivery::new();
        let mut client = with_envelope(connect(accepting(delivery.clone()))).await;
        client.play("C: DATA\nS: 354 ...").await;
        for _ in 0..30 {
            client.play("C: x\\").await;
            sleep(Duration::from_secs(179)).await;
        }
        client.play("S: 421 4.4.2 ...\nS: (closed)").await;
        assert!(delivery.messages().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_stack_goes_on_between_chunks() {
        let limited = ServiceBuilder::new().layer(TimeoutLayer::new(Duration::from_secs(10)));
        let ended = Arc::new(AtomicBool::new(false));
        let guard = ended.clone();
        let delivery = limited.service(service_fn(move |mut message: Message| {
            let guard = Guard(guard.clone());
            async move {
                while let Some(chunk) = message.body.next().await {
                    chunk?;
                }
                drop(guard);
                Ok::<Outcomes, BoxError>(Reply::new(250, "2.0.0 OK").into())
            }
        }));
        let mut client = with_envelope(connect(accepting(delivery))).await;
        client.play("C: BDAT 5\nC: hello\\\nS: 250 ...").await;
        sleep(Duration::from_secs(60)).await;
        assert!(ended.load(Ordering::Relaxed));
        client.play("C: BDAT 5 LAST\nC: world\\\nS: 451 4.3.0 ...\nC: NOOP\nS: 250 2.0.0 OK").await;
    }

    struct Guard(Arc<AtomicBool>);

    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_gets_the_250_of_its_message() {
        let delivery = RecordingDelivery::new();
        let (mut client, server) = tokio::io::duplex(8);
        tokio::spawn(Connection::new(server, info(), accepting(delivery.clone())));
        let mut text = String::new();
        for (command, reply) in [
            ("", "ESMTP\r\n"),
            ("HELO c\r\n", "server.example\r\n"),
            ("MAIL FROM:<>\r\n", "sender OK\r\n"),
            ("RCPT TO:<b@c>\r\n", "recipient OK\r\n"),
            ("DATA\r\n", "<CRLF>\r\n"),
        ] {
            client.write_all(command.as_bytes()).await.unwrap();
            while !text.replace("<CR><LF>", "<CRLF>").ends_with(reply) {
                let mut piece = [0; 8];
                let count = client.read(&mut piece).await.unwrap();
                text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
            }
        }
        client.write_all(b"x\r\n.\r\nQUIT\r\n").await.unwrap();
        sleep(Duration::from_secs(30)).await;
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(delivery.messages().len(), 1);
        assert!(text.ends_with("250 2.0.0 recorded\r\n221 2.0.0 bye\r\n"), "{text}");
    }

    /// A client that always has more to say.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            let budget = std::task::ready!(tokio::task::coop::poll_proceed(cx));
            budget.made_progress();
            let room = buffer.remaining();
            buffer.put_slice(&vec![b'x'; room]);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            octets: &[u8],
        ) -> Poll<std::io::Result<usize>> {
            Poll::Ready(Ok(octets.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn a_line_without_end_is_timed_out_while_it_comes() {
        let mut options = Options::default();
        options.command_timeout = Duration::from_millis(50);
        let stack = accepting(RecordingDelivery::new());
        let connection = Connection::with_options(Endless, info(), stack, options);
        let ended = timeout(Duration::from_secs(20), connection).await.expect("an end");
        assert!(ended.unwrap_err().is_timeout());
    }
}

#[tokio::test]
async fn a_shutdown_lets_a_message_in_chunks_end() {
    let delivery = RecordingDelivery::new();
    let (client, server) = tokio::io::duplex(4096);
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
    let mut client = with_envelope(client).await;
    client.play("C: BDAT 5\nC: hello\\\nS: 250 ...").await;
    signal.send(()).unwrap();
    tokio::task::yield_now().await;
    client.play("C: BDAT 5 LAST\nC: world\\\nS: 250 2.0.0 recorded\nS: 421 4.3.2 ...\nS: (closed)").await;
    served.await.unwrap().unwrap();
    assert_eq!(delivery.messages()[0].content, b"helloworld");
}

#[tokio::test]
async fn who_hangs_up_while_a_password_is_verified_waits_no_longer() {
    let inner = accepting(RecordingDelivery::new());
    let stack = service_fn(move |request: Request| {
        let inner = inner.clone();
        async move {
            if matches!(request.command, Command::Auth(_)) {
                std::future::pending::<()>().await;
            }
            inner.oneshot(request).await.map_err(Into::<BoxError>::into)
        }
    });
    let (client, server) = tokio::io::duplex(4096);
    let served = tokio::spawn(Connection::new(server, info(), stack));
    let mut client = Transcript::new(client);
    client.play("S: 220 ...\nC: EHLO client.example\nS: 250*\nC: AUTH PLAIN AGEAYg==").await;
    drop(client);
    timeout(Duration::from_secs(20), served).await.expect("an end").unwrap().unwrap();
}

/// The future of a connection stays usable wherever it is polled from.
#[tokio::test]
async fn a_body_may_be_read_beside_the_connection_in_one_task() {
    let (sender, mut bodies) = tokio::sync::mpsc::channel(1);
    let delivery = service_fn(move |message: Message| {
        let sender = sender.clone();
        async move {
            let (done, ended) = tokio::sync::oneshot::channel::<Reply>();
            sender.send((message.body, done)).await?;
            Ok::<Outcomes, BoxError>(ended.await?.into())
        }
    });
    let (client, server) = tokio::io::duplex(1024);
    let connection = Connection::new(server, info(), accepting(delivery));
    let reader = async {
        let (mut body, done) = bodies.recv().await.expect("a message");
        let mut size = 0;
        while let Some(chunk) = body.next().await {
            size += chunk.expect("content").len();
        }
        let _ = done.send(Reply::new(250, format!("2.0.0 {size} octets")));
    };
    let talk = async {
        let mut client = with_envelope(client).await;
        client
            .play(&format!("C: DATA\nS: 354 ...\nC: {}\nC: .\nS: 250 2.0.0 502 octets", "x".repeat(500)))
            .await;
        client.play("C: QUIT\nS: 221 ...\nS: (closed)").await;
    };
    let joined: Pin<Box<dyn Future<Output = _>>> = Box::pin(async { tokio::join!(connection, reader, talk) });
    let (served, (), ()) = timeout(Duration::from_secs(20), joined).await.expect("no hang");
    served.unwrap();
}
