//! A submission server that takes tokens and no passwords: who may send has logged in at the site's
//! identity provider, and nothing that a phisher could use twice ever comes here.
//!
//! ```sh
//! oauth-submission https://login.example.org https://login.example.org/jwks smtp.example.org smtp.example.net
//! ```
//!
//! The arguments are the issuer of the tokens, the address or the file of its keys (a JWK set), the
//! audience that tokens must be meant for, and the server that mail goes to.

use std::fmt;

use smtp_server::auth::{AuthLayer, JwtStore, Mechanism, OauthError, TokenRules};
use smtp_server::delivery::{ReceivedLayer, Relay};
use smtp_server::policy::{RelayLayer, policy_fn};
use smtp_server::tls::{SelfSigned, ServerTls, StartTlsLayer};
use smtp_server::{
    BoxError, Connections, Deliver, DeliveryService, Domain, Mail, Reply, ServerInfo, Session, Shared,
    SmtpService, serve,
};
use tokio::net::TcpListener;
use tower::{Layer as _, ServiceBuilder};

const SCOPE: &str = "mail.send";

/// Tokens for this audience, signed by the issuer's keys; their claim `email` says whose they are.
fn tokens(issuer: &str, keys: &str, audience: &str) -> Result<JwtStore, OauthError> {
    let rules = TokenRules::new("email").issuer(issuer).audience(audience).scope(SCOPE);
    if keys.starts_with("https:") {
        JwtStore::url(keys, rules).build()
    } else {
        JwtStore::file(keys, rules).build()
    }
}

fn stack(
    tls: ServerTls,
    tokens: JwtStore,
    issuer: &str,
    delivery: impl DeliveryService + Clone + 'static,
) -> impl SmtpService + Clone {
    let auth = AuthLayer::new(tokens)
        .mechanisms([Mechanism::OAUTHBEARER, Mechanism::XOAUTH2])
        // What a client hears whose token is no longer good.
        .token_scope(SCOPE)
        .openid_configuration(format!("{issuer}/.well-known/openid-configuration"));
    ServiceBuilder::new()
        .layer(StartTlsLayer::new(tls).required())
        .layer(auth)
        .layer(policy_fn(own_address))
        // Who is authenticated may send anywhere, and nobody else anywhere.
        .layer(RelayLayer::new())
        .service(Deliver::new(delivery))
}

/// Users send in their own name (RFC 6409 section 6.1).
async fn own_address(mail: Mail, session: Session) -> Result<(), Reply> {
    let Some(identity) = session.identity() else {
        return Err(Reply::new(530, "5.7.0 authentication required"));
    };
    if is_same(&mail.path, identity.name()) {
        Ok(())
    } else {
        Err(Reply::new(550, "5.7.1 this is not your address"))
    }
}

fn is_same(path: &impl fmt::Display, address: &str) -> bool {
    path.to_string().trim_matches(['<', '>']).eq_ignore_ascii_case(address)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [issuer, keys, audience, next_hop] = &arguments[..] else {
        return Err("usage: oauth-submission ISSUER KEYS AUDIENCE NEXT-HOP".into());
    };
    let domain: Domain = audience.parse()?;
    let certificate = SelfSigned::generate(&[audience.as_str()])?;
    let tls = ServerTls::from_pem(certificate.certificate_pem.as_bytes(), certificate.key_pem.expose())?;
    let tokens = tokens(issuer, keys, audience)?;
    // Better now than when the first user comes.
    tokens.check().await?;
    let delivery = ReceivedLayer::new().layer(Relay::to(next_hop.as_str(), 25));
    let socket = TcpListener::bind("127.0.0.1:2587").await?;
    println!("listening on {}", socket.local_addr()?);
    let connections = Connections::new(socket, ServerInfo::new(domain));
    Ok(serve(connections, Shared::new(stack(tls, tokens, issuer, delivery))).await?)
}

#[cfg(test)]
mod tests;
