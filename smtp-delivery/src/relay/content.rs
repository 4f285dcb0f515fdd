use smtp_core::codec::DotStuffing;
use smtp_core::{Body, Reply};

use super::connection::Connection;
use super::failure::{Failure, refusal};

/// How much content is collected before it is written.
const BLOCK: usize = 64 * 1024;

/// Sends the content behind 354 and waits for the answer. If the body breaks, so does the
/// connection: without the end, the next hop discards what it has (RFC 5321 section 4.1.1.10).
pub(super) async fn send(connection: &mut Connection, mut body: Body) -> Result<Reply, Failure> {
    // An answer that is there already cannot be one to this message.
    connection.expect_silence()?;
    let mut stuffing = DotStuffing::default();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            connection.broken = true;
            Failure::Body(error)
        })?;
        for piece in chunk.chunks(BLOCK) {
            stuffing.write(piece, &mut connection.outgoing);
            if connection.outgoing.len() >= BLOCK {
                flush(connection).await?;
            }
        }
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
