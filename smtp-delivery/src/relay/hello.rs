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
    if connection.is_lmtp() || !knows_no_ehlo(&answer) {
        return Err(refused(&answer));
    }
    let answer = connection.command(&format!("HELO {name}"), limit).await?;
    if answer.is_positive() { Ok(()) } else { Err(refused(&answer)) }
}

/// Whether who answers EHLO like this may know HELO alone (RFC 5321 sections 3.2 and 4.1.4). Any other
/// refusal is one of the session: to go on without extensions would lose TLS, and 8-bit content.
fn knows_no_ehlo(answer: &Reply) -> bool {
    matches!(answer.code().get(), 500 | 501 | 502 | 504 | 550)
}

fn refused(refusal: &Reply) -> Reply {
    tracing::warn!(%refusal, "next hop refuses the session");
    failure::no_service()
}
