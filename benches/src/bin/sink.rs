//! The server under test: a real stack that accepts mail for `example.org` and drops it. Prints
//! its address on the first line and serves until it is killed.

use std::time::Duration;

use smtp_server::auth::{AuthLayer, Verdict, verify_fn};
use smtp_server::delivery::{Discard, ReceivedLayer};
use smtp_server::policy::{RelayLayer, policy_fn};
use smtp_server::tls::{SelfSigned, ServerTls, StartTlsLayer};
use smtp_server::{
    BoxError, Connections, Deliver, Domain, Mail, Recipient, Reply, ServerInfo, Session, Shared, serve,
};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

const MAX_CONNECTIONS: usize = 20_000;
const MAX_MESSAGE: u64 = 1 << 30;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let local: Domain = "example.org".parse()?;
    let issued = SelfSigned::generate(&["example.org"])?;
    let tls = ServerTls::from_pem(issued.certificate_pem.as_bytes(), issued.key_pem.expose())?;
    let users = verify_fn(|login, _| async move { Ok(Verdict::from(login.name == "alice")) });
    let delivery = ServiceBuilder::new().layer(ReceivedLayer::new()).service(Discard);
    let stack = ServiceBuilder::new()
        .layer(TimeoutLayer::new(Duration::from_secs(300)))
        .layer(ConcurrencyLimitLayer::new(MAX_CONNECTIONS))
        .layer(StartTlsLayer::new(tls))
        // So that measuring AUTH needs no handshake.
        .layer(AuthLayer::new(users).allow_plaintext_without_tls())
        .layer(policy_fn(sender_has_a_domain))
        .layer(policy_fn(recipient_is_no_literal))
        .layer(RelayLayer::new().local_domains([local.clone().into()]))
        .service(Deliver::new(delivery).max_message_size(MAX_MESSAGE));
    let connections = Connections::new(listener, ServerInfo::new(local));
    Ok(serve(connections, Shared::new(stack))
        .max_connections(MAX_CONNECTIONS)
        .max_connections_per_client(MAX_CONNECTIONS)
        .await?)
}

async fn sender_has_a_domain(mail: Mail, _: Session) -> Result<(), Reply> {
    match mail.path.mailbox() {
        Some(mailbox) if mailbox.domain().is_none() => Err(Reply::new(550, "5.7.1 no address literals here")),
        _ => Ok(()),
    }
}

async fn recipient_is_no_literal(recipient: Recipient, _: Session) -> Result<(), Reply> {
    match recipient.path.mailbox() {
        Some(mailbox) if mailbox.domain().is_none() => Err(Reply::new(550, "5.7.1 no address literals here")),
        _ => Ok(()),
    }
}
