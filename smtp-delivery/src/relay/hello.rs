use smtp_core::{Host, Reply};

use super::connection::Connection;
use super::failure;
use super::offers::Offers;

/// Waits for the greeting (RFC 5321 section 3.1).
pub(crate) async fn greeting(connection: &mut Connection) -> Result<(), Reply> {
    let greeting = connection.reply(connection.timeouts.greeting).await?;
    if greeting.code() == 220 { Ok(()) } else { Err(refused(&greeting)) }
}

/// Greets by EHLO, or by HELO if the next hop knows nothing else (RFC 5321 section 3.2). LMTP has LHLO
/// alone (RFC 2033 section 4.1).
pub(crate) async fn hello(connection: &mut Connection, name: &Host) -> Result<(), Reply> {
    let limit = connection.timeouts.hello;
    // Nobody has offered SMTPUTF8 yet (RFC 6531 section 3.7.1).
    let name = name.domain().map_or_else(|| name.to_string(), |domain| domain.to_ascii().to_owned());
    let verb = if connection.is_lmtp() { "LHLO" } else { "EHLO" };
    let answer = connection.command(&format!("{verb} {name}"), limit).await?;
    if answer.is_positive() {
        connection.offers = Offers::read(&answer);
        return Ok(());
    }
    if !answer.is_permanent() || connection.is_lmtp() {
        return Err(refused(&answer));
    }
    let answer = connection.command(&format!("HELO {name}"), limit).await?;
    if answer.is_positive() { Ok(()) } else { Err(refused(&answer)) }
}

fn refused(refusal: &Reply) -> Reply {
    tracing::warn!(%refusal, "next hop refuses the session");
    failure::no_service()
}
