//! A proxy: the client gets the next hop's own answer to each command.

use std::sync::{Arc, Mutex};

use smtp_server::delivery::relay::{Pool, PoolOptions};
use smtp_server::delivery::{Proxy, ReceivedLayer, Relay};
use smtp_server::policy::{RelayLayer, from_fn, policy_fn};
use smtp_server::testing::{RecordingDelivery, connect, domain, transcript};
use smtp_server::{
    BodyError, Command, Deliver, DeliveryService, Mail, Message, Outcomes, Recipient, Reply, Request,
    Session, SmtpService, Transport,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tower::{ServiceBuilder, service_fn};

/// What the next hop heard: the verbs of all connections, each behind its number.
type Heard = Arc<Mutex<Vec<String>>>;

/// A next hop with opinions of its own, and what it heard.
fn next_hop<D: DeliveryService + Clone + Sync>(delivery: D) -> (Relay, Heard) {
    let heard = Heard::default();
    let all = heard.clone();
    let count = Arc::new(Mutex::new(0));
    let relay = Relay::over(move || {
        let number = {
            let mut count = count.lock().expect("no panic");
            *count += 1;
            *count
        };
        let all = all.clone();
        let stack = ServiceBuilder::new()
            .map_request(move |request: Request| {
                let verb = request.command.verb();
                all.lock().expect("no panic").push(format!("{number} {verb}").trim().to_owned());
                request
            })
            .layer(policy_fn(|mail: Mail, _: Session| async move {
                let bad = mail.to_string().starts_with("<bad@");
                if bad { Err(Reply::new(550, "5.7.1 next hop blocks the sender")) } else { Ok(()) }
            }))
            .layer(policy_fn(|recipient: Recipient, _: Session| async move {
                match recipient.to_string() {
                    to if to.starts_with("<bad@") => {
                        Err(Reply::new(550, "5.1.1 next hop knows no such user"))
                    }
                    to if to.starts_with("<grey@") => Err(Reply::new(450, "4.7.1 next hop is not sure")),
                    to if to.starts_with("<leave@") => Err(Reply::new(421, "4.3.2 next hop goes")),
                    _ => Ok(()),
                }
            }))
            .layer(RelayLayer::new().local_domains([domain("example.net").into()]))
            .service(Deliver::new(delivery.clone()));
        let connection = connect(stack);
        async { Ok(Transport::new(connection)) }
    });
    (relay.name(domain("proxy.example")), heard)
}

fn policies() -> RelayLayer {
    RelayLayer::new()
        .local_domains([domain("example.org").into()])
        .relay_domains([domain("example.net").into()])
}

fn stack(relay: Relay) -> impl SmtpService + Clone {
    let proxy = Proxy::new(relay);
    ServiceBuilder::new()
        .layer(policies())
        .layer(proxy.clone())
        .service(Deliver::new(ServiceBuilder::new().layer(ReceivedLayer::new()).service(proxy)))
}

fn client(relay: Relay) -> DuplexStream {
    connect(stack(relay))
}

fn heard(heard: &Heard) -> Vec<String> {
    heard.lock().expect("no panic").clone()
}

#[tokio::test]
async fn each_command_has_the_answer_of_the_next_hop() {
    let delivery = RecordingDelivery::new();
    let (relay, verbs) = next_hop(delivery.clone());
    transcript(
        client(relay),
        "
        S: 220 server.example ESMTP
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<bad@example.com>
        S: 550 5.7.1 next hop blocks the sender
        C: RCPT TO:<jane@example.net>
        S: 503 5.5.1 ...
        C: MAIL FROM:<joe@example.com> BODY=8BITMIME
        C: RCPT TO:<jane@example.net>
        C: RCPT TO:<bad@example.net>
        C: RCPT TO:<grey@example.net>
        C: RCPT TO:<jim@elsewhere.example>
        C: RCPT TO:<jim@example.net>
        C: DATA
        S: 250 2.1.0 sender OK
        S: 250 2.1.5 recipient OK
        S: 550 5.1.1 next hop knows no such user
        S: 450 4.7.1 next hop is not sure
        S: 550 5.7.1 ...
        S: 250 2.1.5 recipient OK
        S: 354 ...
        C: Subject: hello
        C:
        C: ..
        C: world
        C: .
        S: 250 2.0.0 recorded
        C: MAIL FROM:<joe@example.com>
        C: RSET
        C: MAIL FROM:<ann@example.com>
        C: RCPT TO:<jim@example.net>
        C: DATA
        S: 250 ...
        S: 250 ...
        S: 250 ...
        S: 250 ...
        S: 354 ...
        C: again
        C: .
        S: 250 2.0.0 recorded
        C: QUIT
        S: 221 ...
        S: (closed)
        ",
    )
    .await;
    let messages = delivery.messages();
    assert_eq!(messages.len(), 2);
    let recipients: Vec<String> = messages[0].envelope.recipients.iter().map(ToString::to_string).collect();
    assert_eq!(recipients, ["<jane@example.net>", "<jim@example.net>"]);
    assert_eq!(messages[0].envelope.sender.parameters.iter().count(), 1);
    let content = String::from_utf8(messages[0].content.clone()).unwrap();
    assert!(content.starts_with("Received: from client.example"), "{content}");
    assert!(content.ends_with("\r\nSubject: hello\r\n\r\n.\r\nworld\r\n"), "{content}");
    assert_eq!(messages[1].envelope.sender.to_string(), "<ann@example.com>");
    // One connection for all of it, and nothing that nobody asked for.
    let expected = "1|1 EHLO|1 MAIL|1 RSET|1 MAIL|1 RCPT|1 RCPT|1 RCPT|1 RCPT|1 DATA|1 RSET|1 MAIL|1 RSET|\
                    1 MAIL|1 RCPT|1 DATA";
    assert_eq!(heard(&verbs).join("|").trim_end_matches("|1 QUIT"), expected);
}

#[tokio::test]
async fn content_goes_through_as_it_comes() {
    let (first, seen) = tokio::sync::oneshot::channel::<Vec<u8>>();
    let first = Arc::new(Mutex::new(Some(first)));
    let delivery = service_fn(move |mut message: Message| {
        let first = first.clone();
        async move {
            let chunk = message.body.next().await.expect("a piece")?;
            let tell = first.lock().expect("no panic").take();
            tell.map(|tell| tell.send(chunk.to_vec()));
            while let Some(chunk) = message.body.next().await {
                chunk?;
            }
            Ok::<_, BodyError>(Outcomes::from(Reply::new(250, "2.0.0 all of it")))
        }
    });
    let (relay, _) = next_hop(delivery);
    let client = transcript(
        client(relay),
        "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<joe@example.com>
        C: RCPT TO:<jane@example.net>
        C: DATA
        S: 250 ...
        S: 250 ...
        S: 354 ...
        ",
    );
    let mut client = client.await;
    // More than is collected before it is written; the client has not come to the end by far.
    client.write_all("0123456789\r\n".repeat(12_000).as_bytes()).await.unwrap();
    assert!(seen.await.unwrap().len() > 10);
    transcript(client, "C: .\n S: 250 2.0.0 all of it").await;
}

#[tokio::test]
async fn a_message_that_the_next_hop_refuses_is_refused() {
    let delivery = service_fn(|mut message: Message| async move {
        let whole = message.envelope.recipients.len() == 1;
        while whole && let Some(chunk) = message.body.next().await {
            chunk?;
        }
        Ok::<_, BodyError>(Outcomes::from(Reply::new(554, "5.7.1 next hop thinks it is spam")))
    });
    let (relay, _) = next_hop(delivery);
    transcript(
        client(relay),
        "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<joe@example.com>
        C: RCPT TO:<jane@example.net>
        C: DATA
        S: 250 ...
        S: 250 ...
        S: 354 ...
        C: buy
        C: .
        S: 554 5.7.1 next hop thinks it is spam
        C: MAIL FROM:<joe@example.com>
        C: RCPT TO:<jane@example.net>
        C: RCPT TO:<jim@example.net>
        C: DATA
        S: 250 ...
        S: 250 ...
        S: 250 ...
        S: 554 5.7.1 next hop thinks it is spam
        ",
    )
    .await;
}

#[tokio::test]
async fn a_next_hop_that_leaves_or_is_not_there_is_a_temporary_failure() {
    let (relay, _) = next_hop(RecordingDelivery::new());
    transcript(
        client(relay),
        "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<joe@example.com>
        C: RCPT TO:<leave@example.net>
        C: RCPT TO:<jane@example.net>
        S: 250 ...
        S: 451 4.3.2 next hop goes
        S: 451 4.4.2 connection to the next hop broke
        C: RSET
        C: MAIL FROM:<joe@example.com>
        C: RCPT TO:<jane@example.net>
        S: 250 ...
        S: 250 ...
        S: 250 ...
        ",
    )
    .await;
    let nobody = Relay::over(|| async { Err(std::io::ErrorKind::ConnectionRefused.into()) });
    transcript(
        client(nobody),
        "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<joe@example.com>
        S: 451 4.4.1 next hop does not answer
        ",
    )
    .await;
}

#[tokio::test]
async fn what_stays_here_is_none_of_the_next_hops_business() {
    let (local, remote) = (RecordingDelivery::new(), RecordingDelivery::new());
    let (relay, _) = next_hop(remote.clone());
    let proxy = Proxy::new(relay);
    let stack = ServiceBuilder::new()
        .layer(policies())
        .layer(proxy.clone())
        .service(Deliver::new(smtp_server::delivery::ByRoute::new(local.clone(), proxy)));
    transcript(
        connect(stack),
        "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<joe@example.com>
        C: RCPT TO:<bad@example.org>
        C: RCPT TO:<jane@example.net>
        C: DATA
        S: 250 ...
        S: 250 ...
        S: 250 ...
        S: 354 ...
        C: hello
        C: .
        S: 250 2.0.0 recorded
        ",
    )
    .await;
    let of = |delivery: &RecordingDelivery| delivery.messages()[0].envelope.recipients[0].to_string();
    assert_eq!((of(&local), of(&remote)), ("<bad@example.org>".to_owned(), "<jane@example.net>".to_owned()));
}

#[tokio::test]
async fn who_was_refused_out_here_gets_nothing_though_the_next_hop_accepted() {
    let delivery = RecordingDelivery::new();
    let (relay, verbs) = next_hop(delivery.clone());
    let proxy = Proxy::new(relay);
    let late = from_fn(|request: Request, next: smtp_server::policy::Next| async move {
        let jim = matches!(&request.command, Command::Rcpt(to) if to.to_string().starts_with("<jim@"));
        let reply = next.run(request).await?;
        Ok(if jim { Reply::new(550, "5.7.1 not jim") } else { reply })
    });
    let stack =
        ServiceBuilder::new().layer(late).layer(policies()).layer(proxy.clone()).service(Deliver::new(proxy));
    transcript(
        connect(stack),
        "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<joe@example.com>
        C: RCPT TO:<jane@example.net>
        C: RCPT TO:<jim@example.net>
        C: DATA
        S: 250 ...
        S: 250 ...
        S: 550 5.7.1 not jim
        S: 354 ...
        C: hello
        C: .
        S: 250 2.0.0 recorded
        ",
    )
    .await;
    let messages = delivery.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].envelope.recipients.len(), 1);
    assert_eq!(messages[0].envelope.recipients[0].to_string(), "<jane@example.net>");
    assert!(heard(&verbs).contains(&"2 DATA".to_owned()), "{:?}", heard(&verbs));
}

