//! A submission server at which users send with addresses of theirs alone: their own, those of aliases that
//! lead to them, and those that a rule gives them. It looks at MAIL and at the header, while the message
//! comes in; what a user sends as another is refused before it is anywhere.
//!
//! ```sh
//! sender-rules 127.0.0.1:2587
//! ```

use std::collections::HashSet;

use smtp_server::auth::{AuthLayer, Verdict, verify_fn};
use smtp_server::delivery::Discard;
use smtp_server::policy::{
    AliasDirectory, AliasFile, NullSenderLayer, RelayLayer, SenderRulesLayer, policy_fn,
};
use smtp_server::tls::{SelfSigned, ServerTls, StartTlsLayer};
use smtp_server::{
    BoxError, Connections, Deliver, Domain, Mail, Reply, ServerInfo, Session, Shared, SmtpService, serve,
};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

const ALIASES: &str = "\
sales: alice, bob
# A list with an owner is nobody's.
staff: alice, bob
owner-staff: bob
";

fn stack(domain: &Domain, tls: ServerTls) -> Result<impl SmtpService + Clone, BoxError> {
    // A real server has a `UserFile`.
    let users = verify_fn(|login, _| async move {
        let known = [("alice", "white rabbit"), ("bob", "dry martini")];
        let known = known.map(|(name, password)| (name, password.as_bytes()));
        Ok(Verdict::from(known.contains(&(login.name.as_str(), login.password.expose()))))
    });
    let mailboxes = ["alice", "bob"].map(|name| format!("{name}@{domain}").parse());
    let mailboxes = mailboxes.into_iter().collect::<Result<HashSet<_>, _>>()?;
    let directory = AliasDirectory::new(AliasFile::from_text(ALIASES)?, mailboxes, [domain.clone()]);
    let rules = SenderRulesLayer::new()
        .own_addresses([domain.clone()])
        .aliases(directory.clone())
        // Bob also writes for the shop.
        .allow("bob", ["@shop.example".parse()?]);
    Ok(ServiceBuilder::new()
        .layer(StartTlsLayer::new(tls).required())
        .layer(AuthLayer::new(users))
        .layer(policy_fn(login).named("login"))
        .layer(rules)
        .layer(NullSenderLayer::new().no_lists(directory))
        .layer(RelayLayer::new().local_domains([domain.clone().into()]))
        .service(Deliver::new(Discard)))
}

/// Nobody else sends from here (RFC 6409 section 4.3).
async fn login(_: Mail, session: Session) -> Result<(), Reply> {
    match session.identity() {
        Some(_) => Ok(()),
        None => Err(Reply::new(530, "5.7.0 authentication required")),
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let domain: Domain = "example.org".parse()?;
    let certificate = SelfSigned::generate(&[domain.as_str()])?;
    let tls = ServerTls::from_pem(certificate.certificate_pem.as_bytes(), certificate.key_pem.expose())?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2587".to_owned());
    let socket = TcpListener::bind(address).await?;
    println!("listening on {}", socket.local_addr()?);
    let connections = Connections::new(socket, ServerInfo::new(domain.clone()));
    Ok(serve(connections, Shared::new(stack(&domain, tls)?)).await?)
}
