use std::time::Duration;

use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand, TlsOutcome};
use smtp_core::{BoxError, Reply, Transport, Verify};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use crate::relay::{Connect as _, NextHop};

/// Connects to a web service, within `limit`, and makes sure that it is the right one.
pub(super) async fn open(
    endpoint: &Endpoint,
    tls: Option<&dyn ClientTls>,
    limit: Duration,
) -> Result<Transport, Reply> {
    let next_hop = NextHop::new(endpoint.host.clone(), endpoint.port);
    let transport = match timeout(limit, next_hop.connect()).await {
        Ok(Ok(transport)) => transport,
        Ok(Err(error)) => {
            tracing::warn!(%error, "cannot connect to the web service");
            return Err(unreachable());
        }
        Err(_) => {
            tracing::warn!("connecting to the web service takes too long");
            return Err(unreachable());
        }
    };
    if !endpoint.tls {
        return Ok(transport);
    }
    let Some(tls) = tls else {
        tracing::error!("the web service is to be reached by https, and nobody was told to do TLS");
        return Err(Reply::new(451, "4.3.5 local configuration error, try again later"));
    };
    let secured = timeout(limit, secure(endpoint, tls, transport)).await;
    secured.unwrap_or_else(|elapsed| Err(elapsed.into())).map_err(|error| {
        tracing::warn!(%error, "no secure connection to the web service");
        Reply::new(451, "4.7.5 no secure connection to the web service")
    })
}

async fn secure(
    endpoint: &Endpoint,
    tls: &dyn ClientTls,
    transport: Transport,
) -> Result<Transport, BoxError> {
    let destination = Destination::new(endpoint.host.clone(), endpoint.port);
    let upgrade = match tls.decide(&destination, TlsDemand::Verified).await? {
        TlsDecision::Implicit(upgrade) | TlsDecision::Required(upgrade) => upgrade,
        _ => return Err("TLS is not required by what decides on it".into()),
    };
    match upgrade.upgrade(transport).await {
        Ok(upgraded) => {
            tls.outcome(&destination, TlsOutcome::Established(&upgraded.tls));
            if upgraded.tls.verify == Verify::Ok {
                return Ok(upgraded.transport);
            }
            Err("the certificate was not verified".into())
        }
        Err(error) => {
            tls.outcome(&destination, TlsOutcome::Failed(&*error));
            Err(error)
        }
    }
}

fn unreachable() -> Reply {
    Reply::new(451, "4.4.1 the web service does not answer")
}
