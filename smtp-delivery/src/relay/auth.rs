//! AUTH from the client's side (RFC 4954).
//!
//! Nothing that a next hop says in an exchange is shown to anybody but its codes: there are servers that
//! repeat the line which they do not understand, and in that line are credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use smtp_core::client::{AuthExchange, AuthOffer, ClientAuth, Destination};
use smtp_core::{BoxError, Reply, Secret};
use tokio::time::timeout;

use super::connection::Connection;
use super::failure;

/// The longest AUTH command, without CRLF: a longer initial response waits for a challenge (RFC 4954
/// section 4).
const MAX_COMMAND: usize = 510;
/// The longest line of a response, without CRLF (RFC 4954 section 4).
const MAX_RESPONSE: usize = smtp_core::codec::MAX_AUTH_LINE - 2;
/// The most challenges in one exchange. No mechanism has more than three.
const MAX_CHALLENGES: usize = 10;

/// Logs in, where there is something to log in with.
pub(super) async fn log_in(
    connection: &mut Connection,
    auth: &dyn ClientAuth,
    destination: &Destination,
) -> Result<(), Reply> {
    let mut offer = AuthOffer::new(destination.clone(), connection.offers.mechanisms().to_vec());
    offer.tls.clone_from(&connection.tls);
    let begun = timeout(connection.timeouts.auth, auth.begin(offer)).await;
    let mut exchange = match begun.unwrap_or_else(|elapsed| Err(elapsed.into())) {
        Ok(None) => return Ok(()),
        Ok(Some(exchange)) => exchange,
        Err(error) => {
            tracing::warn!(%error, "cannot log in at the next hop");
            return Err(failure::not_authenticated());
        }
    };
    let exchange = &mut *exchange;
    let mut answer = begin(connection, exchange).await?;
    let mut challenges = 0;
    while answer.code() == 334 && challenges < MAX_CHALLENGES {
        answer = match respond(exchange, answer.text()).await {
            Ok(response) => connection.secret(&response, connection.timeouts.auth).await?,
            Err(error) => return Err(cancel(connection, exchange, &error).await),
        };
        challenges += 1;
    }
    conclude(connection, exchange, &answer)
}

/// Sends the command, and the initial response if there is one.
async fn begin(connection: &mut Connection, exchange: &mut dyn AuthExchange) -> Result<Reply, Reply> {
    let limit = connection.timeouts.auth;
    let mechanism = exchange.mechanism().to_owned();
    let command = format!("AUTH {mechanism}");
    let Some(response) = initial_response(exchange)? else {
        return connection.command(&command, limit).await;
    };
    if command.len() + 1 + response.expose().len() <= MAX_COMMAND {
        let line = [command.as_bytes(), b" ", response.expose()].concat();
        return connection.secret(&Secret::new(line), limit).await;
    }
    let answer = connection.command(&command, limit).await?;
    if answer.code() == 334 { connection.secret(&response, limit).await } else { Ok(answer) }
}

/// The initial response as it is written: `=` stands for an empty one.
fn initial_response(exchange: &mut dyn AuthExchange) -> Result<Option<Secret>, Reply> {
    let response = exchange.initial_response().and_then(|response| response.map(encode).transpose());
    match response {
        Ok(Some(response)) if response.expose().is_empty() => Ok(Some("=".into())),
        Ok(response) => Ok(response),
        Err(error) => {
            tracing::warn!(%error, mechanism = exchange.mechanism(), "cannot log in at the next hop");
            Err(failure::not_authenticated())
        }
    }
}

async fn respond(exchange: &mut dyn AuthExchange, challenge: &str) -> Result<Secret, BoxError> {
    let challenge = BASE64.decode(challenge.trim_end()).map_err(|_| "the challenge is not base64")?;
    encode(exchange.respond(&challenge).await?)
}

fn encode(response: Secret) -> Result<Secret, BoxError> {
    let length = base64::encoded_len(response.expose().len(), true).filter(|&length| length <= MAX_RESPONSE);
    // As long as it will be: what grows leaves copies behind.
    let mut encoded = vec![0; length.ok_or("the response is too long")?];
    BASE64.encode_slice(response.expose(), &mut encoded)?;
    drop(response);
    Ok(Secret::new(encoded))
}

/// Ends an exchange in which the server does not do its part.
async fn cancel(connection: &mut Connection, exchange: &mut dyn AuthExchange, error: &BoxError) -> Reply {
    tracing::warn!(%error, mechanism = exchange.mechanism(), "next hop breaks the exchange of AUTH");
    // Whatever it answers, we are not in.
    match connection.command("*", connection.timeouts.auth).await {
        Ok(_) => failure::not_authenticated(),
        Err(broken) => broken,
    }
}

fn conclude(
    connection: &mut Connection,
    exchange: &mut dyn AuthExchange,
    answer: &Reply,
) -> Result<(), Reply> {
    let mechanism = exchange.mechanism().to_owned();
    if answer.code() != 235 {
        // Whatever waits for another response is left waiting.
        connection.broken |= answer.code() == 334;
        let (code, status) = (answer.code(), answer.status().map(tracing::field::display));
        tracing::warn!(%code, status, mechanism, "next hop does not let us log in");
        return Err(failure::not_authenticated());
    }
    if let Err(error) = exchange.finish() {
        tracing::warn!(%error, mechanism, "next hop says that we are in, and has not shown that it knows us");
        return Err(failure::not_authenticated());
    }
    tracing::debug!(mechanism, "logged in at the next hop");
    connection.authenticated = true;
    Ok(())
}
