use smtp_core::{Host, Reply, Transport};

use super::Timeouts;
use super::connection::Connection;
use super::failure;

/// What the next hop offered in its answer to EHLO, as far as it matters here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Offers {
    pub(super) pipelining: bool,
    pub(super) size: bool,
    pub(super) eight_bit: bool,
}

impl Offers {
    fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines().skip(1) {
            let keyword = line.split(' ').next().unwrap_or_default();
            let is = |name: &str| keyword.eq_ignore_ascii_case(name);
            offers.pipelining |= is("PIPELINING");
            offers.size |= is("SIZE");
            offers.eight_bit |= is("8BITMIME");
        }
        offers
    }
}

/// Waits for the greeting and greets by EHLO, or by HELO if the next hop knows nothing else (RFC
/// 5321 section 3.2). What is negotiated before the first message belongs here.
pub(super) async fn open(transport: Transport, name: &Host, timeouts: Timeouts) -> Result<Connection, Reply> {
    let mut connection = Connection::new(transport, timeouts);
    let Some(refusal) = greet(&mut connection, name).await? else {
        return Ok(connection);
    };
    tracing::warn!(%refusal, "next hop refuses the session");
    connection.quit().await;
    Err(failure::no_service())
}

/// The reply by which the next hop refuses the session, if it does.
async fn greet(connection: &mut Connection, name: &Host) -> Result<Option<Reply>, Reply> {
    let limit = connection.timeouts.hello;
    let greeting = connection.reply(connection.timeouts.greeting).await?;
    if greeting.code() != 220 {
        return Ok(Some(greeting));
    }
    let answer = connection.command(&format!("EHLO {name}"), limit).await?;
    if answer.is_positive() {
        connection.offers = Offers::read(&answer);
        return Ok(None);
    }
    if !answer.is_permanent() {
        return Ok(Some(answer));
    }
    let answer = connection.command(&format!("HELO {name}"), limit).await?;
    Ok(Some(answer).filter(|answer| !answer.is_positive()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_offered() {
        let reply = Reply::new(250, "PIPELINING is my name\nsize 1000\n8bitmime\nSIZES\nX-PIPELINING");
        let offers = Offers { pipelining: false, size: true, eight_bit: true };
        assert_eq!(Offers::read(&reply), offers);
        let all = Reply::new(250, "mx\nPIPELINING\nSIZE\n8BITMIME");
        assert_eq!(Offers::read(&all), Offers { pipelining: true, size: true, eight_bit: true });
    }
}
