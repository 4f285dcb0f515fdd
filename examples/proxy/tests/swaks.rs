//! swaks, the proxy, and a server behind it.

use std::process::Command;

use peers::{listening, swaks};
use smtp_server::policy::{RelayLayer, policy_fn};
use smtp_server::testing::{RecordingDelivery, domain};
use smtp_server::{Connections, Deliver, Recipient, Reply, ServerInfo, Session, Shared, serve};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

#[tokio::test]
async fn the_server_behind_answers_itself() {
    let delivery = RecordingDelivery::new();
    let stack = ServiceBuilder::new()
        .layer(policy_fn(|recipient: Recipient, _: Session| async move {
            let known = recipient.to_string().starts_with("<joe@");
            if known { Ok(()) } else { Err(Reply::new(550, "5.1.1 the old server knows nobody else")) }
        }))
        .layer(RelayLayer::new().local_domains([domain("example.org").into()]))
        .service(Deliver::new(delivery.clone()));
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let old = socket.local_addr().expect("it is bound").to_string();
    let connections = Connections::new(socket, ServerInfo::new(domain("old.example.org")));
    tokio::spawn(async move { serve(connections, Shared::new(stack)).await });

    let session = tokio::task::spawn_blocking(move || {
        let mut proxy = Command::new(env!("CARGO_BIN_EXE_proxy"));
        let (_server, address) = listening(proxy.args(["127.0.0.1:0", &old, "example.org"]));
        let to = "joe@example.org,jim@example.org,ann@example.net";
        swaks(&address, &["--from", "alice@example.com", "--to", to, "--body", ".hello"], b"")
    });
    let session = session.await.expect("no panic");
    session.says("<** 550 5.1.1 the old server knows nobody else");
    session.says("<** 550 5.7.1 ");
    session.says("<-  250 2.0.0 recorded");
    let messages = delivery.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].envelope.recipients.len(), 1);
    let content = String::from_utf8_lossy(&messages[0].content);
    assert!(content.starts_with("Received: from client.example"), "{content}");
    assert!(content.contains("\r\n.hello\r\n"), "{content}");
}
