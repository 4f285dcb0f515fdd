//! A policy of one's own as an async function: a mailing list takes messages from its members
//! only, and says so at RCPT.
//!
//! The policy is tested without a connection, by one request through the stack.

use std::collections::HashSet;
use std::sync::Arc;

use smtp_server::delivery::Discard;
use smtp_server::policy::{RelayLayer, policy_fn};
use smtp_server::{
    BoxError, Connections, Deliver, Domain, Mailbox, Recipient, Reply, ServerInfo, Session, Shared,
    SmtpService, serve,
};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

/// Who may write to which list. A real one would ask a database.
#[derive(Debug, Default)]
struct Lists {
    members: HashSet<(Mailbox, Mailbox)>,
}

impl Lists {
    fn with_member(mut self, list: &str, member: &str) -> Result<Self, BoxError> {
        self.members.insert((list.parse()?, member.parse()?));
        Ok(self)
    }

    /// Whether `recipient` is a list at all.
    async fn is_list(&self, recipient: &Mailbox) -> bool {
        self.members.iter().any(|(list, _)| list == recipient)
    }

    async fn is_member(&self, list: &Mailbox, sender: &Mailbox) -> bool {
        self.members.contains(&(list.clone(), sender.clone()))
    }
}

/// The policy: an argument that says which command it is for, the session, and a verdict.
async fn members_only(lists: Arc<Lists>, recipient: Recipient, session: Session) -> Result<(), Reply> {
    let Some(list) = recipient.path.mailbox() else { return Ok(()) };
    if !lists.is_list(list).await {
        return Ok(());
    }
    let sender = session.envelope().and_then(|envelope| envelope.sender.path.mailbox());
    match sender {
        Some(sender) if lists.is_member(list, sender).await => Ok(()),
        _ => Err(Reply::new(550, format!("5.7.2 only members may write to {list}"))),
    }
}

fn stack(lists: Lists, domain: Domain) -> impl SmtpService + Clone {
    let lists = Arc::new(lists);
    ServiceBuilder::new()
        .layer(policy_fn(move |recipient: Recipient, session: Session| {
            members_only(lists.clone(), recipient, session)
        }))
        .layer(RelayLayer::new().local_domains([domain.into()]))
        .service(Deliver::new(Discard))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let domain: Domain = "example.org".parse()?;
    let lists = Lists::default().with_member("rust@example.org", "ferris@example.com")?;
    let socket = TcpListener::bind("127.0.0.1:2525").await?;
    println!("listening on {}", socket.local_addr()?);
    let connections = Connections::new(socket, ServerInfo::new(domain.clone()));
    Ok(serve(connections, Shared::new(stack(lists, domain))).await?)
}

#[cfg(test)]
mod tests {
    use smtp_server::testing::{domain, facts, request, sender};
    use tower::ServiceExt;

    use super::*;

    /// The reply to RCPT for `recipient` in a transaction of `from`.
    async fn rcpt(from: &str, recipient: &str) -> String {
        let lists = Lists::default().with_member("rust@example.org", "ferris@example.com").unwrap();
        let mut facts = facts();
        facts.start_transaction(sender(from));
        let request = request(&format!("RCPT TO:<{recipient}>"), facts.session());
        let stack = stack(lists, domain("example.org"));
        stack.oneshot(request).await.map_err(Into::into).unwrap().to_string()
    }

    #[tokio::test]
    async fn members_may_write() {
        assert_eq!(rcpt("ferris@example.com", "rust@example.org").await, "250 2.1.5 recipient OK");
    }

    #[tokio::test]
    async fn others_may_not() {
        let refusal = "550 5.7.2 only members may write to rust@example.org";
        assert_eq!(rcpt("gopher@example.com", "rust@example.org").await, refusal);
        assert_eq!(rcpt("", "rust@example.org").await, refusal);
    }

    #[tokio::test]
    async fn other_recipients_are_no_matter_of_the_policy() {
        assert_eq!(rcpt("gopher@example.com", "office@example.org").await, "250 2.1.5 recipient OK");
        assert!(rcpt("gopher@example.com", "rust@example.net").await.starts_with("550 5.7.1 "));
    }
}
