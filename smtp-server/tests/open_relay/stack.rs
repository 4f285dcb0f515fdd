//! The stack of a small site, with all that decides who may send where.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use smtp_server::auth::{AuthLayer, Mechanism, Verdict, verify_fn};
use smtp_server::extension::{ExtensionLayer, SmtpUtf8};
use smtp_server::policy::{
    AccessMap, AccessMapLayer, AliasDirectory, AliasFile, LocalRecipientsLayer, Next, RelayLayer, from_fn,
};
use smtp_server::testing::{RecordingDelivery, domain, info};
use smtp_server::tls::StartTlsLayer;
use smtp_server::{
    BoxError, Command, ConnectionInfo, Deliver, Peer, Reply, Request, SmtpService, TlsInfo, Transport,
    Upgraded,
};
use tower::ServiceBuilder;

const ACCESS: &str = "\
To:partner.example          RELAY
From:victim@foreign.example REJECT
Connect:203.0.113           REJECT
";
const ALIASES: &str =
    "staff: joe, ann@foreign.example\npostmaster: joe\n@lists.example.org: joe@example.org\n";

/// A handshake of no octets: what counts is what is forgotten with it.
async fn handshake(transport: Transport) -> Result<Upgraded, BoxError> {
    let tls = TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128);
    Ok(Upgraded { transport, tls: Arc::new(tls) })
}

/// XBECOME: who the client is from now on, as with XCLIENT.
async fn become_another(request: Request, next: Next) -> Result<Reply, BoxError> {
    let Command::Other(unknown) = &request.command else { return next.run(request).await };
    let address = match (unknown.verb(), unknown.arguments()) {
        ("XBECOME", "stranger") => [192, 0, 2, 77],
        ("XBECOME", "partner") => [198, 51, 100, 7],
        _ => return next.run(request).await,
    };
    let peer = Peer::Ip(SocketAddr::from((address, 50_000)));
    Ok(Reply::new(220, "so be it").and_restart(ConnectionInfo::new(peer, domain("server.example"))))
}

pub(crate) fn stack(plaintext_auth: bool) -> Result<(impl SmtpService, RecordingDelivery), BoxError> {
    let users = verify_fn(|login, _| async move {
        Ok(Verdict::from(login.name == "alice" && login.password.expose() == b"secret"))
    });
    let auth = AuthLayer::new(users).mechanisms([Mechanism::PLAIN, Mechanism::ANONYMOUS]);
    let auth = if plaintext_auth { auth.allow_plaintext_without_tls() } else { auth };
    let map = AccessMap::from_text(ACCESS)?;
    let local = [domain("example.org"), domain("lists.example.org")];
    let users = HashSet::from(["joe@example.org".parse()?]);
    let directory = AliasDirectory::new(AliasFile::from_text(ALIASES)?, users, local.clone());
    let patterns = || local.iter().cloned().map(Into::into);
    let delivery = RecordingDelivery::new();
    let stack = ServiceBuilder::new()
        .layer(from_fn(become_another))
        .layer(StartTlsLayer::new(handshake))
        .layer(AccessMapLayer::new(map.clone()).local_domains(patterns()))
        .layer(auth)
        .layer(ExtensionLayer::new(SmtpUtf8))
        .layer(
            RelayLayer::new()
                .local_domains(patterns())
                .relay_domains(["backup.example".parse()?])
                .trusted_networks(["198.51.100.0/24".parse()?])
                .access_map(map),
        )
        .layer(LocalRecipientsLayer::new(directory))
        .service(Deliver::new(delivery.clone()));
    Ok((stack, delivery))
}

/// A stranger.
pub(crate) fn stranger() -> ConnectionInfo {
    info()
}
