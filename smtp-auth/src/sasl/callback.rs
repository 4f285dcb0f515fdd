use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rsasl::callback::{CallbackError, Context, Request, SessionCallback, SessionData};
use rsasl::prelude::SessionError;
use rsasl::property::{AuthId, Hostname, Service};
use rsasl::validate::{Validate, ValidationError};

use super::{BindingOffered, Claim, Keys, Lookup, Nonce, PresentedSecret, SharedSecret, Surroundings};
use crate::scram::PresentedKeys;

/// Where an exchange and the mechanism within it leave things for each other.
#[derive(Default)]
pub(super) struct Desk(Mutex<Items>);

#[derive(Default)]
struct Items {
    found: Option<Found>,
    wanted: Option<Lookup>,
}

/// What was looked up.
#[derive(Debug)]
pub(crate) enum Found {
    Keys(PresentedKeys),
    Secret(PresentedSecret),
}

impl Desk {
    pub(super) fn take_wanted(&self) -> Option<Lookup> {
        self.lock().wanted.take()
    }

    pub(super) fn present(&self, found: Found) {
        self.lock().found = Some(found);
    }

    /// Takes what was found, or says what has to be looked up.
    fn take_or_want(
        &self,
        context: &Context<'_>,
        lookup: fn(String) -> Lookup,
    ) -> Result<Found, SessionError> {
        let mut items = self.lock();
        items.found.take().ok_or_else(|| {
            items.wanted = context.get_ref::<AuthId>().map(|name| lookup(name.to_owned()));
            CallbackError::NoValue.into()
        })
    }

    fn lock(&self) -> MutexGuard<'_, Items> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What rsasl asks.
pub(super) struct Callback {
    desk: Arc<Desk>,
    surroundings: Surroundings,
}

impl Callback {
    pub(super) fn new(desk: Arc<Desk>, surroundings: Surroundings) -> Self {
        Self { desk, surroundings }
    }
}

impl SessionCallback for Callback {
    fn callback(
        &self,
        _: &SessionData,
        context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        let surroundings = &self.surroundings;
        request
            .satisfy_with::<Nonce, _>(|| Ok((surroundings.nonce.0)()))?
            .satisfy::<Hostname>(&surroundings.server_name)?
            .satisfy::<Service>(surroundings.service)?
            .satisfy::<BindingOffered>(&surroundings.binding_offered)?;
        if request.is::<Keys>() {
            if let Found::Keys(keys) = self.desk.take_or_want(context, Lookup::Keys)? {
                request.satisfy::<Keys>(&keys)?;
            }
        } else if request.is::<SharedSecret>()
            && let Found::Secret(secret) = self.desk.take_or_want(context, Lookup::Secret)?
        {
            request.satisfy::<SharedSecret>(&secret)?;
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
