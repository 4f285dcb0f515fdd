//! The stack that the sessions go through.

use std::time::Duration;

use smtp_server::auth::{
    AuthLayer, CredentialStore, PasswordLogin, ScramHash, ScramKeys, StoreError, Verdict,
};
use smtp_server::extension::{BinaryMime, DeliverBy, Dsn, ExtensionLayer, MtPriority, RequireTls, SmtpUtf8};
use smtp_server::policy::{Entry, ExpandLayer, RelayLayer, SessionLimitsLayer, StaticDirectory, from_fn};
use smtp_server::{BoxError, BoxSmtpService, Capability, Command, Deliver, Reply, Request, Session};
use tower::{Layer, ServiceBuilder};

use super::delivery::{Log, delivery};
use super::setup::Setup;
use crate::stub_tls::stub_tls;

pub(super) fn stack(setup: &Setup, log: Log) -> BoxSmtpService {
    let domain = "example.org".parse().expect("a domain");
    let joe = Entry::new("joe@example.org".parse().expect("a mailbox"));
    let deliver = Deliver::new(delivery(setup.delivery, log))
        .max_message_size(setup.message_size)
        .max_recipients(setup.recipients);
    let relay = RelayLayer::new().local_domains([domain]);
    let mut stack = BoxSmtpService::new(
        ServiceBuilder::new()
            .layer(relay)
            .layer(ExpandLayer::new(StaticDirectory::new().user(joe)))
            .service(deliver),
    );
    if setup.extensions {
        stack = extensions(stack);
    }
    if setup.auth {
        let auth = AuthLayer::new(Alice).max_failures(3).failure_delay(Duration::from_secs(1));
        stack = BoxSmtpService::new(auth.layer(stack));
    }
    if setup.starttls {
        stack = BoxSmtpService::new(from_fn(start_tls).layer(stack));
    }
    if setup.limits {
        let limits = SessionLimitsLayer::new().commands(20).errors(5).transactions(3);
        stack = BoxSmtpService::new(limits.layer(stack));
    }
    stack
}

/// All that there are, as if the delivery kept what they promise.
fn extensions(stack: BoxSmtpService) -> BoxSmtpService {
    let layers = ServiceBuilder::new()
        .layer(ExtensionLayer::new(BinaryMime))
        .layer(ExtensionLayer::new(Dsn))
        .layer(ExtensionLayer::new(SmtpUtf8))
        .layer(ExtensionLayer::new(RequireTls))
        .layer(ExtensionLayer::new(DeliverBy::new()))
        .layer(ExtensionLayer::new(MtPriority::default()));
    BoxSmtpService::new(layers.service(stack))
}

/// STARTTLS by a stub.
async fn start_tls(request: Request, next: smtp_server::policy::Next) -> Result<Reply, BoxError> {
    let protected = request.session.tls().is_some();
    let greets = matches!(request.command, Command::Ehlo(_) | Command::Lhlo(_));
    if matches!(request.command, Command::StartTls) {
        return Ok(Reply::new(220, "2.0.0 go ahead").and_upgrade(stub_tls));
    }
    let mut reply = next.run(request).await?;
    if greets && !protected && reply.is_positive() {
        reply.capabilities_mut().insert(Capability::new("STARTTLS"));
    }
    Ok(reply)
}

/// A store with one user: `alice`, whose password is `secret`.
struct Alice;

impl CredentialStore for Alice {
    async fn verify_password(&self, login: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        Ok(Verdict::from(login.name == "alice" && login.password.expose() == b"secret"))
    }

    fn has_scram_keys(&self, _: ScramHash) -> bool {
        true
    }

    async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        _: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        Ok((name == "alice").then(|| ScramKeys::derive(hash, &"secret".into(), 1, b"salt")).flatten())
    }
}
