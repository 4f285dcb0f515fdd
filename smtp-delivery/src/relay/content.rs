use std::time::Duration;

use smtp_core::codec::DotStuffing;
use smtp_core::{Body, Reply};
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::failure::{self, Failure, refusal};

/// How much content is collected before it is written.
const BLOCK: usize = 64 * 1024;
/// The longest line that every next hop takes whole, CRLF not counted (RFC 5321 section 4.5.3.1.6).
const MAX_LINE: usize = 998;
/// How long it is collected at most: a client may be slow, and the next hop must not take that for
/// silence (RFC 5321 section 4.5.3.2).
const PAUSE: Duration = Duration::from_secs(30);

/// Sends the content behind 354 and waits for the answer. If the body breaks, so does the
/// connection: without the end, the next hop discards what it has (RFC 5321 section 4.1.1.10).
pub(super) async fn send(connection: &mut Connection, mut body: Body) -> Result<Reply, Failure> {
    // An answer that is there already cannot be one to this message.
    connection.expect_silence()?;
    let mut stuffing = DotStuffing::default().max_line(MAX_LINE);
    let mut flush_by = Instant::now() + PAUSE;
    loop {
        let Ok(chunk) = timeout_at(flush_by, body.next()).await else {
            flush(connection).await?;
            flush_by = Instant::now() + PAUSE;
            continue;
        };
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(|error| {
            connection.broken = true;
            Failure::Body(error)
        })?;
        for piece in chunk.chunks(BLOCK) {
            stuffing.write(piece, &mut connection.outgoing);
            if connection.outgoing.len() >= BLOCK {
                flush(connection).await?;
                flush_by = Instant::now() + PAUSE;
            }
        }
    }
    // Nor can one that comes before the end, unless it says that the message is not wanted.
    if connection.has_spoken().await {
        connection.broken = true;
        return Err(given_up(connection).await.into());
    }
    stuffing.finish(&mut connection.outgoing);
    flush(connection).await?;
    Ok(connection.reply(connection.timeouts.end_of_data).await?)
}

/// Ends the content at once, where a next hop wants some though it refused everybody (RFC 2920
/// section 3.1).
pub(super) async fn send_nothing(connection: &mut Connection) -> Result<(), Reply> {
    let limit = connection.timeouts.end_of_data;
    connection.command(".", limit).await.map(drop)
}

/// What a next hop says that does not wait for the end. Success it cannot be.
async fn given_up(connection: &mut Connection) -> Reply {
    match connection.reply(connection.timeouts.quit).await {
        Ok(reply) if reply.is_transient() || reply.is_permanent() => refusal(reply),
        Ok(_) => failure::protocol(),
        Err(broken) => broken,
    }
}

async fn flush(connection: &mut Connection) -> Result<(), Reply> {
    let Err(broken) = connection.flush(connection.timeouts.block).await else {
        return Ok(());
    };
    // Who hangs up in the middle may have said why.
    match connection.reply(connection.timeouts.quit).await {
        Ok(reply) if reply.is_transient() || reply.is_permanent() => {
            connection.broken = true;
            Err(refusal(reply))
        }
        _ => Err(broken),
    }
}
