use std::net::IpAddr;
use std::time::Duration;

use smtp_core::testing::{domain, facts, request};
use smtp_core::{BoxError, Domain, Reply, Request, SessionFacts, TlsInfo};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use super::*;

/// Names and addresses; a name that does not lead back comes first.
struct Table;

impl NameLookup for Table {
    async fn names(&self, _: IpAddr) -> Result<Vec<Domain>, BoxError> {
        Ok(vec![domain("liar.example.net"), domain("mx.example.org")])
    }

    async fn addresses(&self, name: &Domain) -> Result<Vec<IpAddr>, BoxError> {
        let address = if *name == domain("mx.example.org") { "::ffff:192.0.2.1" } else { "192.0.2.2" };
        Ok(vec!["2001:db8::1".parse()?, address.parse()?])
    }
}

struct Broken;

impl NameLookup for Broken {
    async fn names(&self, _: IpAddr) -> Result<Vec<Domain>, BoxError> {
        Err("no name server".into())
    }

    async fn addresses(&self, _: &Domain) -> Result<Vec<IpAddr>, BoxError> {
        Ok(Vec::new())
    }
}

struct Silent;

impl NameLookup for Silent {
    async fn names(&self, _: IpAddr) -> Result<Vec<Domain>, BoxError> {
        std::future::pending().await
    }

    async fn addresses(&self, _: &Domain) -> Result<Vec<IpAddr>, BoxError> {
        Ok(Vec::new())
    }
}

async fn name<L: NameLookup>(lookup: L, line: &str, facts: &SessionFacts) -> Option<String> {
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(220, "hello")) });
    let layer = ClientNameLayer::new(lookup).limit(Duration::from_secs(1));
    let reply = layer.layer(inner).oneshot(request(line, facts.session())).await.unwrap();
    assert_eq!(reply.text(), "hello");
    facts.session().connection().get::<ClientName>().map(|ClientName(name)| name.to_string())
}

#[tokio::test]
async fn a_name_has_to_lead_back() {
    assert_eq!(name(Table, "", &facts()).await.as_deref(), Some("mx.example.org"));
    assert_eq!(name(Table, "NOOP", &facts()).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_name_nobody_tells_has_none() {
    assert_eq!(name(Broken, "", &facts()).await, None);
    assert_eq!(name(Silent, "", &facts()).await, None);
}

#[tokio::test]
async fn a_client_is_looked_up_once_and_again_behind_starttls() {
    let mut facts = facts();
    assert_eq!(name(Broken, "", &facts).await, None);
    assert_eq!(name(Table, "EHLO x.example", &facts).await, None);
    facts.set_tls(TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128).into());
    assert_eq!(name(Table, "EHLO x.example", &facts).await.as_deref(), Some("mx.example.org"));
}
