//! Our client logs in at our server, by every mechanism that both have.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use smtp_auth::client::{AuthClient, Credentials};
use smtp_auth::{
    AuthLayer, CredentialStore, Mechanism, PasswordLogin, ScramCost, ScramHash, ScramKeys, StoreError,
    TokenLogin, Verdict,
};
use smtp_core::client::{AuthOffer, ClientAuth, Destination};
use smtp_core::testing::facts;
use smtp_core::{
    Auth, ChannelBinding, Command, Dialogue, DialogueError, Reply, Request, Secret, Session, SessionFacts,
    TlsInfo,
};
use tower::{Layer, ServiceExt, service_fn};

const SUCCESS: &str = "235 2.7.0 authentication succeeded";

/// Knows one user.
#[derive(Clone)]
struct Joe;

impl CredentialStore for Joe {
    async fn verify_password(&self, login: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        Ok(Verdict::from(login.name == "j,o=e" && login.password.expose() == b"pencil"))
    }

    async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        _: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        let cost = ScramCost { iterations: 4096, ..ScramCost::default() };
        Ok(ScramKeys::generate(hash, &"pencil".into(), cost).filter(|_| name == "j,o=e"))
    }

    fn has_scram_keys(&self, _: ScramHash) -> bool {
        true
    }

    fn has_shared_secrets(&self) -> bool {
        true
    }

    async fn shared_secret(&self, name: &str, _: &Session) -> Result<Option<Secret>, StoreError> {
        Ok(Some("pencil".into()).filter(|_| name == "j,o=e"))
    }

    fn takes_tokens(&self) -> bool {
        true
    }

    async fn verify_token(&self, login: TokenLogin, _: &Session) -> Result<Verdict, StoreError> {
        Ok(if login.token.expose() == b"token" {
            Verdict::AcceptedAs("j,o=e".to_owned())
        } else {
            Verdict::Refused
        })
    }
}

fn tls(exported: &'static [u8]) -> Arc<TlsInfo> {
    let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
    let data = Bytes::from_static(exported);
    tls.channel_bindings.push(ChannelBinding { name: "tls-exporter", data });
    Arc::new(tls)
}

fn protected() -> SessionFacts {
    let mut facts = facts();
    facts.set_tls(tls(b"exported"));
    facts
}

/// Plays both sides, and gives the server's last reply and whether the client believes it.
async fn log_in(credentials: Credentials, offered: &[Mechanism], exported: &'static [u8]) -> (Reply, bool) {
    let names = offered.iter().map(|mechanism| mechanism.name().to_owned()).collect();
    let offer = AuthOffer::new(Destination::new("mx.example", 587), names).tls(tls(exported));
    let client = AuthClient::new(credentials);
    let mut exchange = client.begin(offer).await.expect("a mechanism").expect("credentials");
    let inner = service_fn(|_: Request| async { Ok::<_, Infallible>(Reply::new(500, "AUTH came through")) });
    let layer = AuthLayer::new(Joe).mechanisms(Mechanism::ALL.iter().copied());
    let (mut server, dialogue) = Dialogue::channel();
    let initial = exchange.initial_response().expect("a response");
    let auth = Auth::new(exchange.mechanism(), initial, dialogue);
    let request = Request::new(Command::Auth(auth), protected().session().clone());
    let mut reply = std::pin::pin!(layer.layer(inner).oneshot(request));
    loop {
        let challenge = tokio::select! {
            biased;
            challenge = poll_fn(|cx| server.poll_challenge(cx)) => challenge,
            Ok(reply) = &mut reply => {
                let believed = exchange.finish().is_ok();
                return (reply, believed);
            }
        };
        let response = exchange.respond(&challenge).await;
        server.respond(response.map_err(|_| DialogueError::Cancelled));
    }
}

#[tokio::test]
async fn by_every_mechanism() {
    for mechanism in [
        Mechanism::SCRAM_SHA_256_PLUS,
        Mechanism::SCRAM_SHA_512_PLUS,
        Mechanism::SCRAM_SHA_1_PLUS,
        Mechanism::CRAM_MD5,
        Mechanism::PLAIN,
        Mechanism::LOGIN,
    ] {
        let (reply, believed) =
            log_in(Credentials::password("j,o=e", "pencil"), &[mechanism], b"exported").await;
        assert_eq!((reply.to_string().as_str(), believed), (SUCCESS, true), "{mechanism}");
    }
    for mechanism in [Mechanism::OAUTHBEARER, Mechanism::XOAUTH2] {
        let (reply, believed) = log_in(Credentials::token("j,o=e", "token"), &[mechanism], b"exported").await;
        assert_eq!((reply.to_string().as_str(), believed), (SUCCESS, true), "{mechanism}");
    }
    for mechanism in [Mechanism::SCRAM_SHA_256, Mechanism::SCRAM_SHA_512, Mechanism::SCRAM_SHA_1] {
        // The server offers -PLUS, so does the list that the client has seen.
        let offered = [mechanism, Mechanism::SCRAM_SHA_1_PLUS];
        let credentials = Credentials::password("j,o=e", "pencil").mechanisms([mechanism]);
        let (reply, believed) = log_in(credentials, &offered, b"exported").await;
        assert_eq!((reply.to_string().as_str(), believed), (SUCCESS, true), "{mechanism}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_or_somebody_in_between_is_no_login() {
    for mechanism in [Mechanism::OAUTHBEARER, Mechanism::XOAUTH2] {
        let (reply, believed) = log_in(Credentials::token("j,o=e", "tokem"), &[mechanism], b"exported").await;
        assert_eq!((reply.code().get(), believed), (535, false), "{mechanism}");
    }
    let plus = &[Mechanism::SCRAM_SHA_256_PLUS][..];
    let stripped = &[Mechanism::SCRAM_SHA_256];
    for (password, offered, exported) in [
        ("pen", plus, &b"exported"[..]),
        // Two TLS sessions are not one.
        ("pencil", plus, b"of another session"),
        // Somebody took the -PLUS mechanisms out of the offer.
        ("pencil", stripped, b"exported"),
    ] {
        let (reply, believed) = log_in(Credentials::password("j,o=e", password), offered, exported).await;
        assert_eq!((reply.is_positive(), believed), (false, false), "{offered:?}");
    }
}
