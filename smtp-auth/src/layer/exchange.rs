//! One AUTH command from its first message to its reply.

use smtp_core::{Auth, Reply, Session};

use super::attempt::Attempt;
use super::failure::Failure;
use super::offer::Offer;
use super::settings::Settings;
use crate::store::CredentialStore;

/// Answers an AUTH command.
pub(super) async fn authenticate<C: CredentialStore>(
    store: &C,
    settings: &Settings,
    auth: Auth,
    session: &Session,
) -> Reply {
    let mechanism = match (Offer { settings, store, session }).choose(&auth.mechanism) {
        Ok(mechanism) => mechanism,
        Err(reply) => return reply,
    };
    let peer = &session.info().peer;
    let mut attempt = Attempt { store, settings, session, mechanism, dialogue: auth.dialogue };
    match attempt.run(auth.initial_response).await {
        Ok(identity) => {
            let (store, strength) = (identity.store(), identity.strength());
            let (name, acts_for) = (identity.authenticated_name(), identity.name());
            tracing::info!(%peer, %mechanism, name, acts_for, store, %strength, "authenticated");
            Reply::new(235, "2.7.0 authentication succeeded").and_authenticate(identity)
        }
        Err(Failure::Refused { name, last }) => {
            tracing::info!(%peer, %mechanism, name, "authentication failed");
            let reply = settings.refuse(name.as_deref(), session).await;
            // Only now, as many clients leave when they hear it. Whatever they say to their failure,
            // they have failed.
            if let Some(last) = last {
                let _ = attempt.dialogue.challenge(&last).await;
            }
            reply
        }
        Err(Failure::Expired { name }) => {
            tracing::info!(%peer, %mechanism, name, "authenticated, but the password or the account expired");
            Reply::new(525, "5.7.13 password or account expired")
        }
        Err(Failure::Throttled { name, refusal }) => {
            tracing::warn!(%peer, %mechanism, name, %refusal, "authentication was not attempted");
            refusal.reply()
        }
        Err(Failure::Unavailable(error)) => {
            // Others have their words in it, and those may have more than one line.
            let error = error.to_string();
            tracing::error!(%peer, %mechanism, ?error, "authentication is not possible");
            Reply::new(454, "4.7.0 temporary authentication failure")
        }
        Err(Failure::Dialogue(error)) => {
            tracing::debug!(%peer, %mechanism, %error, "authentication was not finished");
            error.reply()
        }
        Err(Failure::InitialResponse) => Reply::new(501, "5.7.0 mechanism takes no initial response"),
    }
}
