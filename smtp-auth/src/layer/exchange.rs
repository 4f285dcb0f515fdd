//! One AUTH command from its first message to its reply.

use smtp_core::{Auth, Dialogue, DialogueError, Identity, Reply, Secret, Session, Strength};

use super::offer;
use super::settings::Settings;
use crate::mechanism::{Mechanism, Needs};
use crate::sasl::{Claim, Exchange, Proof, Step};
use crate::scram::PresentedKeys;
use crate::store::{CredentialStore, PasswordLogin, StoreError, Verdict};

/// Answers an AUTH command.
pub(super) async fn authenticate<C: CredentialStore>(
    store: &C,
    settings: &Settings,
    auth: Auth,
    session: &Session,
) -> Reply {
    let mechanism = match offer::choose(settings, &auth.mechanism, session) {
        Ok(mechanism) => mechanism,
        Err(reply) => return reply,
    };
    let peer = &session.info().peer;
    let mut attempt = Attempt { store, settings, session, mechanism, dialogue: auth.dialogue };
    match attempt.run(auth.initial_response).await {
        Ok(identity) => {
            tracing::info!(%peer, %mechanism, name = identity.name(), "authenticated");
            Reply::new(235, "2.7.0 authentication succeeded").and_authenticate(identity)
        }
        Err(Failure::Refused { name, last }) => {
            tracing::info!(%peer, %mechanism, name, "authentication failed");
            let reply = settings.failures.refuse(session).await;
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
        Err(Failure::Unavailable(error)) => {
            tracing::error!(%peer, %mechanism, %error, "authentication is not possible");
            Reply::new(454, "4.7.0 temporary authentication failure")
        }
        Err(Failure::Dialogue(error)) => {
            tracing::debug!(%peer, %mechanism, %error, "authentication was not finished");
            error.reply()
        }
        Err(Failure::InitialResponse) => Reply::new(501, "5.7.0 mechanism takes no initial response"),
    }
}

/// Why nobody was authenticated.
enum Failure {
    /// The client did not prove what it claims, or may not act for whom it wants to.
    Refused {
        /// For the log, where it is known.
        name: Option<String>,
        /// What the mechanism says to it.
        last: Option<Vec<u8>>,
    },
    /// It did, but with a password or an account that is no longer good.
    Expired { name: String },
    /// The store cannot say.
    Unavailable(StoreError),
    /// The exchange broke.
    Dialogue(DialogueError),
    /// The mechanism takes none.
    InitialResponse,
}

impl From<DialogueError> for Failure {
    fn from(error: DialogueError) -> Self {
        Self::Dialogue(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl Failure {
    const ANONYMOUS: Self = Self::Refused { name: None, last: None };

    fn refused(name: String) -> Self {
        Self::Refused { name: Some(name), last: None }
    }
}

struct Attempt<'a, C> {
    store: &'a C,
    settings: &'a Settings,
    session: &'a Session,
    mechanism: Mechanism,
    dialogue: Dialogue,
}

impl<C: CredentialStore> Attempt<'_, C> {
    async fn run(&mut self, initial_response: Option<Secret>) -> Result<Identity, Failure> {
        let first = self.first_message(initial_response).await?;
        let claim = self.converse(first).await?;
        self.verify(claim).await
    }

    /// What the mechanism begins with; `None` if the server speaks first.
    async fn first_message(&mut self, initial_response: Option<Secret>) -> Result<Option<Secret>, Failure> {
        let definition = self.mechanism.definition();
        match initial_response {
            Some(_) if !definition.takes_initial_response => Err(Failure::InitialResponse),
            Some(response) => Ok(Some(response)),
            None if definition.server_first => Ok(None),
            // RFC 4954 section 4: an empty challenge asks for the first message.
            None => Ok(Some(self.dialogue.challenge(b"").await?)),
        }
    }

    /// Goes through the mechanism's steps.
    async fn converse(&mut self, mut message: Option<Secret>) -> Result<Claim, Failure> {
        let mut asked_for = None;
        let mut exchange =
            Exchange::start(self.mechanism.definition(), self.settings.nonce).ok_or(Failure::ANONYMOUS)?;
        loop {
            match exchange.step(message.as_ref().map(Secret::expose)) {
                Step::Challenge(challenge) => message = Some(self.dialogue.challenge(&challenge).await?),
                Step::NeedsKeys(name) if asked_for.is_none() => {
                    exchange.present(self.keys(&name).await?);
                    asked_for = Some(name);
                }
                Step::Done { last, claim: Some(claim) } => return self.conclude(last, claim).await,
                Step::Done { last, claim: None } => return Err(Failure::Refused { name: asked_for, last }),
                Step::NeedsKeys(_) | Step::Broken => {
                    return Err(Failure::Refused { name: asked_for, last: None });
                }
            }
        }
    }

    /// Sends what a mechanism has left to say. SMTP has no room for it in the last reply, so it goes
    /// as a challenge, which the client answers with an empty line (RFC 4954 section 4).
    async fn conclude(&mut self, last: Option<Vec<u8>>, claim: Claim) -> Result<Claim, Failure> {
        match last {
            Some(last) if !self.dialogue.challenge(&last).await?.expose().is_empty() => {
                Err(Failure::refused(claim.name))
            }
            _ => Ok(claim),
        }
    }

    /// The keys of a user, or such that look like them.
    async fn keys(&self, name: &str) -> Result<PresentedKeys, Failure> {
        let hash = self.mechanism.scram_hash().ok_or(Failure::ANONYMOUS)?;
        let found = self.store.scram_keys(name, hash, self.session).await?;
        let decoy = self.settings.decoy.keys(hash, name, self.store.scram_cost());
        match found.filter(|keys| keys.hash() == hash) {
            Some(keys) => Ok(PresentedKeys { keys, genuine: true }),
            None => decoy.ok_or(Failure::ANONYMOUS),
        }
    }

    async fn verify(&self, claim: Claim) -> Result<Identity, Failure> {
        let Claim { name, acts_for, proof } = claim;
        let verdict = match proof {
            Proof::Shown => Verdict::Accepted,
            Proof::Password(password) => {
                let login = PasswordLogin::new(name.clone(), password);
                self.store.verify_password(login, self.session).await?
            }
        };
        let name = match verdict {
            Verdict::Accepted => name,
            Verdict::AcceptedAs(name) => name,
            Verdict::Refused => return Err(Failure::refused(name)),
            Verdict::Expired => return Err(Failure::Expired { name }),
        };
        let identity = Identity::new(&name, self.mechanism.name())
            .from_store(&self.store.name())
            .with_strength(self.strength());
        match acts_for.filter(|other| *other != name) {
            None => Ok(identity),
            Some(other) if self.store.may_act_for(&name, &other, self.session).await? => {
                Ok(identity.acting_for(&other))
            }
            Some(_) => Err(Failure::refused(name)),
        }
    }

    /// How well the mechanism proves an identity in this session.
    fn strength(&self) -> Strength {
        match self.mechanism.definition().needs {
            Needs::ScramKeys(_) => Strength::Challenge,
            Needs::Password if self.session.tls().is_some() => Strength::Encrypted,
            Needs::Password => Strength::Exposed,
        }
    }
}
