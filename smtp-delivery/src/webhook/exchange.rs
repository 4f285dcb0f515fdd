use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use hyper::client::conn::http1::handshake;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use smtp_core::{BoxError, Transport};
use tokio::time::{Instant, sleep_until};

use super::content::{Content, Progress};

/// Sends a request and gives the response, whose body nobody wants.
///
/// The service has `limit` to take each piece of the message, and again to respond.
pub(super) async fn run(
    transport: Transport,
    request: Request<Content>,
    limit: Duration,
) -> Result<Response<()>, BoxError> {
    let progress = request.body().progress();
    let exchange = pin!(exchange(transport, request));
    let late = pin!(late(progress, limit));
    match select(exchange, late).await {
        Either::Left((response, _)) => response,
        Either::Right(((), _)) => Err("the web service takes too long".into()),
    }
}

async fn exchange(transport: Transport, request: Request<Content>) -> Result<Response<()>, BoxError> {
    let (mut sender, connection) = handshake(TokioIo::new(transport)).await?;
    let response = pin!(sender.send_request(request));
    // The connection lives as long as this exchange; nothing goes on behind it.
    let response = match select(response, pin!(connection)).await {
        Either::Left((response, _)) => response,
        Either::Right((ended, response)) => {
            // Who closes in the middle may have said why.
            let response = response.await;
            if response.is_err() {
                ended?;
            }
            response
        }
    };
    Ok(response?.map(drop))
}

/// Returns when the service has not moved for so long.
async fn late(progress: Progress, limit: Duration) {
    loop {
        // Who waits for the client sees to it that this does not take for ever.
        let moved = progress.moved().unwrap_or_else(Instant::now);
        if moved.elapsed() >= limit {
            return;
        }
        sleep_until(moved + limit).await;
    }
}
