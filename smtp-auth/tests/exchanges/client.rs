//! A client that plays its part of an exchange.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;

use smtp_auth::{AuthLayer, CredentialStore};
use smtp_core::testing::facts;
use smtp_core::{Auth, Command, Dialogue, DialogueError, Reply, Request, Secret, SessionFacts, TlsInfo};
use tower::{Layer, ServiceExt, service_fn};

/// What the client answers to a challenge.
pub(crate) type Answer = Result<Vec<u8>, DialogueError>;

/// The facts of a session within TLS.
pub(crate) fn protected() -> SessionFacts {
    let mut facts = facts();
    facts.set_tls(Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)));
    facts
}

/// Sends AUTH, answers each challenge by `answer`, and gives back the challenges and the reply.
pub(crate) async fn exchange<C: CredentialStore>(
    layer: &AuthLayer<C>,
    facts: &SessionFacts,
    mechanism: &str,
    initial: Option<&[u8]>,
    mut answer: impl FnMut(&[u8]) -> Answer,
) -> (Vec<Vec<u8>>, Reply) {
    let inner = service_fn(|_: Request| async {
        Ok::<_, Infallible>(Reply::new(500, "AUTH came through the layer"))
    });
    let (mut server, dialogue) = Dialogue::channel();
    let auth = Auth::new(mechanism, initial.map(|octets| Secret::new(octets.to_vec())), dialogue);
    let request = Request::new(Command::Auth(auth), facts.session().clone());
    let mut reply = std::pin::pin!(layer.layer(inner).oneshot(request));
    let mut challenges = Vec::new();
    loop {
        tokio::select! {
            biased;
            challenge = poll_fn(|cx| server.poll_challenge(cx)) => {
                server.respond(answer(&challenge).map(Secret::new));
                challenges.push(challenge);
            }
            Ok(reply) = &mut reply => return (challenges, reply),
        }
    }
}

/// Answers that are given in turn.
pub(crate) fn script<const N: usize>(answers: [&[u8]; N]) -> impl FnMut(&[u8]) -> Answer {
    let mut answers = answers.map(<[u8]>::to_vec).into_iter();
    move |challenge| {
        Ok(answers.next().unwrap_or_else(|| panic!("no answer to {:?}", String::from_utf8_lossy(challenge))))
    }
}
