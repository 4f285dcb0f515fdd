//! The exchanges of AUTH: whatever a client says, there is one reply, and nobody is in without a proof.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use smtp_server::auth::{
    AuthLayer, CredentialStore, Mechanism, PasswordLogin, ScramHash, ScramKeys, StoreError, Throttle,
    TokenLogin, Verdict,
};
use smtp_server::{
    Auth, ChannelBinding, Command, ConnectionInfo, Dialogue, DialogueError, Identity, Reply, Request, Secret,
    Session, SessionFacts, TlsInfo, Verify,
};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::stub_tls::facts;

const PASSWORD: &[u8] = b"pencil";
const USER: &str = "user";

/// Knows one user by everything that there is.
struct Everything;

impl CredentialStore for Everything {
    async fn verify_password(&self, login: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        assert!(!login.name.is_empty() && !login.password.expose().is_empty());
        Ok(Verdict::from(login.name == USER && login.password.expose() == PASSWORD))
    }

    fn takes_tokens(&self) -> bool {
        true
    }

    async fn verify_token(&self, login: TokenLogin, _: &Session) -> Result<Verdict, StoreError> {
        assert!(login.token.expose().is_ascii() && !login.token.expose().is_empty());
        let good = login.token.expose() == PASSWORD;
        Ok(if good { Verdict::AcceptedAs(USER.to_owned()) } else { Verdict::Refused })
    }

    fn maps_certificates(&self) -> bool {
        true
    }

    async fn verify_certificate(
        &self,
        _: Option<&str>,
        _: &TlsInfo,
        _: &Session,
    ) -> Result<Verdict, StoreError> {
        Ok(Verdict::AcceptedAs(USER.to_owned()))
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
        let keys = ScramKeys::derive(hash, &Secret::new(PASSWORD.to_vec()), 1, b"salt");
        Ok(keys.filter(|_| name == USER))
    }

    fn has_shared_secrets(&self) -> bool {
        true
    }

    async fn shared_secret(&self, name: &str, _: &Session) -> Result<Option<Secret>, StoreError> {
        Ok((name == USER).then(|| Secret::new(PASSWORD.to_vec())))
    }
}

static LAYER: LazyLock<AuthLayer<Everything>> = LazyLock::new(|| {
    AuthLayer::new(Everything)
        .mechanisms(Mechanism::ALL.iter().copied())
        .failure_delay(Duration::ZERO)
        .throttle(Throttle::default().exempt(|_| true))
});

/// The first octet says which mechanism and how it begins, the others are messages, one a line.
pub fn check(data: &[u8]) {
    let [setup, messages @ ..] = data else { return };
    let index = usize::from(setup >> 1) % Mechanism::ALL.len();
    let mechanism = Mechanism::ALL[index];
    let mut lines = messages.split(|octet| *octet == b'\n').map(<[u8]>::to_vec);
    let initial = if setup & 1 == 0 { lines.next() } else { None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let mut reply = runtime.expect("a runtime").block_on(exchange(mechanism, initial, lines));
    let identity = reply.take_effects().identity;
    assert!(matches!(reply.code().get(), 235 | 421 | 454 | 500 | 501 | 535), "{reply}");
    assert_eq!(identity.is_some(), reply.code() == 235);
    if let Some(identity) = identity {
        is_deserved(mechanism, &identity, messages);
    }
}

/// Nobody who cannot compute gets in by a proof; elsewhere the secret was said.
fn is_deserved(mechanism: Mechanism, identity: &Identity, messages: &[u8]) {
    if mechanism == Mechanism::ANONYMOUS {
        assert!(identity.is_anonymous());
        return;
    }
    assert_eq!((identity.name(), identity.is_anonymous()), (USER, false));
    if mechanism != Mechanism::EXTERNAL {
        // SASLprep may have made the password of what was said.
        assert!(mechanism.is_plaintext());
        assert!(messages.len() >= PASSWORD.len());
    }
}

async fn exchange(
    mechanism: Mechanism,
    initial: Option<Vec<u8>>,
    mut lines: impl Iterator<Item = Vec<u8>>,
) -> Reply {
    let mut tls = facts();
    tls.verify = Verify::Ok;
    tls.channel_bindings.push(ChannelBinding { name: "tls-exporter", data: vec![7; 32].into() });
    let mut session = SessionFacts::new(ConnectionInfo::default());
    session.set_tls(Arc::new(tls));
    let (mut server, dialogue) = Dialogue::channel();
    let auth = Auth::new(mechanism.name(), initial.map(Secret::new), dialogue);
    let request = Request::new(Command::Auth(auth), session.session().clone());
    let inner = service_fn(|_: Request| async { Ok::<_, Infallible>(Reply::new(500, "not for us")) });
    let mut reply = std::pin::pin!(LAYER.layer(inner).oneshot(request));
    loop {
        tokio::select! {
            biased;
            _ = poll_fn(|cx| server.poll_challenge(cx)) => {
                server.respond(lines.next().map(Secret::new).ok_or(DialogueError::Cancelled));
            }
            Ok(reply) = &mut reply => return reply,
        }
    }
}
