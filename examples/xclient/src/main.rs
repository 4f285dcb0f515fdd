//! An extension of the protocol that no crate of the framework knows: XCLIENT, by which a proxy says
//! for whom it speaks. It is one layer: a keyword in the answer to EHLO, and a verb.
//!
//! Only networks that are named may use it; to all others it does not exist.

mod attributes;
mod layer;

use smtp_server::delivery::Discard;
use smtp_server::policy::RelayLayer;
use smtp_server::{BoxError, Connections, Deliver, Domain, ServerInfo, Shared, SmtpService, serve};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

use layer::XclientLayer;

fn stack(domain: Domain, proxies: XclientLayer) -> impl SmtpService + Clone {
    ServiceBuilder::new()
        // Outside of what decides by the client's address.
        .layer(proxies)
        .layer(RelayLayer::new().local_domains([domain.into()]))
        .service(Deliver::new(Discard))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let domain: Domain = "example.org".parse()?;
    let proxies = XclientLayer::new(["127.0.0.1/32".parse()?]);
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2525".to_owned());
    let socket = TcpListener::bind(address).await?;
    println!("listening on {}", socket.local_addr()?);
    let connections = Connections::new(socket, ServerInfo::new(domain.clone()));
    Ok(serve(connections, Shared::new(stack(domain, proxies))).await?)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use smtp_server::testing::{connect_with, domain, transcript};
    use smtp_server::{ConnectionInfo, Peer};
    use tokio::io::DuplexStream;

    use super::*;

    fn client(address: [u8; 4]) -> DuplexStream {
        let peer = Peer::Ip(SocketAddr::from((address, 40_000)));
        let proxies = XclientLayer::new(["192.0.2.0/24".parse().unwrap()]);
        let stack = stack(domain("example.org"), proxies);
        connect_with(ConnectionInfo::new(peer, domain("server.example")), stack)
    }

    #[tokio::test]
    async fn a_proxy_speaks_for_a_client() {
        transcript(
            client([192, 0, 2, 1]),
            "
            S: 220 ...
            C: EHLO proxy.example
            S: 250-server.example greets proxy.example
            S: 250-PIPELINING
            S: 250-CHUNKING
            S: 250-ENHANCEDSTATUSCODES
            S: 250-SIZE ...
            S: 250-8BITMIME
            S: 250-LIMITS ...
            S: 250 XCLIENT ADDR PORT LOGIN DESTADDR DESTPORT
            C: XCLIENT ADDR=198.51.100.7 LOGIN=alice+2Bmail
            S: 220 server.example ESMTP
            # All of it is forgotten, and alice may relay.
            C: MAIL FROM:<alice@example.org>
            S: 503 5.5.1 ...
            C: EHLO client.example
            S: 250*
            C: MAIL FROM:<alice@example.org>
            C: RCPT TO:<joe@example.net>
            S: 250 ...
            S: 250 ...
            # The client is none of the proxies.
            C: XCLIENT ADDR=192.0.2.1
            S: 550 5.7.1 not for you
        ",
        )
        .await;
    }

    #[tokio::test]
    async fn others_speak_for_themselves() {
        transcript(
            client([198, 51, 100, 7]),
            "
            S: 220 ...
            C: XCLIENT ADDR=192.0.2.1
            S: 550 5.7.1 not for you
            C: EHLO client.example
            S: 250*
            C: MAIL FROM:<alice@example.org>
            C: RCPT TO:<joe@example.net>
            S: 250 ...
            S: 550 5.7.1 ...
        ",
        )
        .await;
    }

    #[tokio::test]
    async fn a_client_whose_address_is_not_known_is_not_the_proxy() {
        transcript(
            client([192, 0, 2, 1]),
            "
            S: 220 ...
            C: XCLIENT ADDR=[UNAVAILABLE]
            S: 220 ...
            C: XCLIENT LOGIN=alice
            S: 550 5.7.1 not for you
        ",
        )
        .await;
    }

    #[tokio::test]
    async fn what_is_malformed_changes_nothing() {
        transcript(
            client([192, 0, 2, 1]),
            "
            S: 220 ...
            C: XCLIENT
            S: 501 5.5.4 ...
            C: XCLIENT ADDR
            S: 501 5.5.4 ...
            C: XCLIENT ADDR=198.51.100
            S: 501 5.5.4 ...
            C: XCLIENT NAME=client.example
            S: 501 5.5.4 ...
            C: XCLIENT LOGIN=a+0Ab
            S: 501 5.5.4 ...
            C: XCLIENT PORT=99999
            S: 501 5.5.4 ...
            C: EHLO proxy.example
            S: 250*
            C: MAIL FROM:<>
            C: XCLIENT ADDR=198.51.100.7
            S: 250 ...
            S: 503 5.5.1 ...
            C: RSET
            S: 250 ...
            C: XCLIENT ADDR=IPV6:2001:db8::1 PORT=[UNAVAILABLE]
            S: 220 ...
        ",
        )
        .await;
    }
}
