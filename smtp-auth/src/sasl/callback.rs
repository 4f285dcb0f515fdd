use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::RngCore as _;
use rsasl::callback::{CallbackError, Context, Request, SessionCallback, SessionData};
use rsasl::prelude::SessionError;
use rsasl::property::AuthId;
use rsasl::validate::{Validate, ValidationError};

use super::{Claim, Keys, Nonce};
use crate::scram::PresentedKeys;

/// Where an exchange and the mechanism within it leave things for each other.
#[derive(Default)]
pub(super) struct Desk(Mutex<Items>);

#[derive(Default)]
struct Items {
    keys: Option<PresentedKeys>,
    wanted: Option<String>,
}

impl Desk {
    pub(super) fn take_wanted(&self) -> Option<String> {
        self.lock().wanted.take()
    }

    pub(super) fn present(&self, keys: PresentedKeys) {
        self.lock().keys = Some(keys);
    }

    fn lock(&self) -> MutexGuard<'_, Items> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where nonces come from; tests put theirs here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NonceSource(pub(crate) fn() -> String);

impl Default for NonceSource {
    /// 18 random octets in base64: more than RFC 5802 section 5.1 wants, and without padding.
    fn default() -> Self {
        Self(|| {
            let mut octets = [0; 18];
            rand::rng().fill_bytes(&mut octets);
            BASE64.encode(octets)
        })
    }
}

/// What rsasl asks.
pub(super) struct Callback {
    desk: Arc<Desk>,
    nonce: NonceSource,
}

impl Callback {
    pub(super) fn new(desk: Arc<Desk>, nonce: NonceSource) -> Self {
        Self { desk, nonce }
    }
}

impl SessionCallback for Callback {
    fn callback(
        &self,
        _: &SessionData,
        context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        request.satisfy_with::<Nonce, _>(|| Ok((self.nonce.0)()))?;
        if request.is::<Keys>() {
            let keys = self.desk.lock().keys.take();
            match keys {
                Some(keys) => {
                    request.satisfy::<Keys>(&keys)?;
                }
                None => {
                    self.desk.lock().wanted = context.get_ref::<AuthId>().map(str::to_owned);
                    return Err(CallbackError::NoValue.into());
                }
            }
        }
        Ok(())
    }

    fn validate(
        &self,
        _: &SessionData,
        context: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        if let Some(claim) = Claim::read(context) {
            validate.finalize::<Claim>(claim);
        }
        Ok(())
    }
}
