//! One attempt to authenticate, up to an identity or a failure.

use smtp_core::{Dialogue, Identity, Secret, Session, Strength, Verify};

use super::failure::Failure;
use super::offer::Offer;
use super::settings::Settings;
use crate::mechanism::{Mechanism, Needs};
use crate::sasl::{Claim, Exchange, Found, Lookup, PresentedSecret, Proof, Step, Surroundings};
use crate::scram::{PresentedKeys, ScramHash};
use crate::store::{CredentialStore, PasswordLogin, StoreError, TokenLogin, Verdict};
use crate::throttle::Passage;

pub(super) struct Attempt<'a, C> {
    pub(super) store: &'a C,
    pub(super) settings: &'a Settings,
    pub(super) session: &'a Session,
    pub(super) mechanism: Mechanism,
    pub(super) dialogue: Dialogue,
}

impl<C: CredentialStore> Attempt<'_, C> {
    pub(super) async fn run(&mut self, initial_response: Option<Secret>) -> Result<Identity, Failure> {
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
        let mut exchange = Exchange::start(self.mechanism.definition(), self.surroundings())
            .ok_or(Failure::refused(None))?;
        loop {
            match exchange.step(message.as_ref().map(Secret::expose)) {
                Step::Challenge(challenge) => message = Some(self.dialogue.challenge(&challenge).await?),
                Step::Needs(lookup) if asked_for.is_none() => {
                    exchange.present(self.look_up(&lookup).await?);
                    asked_for = Some(lookup.name().to_owned());
                }
                Step::Done { last, claim: Some(claim) } => return self.conclude(last, claim).await,
                Step::Done { last, claim: None } => return Err(Failure::Refused { name: asked_for, last }),
                Step::Needs(_) | Step::Broken => return Err(Failure::refused(asked_for)),
            }
        }
    }

    fn surroundings(&self) -> Surroundings {
        let Self { settings, store, session, .. } = *self;
        Surroundings {
            nonce: settings.nonce,
            server_name: session.server_name().to_string(),
            binding_offered: Offer { settings, store, session }.has_channel_binding(),
            tls: session.tls().cloned(),
            ..Surroundings::default()
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

    /// Waits until the store may be asked about this name.
    async fn admit(&self, name: Option<&str>) -> Result<Passage, Failure> {
        let admitted = self.settings.throttle.admit(name, self.session).await;
        admitted.map_err(|refusal| Failure::Throttled { name: name.map(str::to_owned), refusal })
    }

    /// What the store knows of a user, or what looks like it.
    async fn look_up(&self, lookup: &Lookup) -> Result<Found, Failure> {
        let _passage = self.admit(Some(lookup.name())).await?;
        match (lookup, self.mechanism.definition().needs) {
            (Lookup::Keys(name), Needs::ScramKeys(hash)) => self.keys(name, hash).await.map(Found::Keys),
            (Lookup::Secret(name), _) => {
                let found = self.store.shared_secret(name, self.session).await?;
                Ok(Found::Secret(PresentedSecret {
                    genuine: found.is_some(),
                    secret: found.unwrap_or_default(),
                }))
            }
            (Lookup::Keys(_), _) => Err(Failure::refused(None)),
        }
    }

    async fn keys(&self, name: &str, hash: ScramHash) -> Result<PresentedKeys, Failure> {
        let found = self.store.scram_keys(name, hash, self.session).await?;
        let decoy = self.settings.decoy.keys(hash, name, self.store.scram_cost());
        match found.filter(|keys| keys.hash() == hash) {
            Some(keys) => Ok(PresentedKeys { keys, genuine: true }),
            None => decoy.ok_or(Failure::refused(None)),
        }
    }

    async fn verify(&self, claim: Claim) -> Result<Identity, Failure> {
        let Claim { name, acts_for, proof } = claim;
        let (store, session) = (self.store, self.session);
        let mut last = None;
        let _passage = match proof {
            Proof::Nothing { .. } => None,
            _ => Some(self.admit(name.as_deref().or(acts_for.as_deref())).await?),
        };
        let verdict = match (proof, &name) {
            (Proof::Shown, _) => Verdict::Accepted,
            (Proof::Password(password), Some(name)) => {
                store.verify_password(PasswordLogin::new(name, password), session).await?
            }
            (Proof::Password(_), None) => Verdict::Refused,
            (Proof::Token(token), _) => {
                last = self.mechanism.definition().refusal(&self.settings.token_hints);
                store.verify_token(TokenLogin::new(acts_for.clone(), token), session).await?
            }
            (Proof::Certificate, _) => match session.tls().filter(|tls| tls.verify == Verify::Ok) {
                Some(tls) => store.verify_certificate(acts_for.as_deref(), tls, session).await?,
                None => Verdict::Refused,
            },
            (Proof::Nothing { trace }, _) => {
                tracing::info!(peer = %session.info().peer, trace, "an anonymous client");
                return Ok(Identity::new("anonymous", self.mechanism.name()));
            }
        };
        let claimed = name.or_else(|| acts_for.clone());
        let name = match verdict {
            Verdict::Accepted => claimed.clone().ok_or(Failure::Refused { name: None, last })?,
            Verdict::AcceptedAs(name) => name,
            Verdict::Refused => return Err(Failure::Refused { name: claimed, last }),
            Verdict::Expired => return Err(Failure::Expired { name: claimed }),
        };
        let identity = self.act(name, acts_for).await?;
        // By the name that it comes with again, which may be another one.
        if let Some(claimed) = claimed {
            self.settings.throttle.succeeded(&claimed, self.session).await;
        }
        Ok(identity)
    }

    /// Whether who is authenticated may act for whom it wants to.
    async fn act(&self, name: String, acts_for: Option<String>) -> Result<Identity, Failure> {
        let identity = Identity::new(&name, self.mechanism.name())
            .from_store(&self.store.name())
            .with_strength(self.strength());
        match acts_for.filter(|other| *other != name) {
            None => Ok(identity),
            Some(other) if self.may_act_for(&name, &other).await? => Ok(identity.acting_for(&other)),
            Some(_) => Err(Failure::refused(Some(name))),
        }
    }

    async fn may_act_for(&self, name: &str, other: &str) -> Result<bool, StoreError> {
        let allowed = (self.settings.delegation)(name, other, self.session);
        Ok(allowed || self.store.may_act_for(name, other, self.session).await?)
    }

    /// How well the mechanism proves an identity in this session.
    fn strength(&self) -> Strength {
        match self.mechanism.definition().needs {
            Needs::Nothing => Strength::Anonymous,
            Needs::Certificate => Strength::Certificate,
            Needs::ScramKeys(_) if self.mechanism.has_channel_binding() => Strength::ChannelBound,
            Needs::ScramKeys(_) => Strength::Challenge,
            _ if self.session.tls().is_some() => Strength::Encrypted,
            Needs::SharedSecret => Strength::Digest,
            Needs::Password | Needs::Token { .. } => Strength::Exposed,
        }
    }
}
