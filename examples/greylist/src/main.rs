//! A server that has strangers come again: whoever writes to somebody for the first time is refused with
//! 451, and let in when it tries again after a while, as mail servers do.
//!
//! Whom it knows lies in a file, so that nobody waits anew because the server was restarted. Its arguments are
//! the address, the file and the delay in seconds; none of them has to be given.

use std::time::Duration;

use smtp_server::delivery::Discard;
use smtp_server::policy::state::{SqliteState, State};
use smtp_server::policy::{GreylistLayer, RelayLayer};
use smtp_server::{BoxError, Connections, Deliver, Domain, ServerInfo, Shared, SmtpService, serve};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

fn stack(domain: Domain, state: State, delay: Duration) -> impl SmtpService + Clone {
    ServiceBuilder::new()
        .layer(GreylistLayer::new(state).delay(delay))
        .layer(RelayLayer::new().local_domains([domain.into()]))
        .service(Deliver::new(Discard))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:2525".to_owned());
    let file = arguments.next().unwrap_or_else(|| "greylist.sqlite".to_owned());
    let delay = arguments.next().map_or(Ok(300), |seconds| seconds.parse())?;
    let domain: Domain = "example.org".parse()?;
    let state = State::new(SqliteState::open(file)?);
    let socket = TcpListener::bind(address).await?;
    println!("listening on {}", socket.local_addr()?);
    let connections = Connections::new(socket, ServerInfo::new(domain.clone()));
    let stack = stack(domain, state, Duration::from_secs(delay));
    Ok(serve(connections, Shared::new(stack)).await?)
}

#[cfg(test)]
mod tests {
    use smtp_server::policy::state::in_memory;
    use smtp_server::testing::{connect, domain, transcript};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stranger_comes_again() {
        let stack = stack(domain("example.org"), in_memory(), Duration::from_secs(300));
        for (waits, reply) in [(0, "451 4.7.1 greylisted, try again in 5 minutes"), (300, "250 2.1.5 ...")] {
            tokio::time::advance(Duration::from_secs(waits)).await;
            let session = format!(
                "
                S: 220 ...
                C: EHLO mx.example.net
                S: 250*
                C: MAIL FROM:<ann@example.net>
                S: 250 2.1.0 ...
                C: RCPT TO:<joe@example.org>
                S: {reply}
                "
            );
            transcript(connect(stack.clone()), &session).await;
        }
    }
}
