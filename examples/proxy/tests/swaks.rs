//! swaks, the proxy, and a server behind it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use smtp_server::policy::{RelayLayer, policy_fn};
use smtp_server::testing::{RecordingDelivery, domain};
use smtp_server::{Connections, Deliver, Recipient, Reply, ServerInfo, Session, Shared, serve};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

/// The proxy as a process, ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the proxy in front of this server; gives its address once it listens.
fn start(old: &str) -> (Server, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_proxy"))
        .args(["127.0.0.1:0", old, "example.org"])
        .stdout(Stdio::piped())
        .spawn()
        .map(Server)
        .expect("the proxy starts");
    let mut line = String::new();
    let output = server.0.stdout.take().expect("its output is piped");
    BufReader::new(output).read_line(&mut line).expect("its first line");
    let address = line.trim().strip_prefix("listening on ").expect("its address");
    (server, address.to_owned())
}

async fn swaks(address: &str, recipients: &'static str) -> String {
    let mut command = Command::new("swaks");
    command.args(["--server", address, "--from", "alice@example.com", "--helo", "client.example"]);
    command.args(["--to", recipients, "--body", ".hello"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    String::from_utf8_lossy(&output.expect("swaks is missing; ci/test.sh installs it").stdout).into_owned()
}

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

    let (_server, address) = start(&old);
    let session = swaks(&address, "joe@example.org,jim@example.org,ann@example.net").await;
    assert!(session.contains("<** 550 5.1.1 the old server knows nobody else"), "{session}");
    assert!(session.contains("<** 550 5.7.1 "), "{session}");
    assert!(session.contains("<-  250 2.0.0 recorded"), "{session}");
    let messages = delivery.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].envelope.recipients.len(), 1);
    let content = String::from_utf8_lossy(&messages[0].content);
    assert!(content.starts_with("Received: from client.example"), "{content}");
    assert!(content.contains("\r\n.hello\r\n"), "{content}");
}
