//! BDAT (RFC 3030), for content that DATA cannot carry.

use std::time::Duration;

use smtp_core::Reply;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::content::given_up;
use super::failure::{Failure, protocol, refusal};
use super::rewind::Rewind;

/// How much goes into one chunk.
const CHUNK: usize = 64 * 1024;
/// How long content is collected at most: a client may be slow, and the next hop must not take that
/// for silence (RFC 5321 section 4.5.3.2).
const PAUSE: Duration = Duration::from_secs(30);

/// Sends the content and gives the answer to its end. If the body breaks, so does the connection:
/// without a last chunk, the next hop discards what it has (RFC 3030 section 2).
pub(crate) async fn send(connection: &mut Connection, content: &mut Rewind) -> Result<Reply, Failure> {
    let mut waiting = Vec::new();
    let mut send_by = Instant::now() + PAUSE;
    loop {
        let Ok(chunk) = timeout_at(send_by, content.next()).await else {
            send_by = Instant::now() + PAUSE;
            if !waiting.is_empty() {
                go_on(connection, &waiting).await?;
                waiting.clear();
            }
            continue;
        };
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(|error| {
            connection.broken = true;
            Failure::Body(error)
        })?;
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            if waiting.len() == CHUNK {
                go_on(connection, &waiting).await?;
                waiting.clear();
                send_by = Instant::now() + PAUSE;
            }
            let (piece, behind) = rest.split_at(rest.len().min(CHUNK - waiting.len()));
            waiting.extend_from_slice(piece);
            rest = behind;
        }
    }
    // What is there before the last chunk is no answer to it, unless it says that the message is not wanted.
    if connection.has_spoken().await {
        connection.broken = true;
        return Err(given_up(connection).await.into());
    }
    content.committed = true;
    Ok(one(connection, &waiting, " LAST").await?)
}

/// Sends a chunk that is not the last one.
async fn go_on(connection: &mut Connection, chunk: &[u8]) -> Result<(), Reply> {
    let answer = one(connection, chunk, "").await?;
    if answer.is_positive() {
        return Ok(());
    }
    // The transaction is over, and nobody waits for the rest.
    connection.broken = true;
    Err(if answer.is_transient() || answer.is_permanent() { refusal(answer) } else { protocol() })
}

async fn one(connection: &mut Connection, chunk: &[u8], last: &str) -> Result<Reply, Reply> {
    connection.expect_silence()?;
    connection.push(format_args!("BDAT {}{last}", chunk.len()));
    connection.outgoing.extend_from_slice(chunk);
    connection.flush(connection.timeouts.block).await?;
    connection.reply(connection.timeouts.end_of_data).await
}