#[tokio::test]
async fn clients_leave_their_connections_to_each_other() {
    let (relay, verbs) = next_hop(RecordingDelivery::new());
    let pool = Pool::new(PoolOptions::default());
    let stack = stack(relay.pool(pool.clone()));
    for _ in 0..2 {
        transcript(
            connect(stack.clone()),
            "
            S: 220 ...
            C: EHLO client.example
            S: 250*
            C: MAIL FROM:<joe@example.com>
            C: RCPT TO:<jane@example.net>
            C: QUIT
            S: 250 ...
            S: 250 ...
            S: 221 ...
            S: (closed)
            ",
        )
        .await;
        assert_eq!(pool.idle(), 1);
    }
    assert_eq!(heard(&verbs).join("|"), "1|1 EHLO|1 MAIL|1 RCPT|1 RSET|1 MAIL|1 RCPT");
}

#[tokio::test]
async fn a_client_that_vanishes_takes_its_message_with_it() {
    // A next hop that hears the beginning of a message, and then the end of the connection.
    let (near, far) = tokio::io::duplex(64 * 1024);
    let near = Mutex::new(Some(near));
    let relay = Relay::over(move || {
        let near = near.lock().expect("no panic").take();
        async { near.map(Transport::new).ok_or_else(|| std::io::ErrorKind::ConnectionRefused.into()) }
    });
    let next_hop = tokio::spawn(async move {
        let mut far = BufReader::new(far);
        far.write_all(b"220 mx\r\n").await.expect("somebody reads");
        let mut line = String::new();
        while !line.starts_with("DATA") {
            line.clear();
            far.read_line(&mut line).await.expect("a line");
            let answer: &[u8] = if line.starts_with("DATA") { b"354 go\r\n" } else { b"250 OK\r\n" };
            far.write_all(answer).await.expect("somebody reads");
        }
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).await.expect("octets");
        rest
    });
    let mut client = transcript(
        client(relay),
        "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<joe@example.com>
        C: RCPT TO:<jane@example.net>
        C: DATA
        S: 250 ...
        S: 250 ...
        S: 354 ...
        ",
    )
    .await;
    client.write_all("0123456789\r\n".repeat(12_000).as_bytes()).await.unwrap();
    drop(client);
    let rest = next_hop.await.unwrap();
    assert!(rest.len() > 10 && !rest.ends_with(b"\r\n.\r\n"));
}
