//! A proxy in front of an old server: it takes mail for one domain, and passes each command on while the
//! client waits, so that the old server answers itself. What it never learnt is done here: limits for a
//! session, the strict reading of lines, a `Received` field, an end of loops.
//!
//! ```text
//! proxy 127.0.0.1:2525 old.example.org:25 example.org
//! ```

use std::env::args;

use smtp_server::delivery::{HopLimitLayer, Proxy, ReceivedLayer, Relay};
use smtp_server::policy::{RelayLayer, SessionLimitsLayer};
use smtp_server::{BoxError, Connections, Deliver, Domain, ServerInfo, Shared, SmtpService, serve};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

fn stack(domain: Domain, old: Relay) -> impl SmtpService + Clone {
    let proxy = Proxy::new(old);
    let delivery = ServiceBuilder::new().layer(HopLimitLayer::new()).layer(ReceivedLayer::new());
    ServiceBuilder::new()
        .layer(SessionLimitsLayer::new())
        .layer(RelayLayer::new().relay_domains([domain.into()]))
        .layer(proxy.clone())
        .service(Deliver::new(delivery.service(proxy)))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = args().skip(1);
    let (Some(address), Some(old), Some(domain)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: proxy ADDRESS:PORT HOST:PORT DOMAIN".into());
    };
    let (host, port) = old.rsplit_once(':').ok_or("the old server's port is missing")?;
    let domain: Domain = domain.parse()?;
    let socket = TcpListener::bind(address).await?;
    println!("listening on {}", socket.local_addr()?);
    let connections = Connections::new(socket, ServerInfo::new(domain.clone()));
    let old = Relay::to(host, port.parse()?);
    Ok(serve(connections, Shared::new(stack(domain, old))).await?)
}
