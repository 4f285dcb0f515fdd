//! Logins, straight at a store and through the layer.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use smtp_auth::{AuthLayer, CredentialStore, PasswordLogin, StoreError, Verdict};
use smtp_core::testing::{facts, request};
use smtp_core::{AddressLiteral, ConnectionInfo, Peer, Reply, Request, Session, SessionFacts, TlsInfo};
use tower::{Layer, ServiceExt, service_fn};

/// A session within TLS.
pub(crate) fn session() -> Session {
    let mut facts = facts();
    facts.set_tls(Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)));
    facts.session().clone()
}

/// As [`verify`], for a client at this address.
pub(crate) async fn verify_from(
    address: &str,
    store: &impl CredentialStore,
    name: &str,
    password: &str,
) -> Result<Verdict, StoreError> {
    let peer = Peer::Ip((address.parse::<IpAddr>().unwrap(), 4000).into());
    let facts = SessionFacts::new(ConnectionInfo::new(peer, AddressLiteral::V4(Ipv4Addr::LOCALHOST)));
    store.verify_password(PasswordLogin::new(name, password.into()), facts.session()).await
}

pub(crate) async fn verify(
    store: &impl CredentialStore,
    name: &str,
    password: &str,
) -> Result<Verdict, StoreError> {
    store.verify_password(PasswordLogin::new(name, password.into()), &session()).await
}

/// Fails the test unless the store says so of each login.
pub(crate) async fn all(store: &impl CredentialStore, logins: &[(&str, &str, Verdict)]) {
    for (name, password, expected) in logins {
        let verdict = verify(store, name, password).await;
        assert_eq!(&verdict.unwrap(), expected, "{name:?} {password:?}");
    }
}

/// What a store that cannot answer says.
pub(crate) async fn error(store: &impl CredentialStore) -> String {
    verify(store, "alice", "correct horse").await.unwrap_err().to_string()
}

/// The reply to AUTH PLAIN.
pub(crate) async fn plain<C: CredentialStore + Clone>(store: &C, name: &str, password: &str) -> Reply {
    let inner = service_fn(|_: Request| async {
        Ok::<_, Infallible>(Reply::new(500, "AUTH came through the layer"))
    });
    let layer = AuthLayer::new(store.clone()).failure_delay(std::time::Duration::ZERO);
    let response = BASE64_STANDARD.encode(format!("\0{name}\0{password}"));
    let auth = request(&format!("AUTH PLAIN {response}"), &session());
    layer.layer(inner).oneshot(auth).await.unwrap()
}
