//! SCRAM (RFC 5802), for any hash function.
//!
//! The client of rsasl is not used: it believes any number of iterations, computes them where it
//! stands, and panics on malformed messages.

mod server_message;

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use smtp_core::client::{AuthExchange, AuthOffer};
use smtp_core::{BoxError, Secret};

use self::server_message::ServerFirst;
use super::super::Credentials;
use super::super::error::ClientError;
use super::{Response, password};
use crate::Mechanism;
use crate::sasl::NonceSource;
use crate::saslprep::{prepare, prepare_secret};
use crate::scram::{ClientProof, Hash};

/// How often a server may have the password hashed. With fewer than RFC 7677 section 4 recommends, a
/// false server could guess the password from the proof; with many more it would keep us busy.
pub(in super::super) const ITERATIONS: RangeInclusive<u32> = 4096..=2_000_000;

struct Scram<D> {
    mechanism: Mechanism,
    password: Secret,
    gs2_header: String,
    /// What is repeated to the server: the header and the data of the channel binding.
    bound: Vec<u8>,
    nonce: String,
    bare: String,
    progress: Progress,
    hash: PhantomData<fn() -> D>,
}

enum Progress {
    Started,
    /// The proof was sent, this is to be the server's.
    Proven(Vec<u8>),
    /// The server has proven itself too.
    Verified,
    Broken,
}

/// The channel binding to use, by its name and data.
pub(in super::super) fn binding(offer: &AuthOffer) -> Option<(&'static str, &[u8])> {
    let tls = offer.tls.as_ref()?;
    ["tls-exporter", "tls-server-end-point"]
        .into_iter()
        .find_map(|name| tls.channel_binding(name).map(|data| (name, data)))
}

pub(in super::super) fn begin<D: Hash>(
    mechanism: Mechanism,
    credentials: &Credentials,
    offer: &AuthOffer,
) -> Result<Box<dyn AuthExchange>, BoxError> {
    Ok(Box::new(Scram::<D>::new(mechanism, credentials, offer, (NonceSource::default().0)())?))
}

impl<D: Hash> Scram<D> {
    fn new(
        mechanism: Mechanism,
        credentials: &Credentials,
        offer: &AuthOffer,
        nonce: String,
    ) -> Result<Self, ClientError> {
        let name = prepare(&credentials.name).ok_or(ClientError::Name)?;
        let password = prepare_secret(password(credentials)?).ok_or(ClientError::Secret)?;
        let (flag, data) = flag(mechanism, offer);
        let acts_for = match &*credentials.acts_for {
            "" => String::new(),
            other => format!("a={}", sasl_name(&prepare(other).ok_or(ClientError::Name)?)),
        };
        let gs2_header = format!("{flag},{acts_for},");
        let bound = [gs2_header.as_bytes(), data].concat();
        let bare = format!("n={},r={nonce}", sasl_name(&name));
        let progress = Progress::Started;
        Ok(Self { mechanism, password, gs2_header, bound, nonce, bare, progress, hash: PhantomData })
    }

    /// Answers `server-first-message` with the proof.
    async fn prove(&mut self, challenge: &[u8]) -> Result<Secret, BoxError> {
        let first = ServerFirst::parse(challenge, &self.nonce)?;
        let without_proof = format!("c={},r={}", BASE64.encode(&self.bound), first.nonce);
        let signed = format!("{},{},{without_proof}", self.bare, first.text);
        let (password, salt, iterations) = (self.password.clone(), first.salt, first.iterations);
        let computed = tokio::task::spawn_blocking(move || {
            ClientProof::compute::<D>(password.expose(), &salt, iterations, signed.as_bytes())
        });
        let proof = computed.await?;
        self.progress = Progress::Proven(proof.server_signature);
        let message = format!("{without_proof},p={}", BASE64.encode(proof.proof));
        Ok(Secret::new(message.into_bytes()))
    }

    async fn answer(&mut self, challenge: &[u8]) -> Result<Secret, BoxError> {
        match std::mem::replace(&mut self.progress, Progress::Broken) {
            Progress::Started => self.prove(challenge).await,
            Progress::Proven(signature) => {
                server_message::verify(challenge, &signature)?;
                self.progress = Progress::Verified;
                Ok(Secret::default())
            }
            Progress::Verified | Progress::Broken => Err(ClientError::Over.into()),
        }
    }
}

/// `gs2-cb-flag`, and the data that goes with it. `y` tells a server that offers a -PLUS mechanism
/// that somebody has taken it out of the offer (RFC 5802 section 6).
fn flag(mechanism: Mechanism, offer: &AuthOffer) -> (String, &[u8]) {
    let offered = offer.mechanisms.iter().any(|name| name.starts_with("SCRAM-") && name.ends_with("-PLUS"));
    match binding(offer) {
        Some((name, data)) if mechanism.has_channel_binding() => (format!("p={name}"), data),
        Some(_) if !offered => ("y".to_owned(), &[]),
        _ => ("n".to_owned(), &[]),
    }
}

/// `saslname`: a comma and an equals sign would be taken for SCRAM's own.
pub(super) fn sasl_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

impl<D: Hash> AuthExchange for Scram<D> {
    fn mechanism(&self) -> &str {
        self.mechanism.name()
    }

    fn initial_response(&mut self) -> Result<Option<Secret>, BoxError> {
        Ok(Some(Secret::new(format!("{}{}", self.gs2_header, self.bare).into_bytes())))
    }

    fn respond<'a>(&'a mut self, challenge: &'a [u8]) -> Response<'a> {
        Box::pin(self.answer(challenge))
    }

    fn finish(&mut self) -> Result<(), BoxError> {
        match self.progress {
            Progress::Verified => Ok(()),
            Progress::Proven(_) => Err(ClientError::Signature.into()),
            Progress::Started | Progress::Broken => Err(ClientError::NotOver.into()),
        }
    }
}

#[cfg(test)]
mod tests;
