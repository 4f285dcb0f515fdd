//! Whom a header names as its author, and as who sent it.

use std::sync::Arc;

use smtp_core::{Mailbox, Reply};

use super::mailbox_list;
use super::rules::{Rules, User};
use crate::HeaderSection;

/// Who sent the message, where that is not its author (RFC 5322 sections 3.6.2 and 3.6.6).
const SENDERS: [&str; 3] = ["Sender", "Resent-From", "Resent-Sender"];

/// # Errors
/// The refusal.
pub(super) async fn check(rules: &Rules, user: &Arc<User>, header: &HeaderSection) -> Result<(), Reply> {
    if header.fields().any(|field| field.name().is_none()) {
        return Err(Reply::new(550, "5.6.0 a line of the header is no field"));
    }
    // Whoever reads only one of two could read the wrong one.
    for name in ["From", "Sender"] {
        if header.all(name).count() > 1 {
            return Err(Reply::new(550, format!("5.6.0 the message has more than one {name}: field")));
        }
    }
    let mut sent = false;
    for name in SENDERS {
        sent |= own(rules, user, header, name).await?.is_some();
    }
    if sent && rules.on_behalf {
        return Ok(());
    }
    match own(rules, user, header, "From").await? {
        Some(()) => Ok(()),
        None => Err(Reply::new(550, "5.6.0 the message has no From: field")),
    }
}

/// Whether there is such a field; the newest stands first.
///
/// # Errors
/// If it names another, or cannot be understood.
async fn own(
    rules: &Rules,
    user: &Arc<User>,
    header: &HeaderSection,
    name: &str,
) -> Result<Option<()>, Reply> {
    let Some(field) = header.get(name) else { return Ok(None) };
    let addresses = mailbox_list::parse(&field.value())
        .ok_or_else(|| Reply::new(550, format!("5.6.0 the {name}: field is no list of addresses")))?;
    for address in &addresses {
        if !rules.allow(user, address).await? {
            return Err(not_yours(name, address));
        }
    }
    Ok(Some(()))
}

fn not_yours(name: &str, address: &Mailbox) -> Reply {
    Reply::new(550, format!("5.7.1 {name}: <{address}> is not an address of yours"))
}
