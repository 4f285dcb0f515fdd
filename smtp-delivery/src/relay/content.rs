use std::time::Duration;

use smtp_core::Reply;
use smtp_core::codec::DotStuffing;
use tokio::time::{Instant, timeout_at};

use super::LongLines;
use super::connection::Connection;
use super::failure::{self, Failure, refusal};
use super::rewind::Rewind;

/// How much content is collected before it is written.
const BLOCK: usize = 64 * 1024;
/// How long it is collected at most: a client may be slow, and the next hop must not take that for
/// silence (RFC 5321 section 4.5.3.2).
const PAUSE: Duration = Duration::from_secs(30);

/// Sends the content behind 354 and waits for the answer. If the body breaks, or has in it what the
/// next hop must not get, so does the connection: without the end, the next hop discards what it has
/// (RFC 5321 section 4.1.1.10).
pub(crate) async fn send(
    connection: &mut Connection,
    content: &mut Rewind,
    long_lines: LongLines,
) -> Result<Reply, Failure> {
    // An answer that is there already cannot be one to this message.
    connection.expect_silence()?;
    let seven_bit = !connection.offers.has("8BITMIME");
    let mut stuffing = DotStuffing::default().max_line(long_lines.limit());
    let mut flush_by = Instant::now() + PAUSE;
    loop {
        let Ok(chunk) = timeout_at(flush_by, content.next()).await else {
            flush(connection).await?;
            flush_by = Instant::now() + PAUSE;
            continue;
        };
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(|error| {
            connection.broken = true;
            Failure::Body(error)
        })?;
        if seven_bit && !chunk.is_ascii() {
            let refusal = failure::lacking(&connection.offers, failure::eight_bit());
            return Err(give_up(connection, refusal));
        }
        for piece in chunk.chunks(BLOCK) {
            stuffing.write(piece, &mut connection.outgoing);
            if long_lines == LongLines::Refuse && stuffing.has_divided() {
                return Err(give_up(connection, failure::long_line()));
            }
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
    content.committed = true;
    stuffing.finish(&mut connection.outgoing);
    flush(connection).await?;
    Ok(connection.reply(connection.timeouts.end_of_data).await?)
}

/// Breaks off, so that the next hop forgets what it has.
fn give_up(connection: &mut Connection, refusal: Reply) -> Failure {
    tracing::info!(%refusal, "message is not for this next hop");
    connection.broken = true;
    refusal.into()
}

/// Ends the content at once, where a next hop wants some though it refused everybody (RFC 2920
/// section 3.1). In LMTP nobody would be answered for (RFC 2033 section 4.2): that connection is given up.
pub(crate) async fn send_nothing(connection: &mut Connection) -> Result<(), Reply> {
    if connection.is_lmtp() {
        connection.broken = true;
        return Ok(());
    }
    let limit = connection.timeouts.end_of_data;
    connection.command(".", limit).await.map(drop)
}

/// What a next hop says that does not wait for the end. Success it cannot be.
pub(super) async fn given_up(connection: &mut Connection) -> Reply {
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
