//! The SASL framework (RFC 4422): rsasl, which is named here and in the mechanisms only.
//!
//! Its steps are synchronous. A step that needs the keys of a user says so and is taken again once
//! they are there.

mod callback;
mod claim;
mod property;
mod provider;
mod surroundings;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub(crate) use callback::Found;
use callback::{Callback, Desk};
pub(crate) use claim::{Claim, Proof};
pub(crate) use property::{
    BindingOffered, ByCertificate, Keys, Nonce, PresentedSecret, Proven, SharedSecret, Token, Trace,
};
pub(crate) use provider::{Name, ProvenName};
use rsasl::prelude::{Mechname, MessageSent, Registry, SASLConfig, SASLServer, State};
use surroundings::Bindings;
pub(crate) use surroundings::{NonceSource, Surroundings};

use crate::mechanism::Definition;

/// One authentication exchange, without I/O.
pub(crate) struct Exchange {
    session: rsasl::prelude::Session<Claim, Bindings>,
    desk: Arc<Desk>,
}

/// What comes of a message.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send this and go on with the answer.
    Challenge(Vec<u8>),
    /// Look this up, [present](Exchange::present) it and take the step again.
    Needs(Lookup),
    /// The exchange is over: send what is left to send. Without a claim it has failed.
    Done { last: Option<Vec<u8>>, claim: Option<Claim> },
    /// The message breaks the mechanism's rules, and the exchange with it.
    Broken,
}

/// What a mechanism has to know of the user of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The SCRAM keys.
    Keys(String),
    /// The password as it is.
    Secret(String),
}

impl Exchange {
    /// Begins; `None` if rsasl does not know the mechanism.
    pub(crate) fn start(mechanism: &Definition, surroundings: Surroundings) -> Option<Self> {
        let desk = Arc::<Desk>::default();
        let bindings = Bindings(surroundings.tls.clone());
        let config = SASLConfig::builder()
            .with_registry(Registry::with_mechanisms(mechanism.sasl))
            .with_callback(Callback::new(desk.clone(), surroundings))
            .ok()?;
        let name = Mechname::parse(mechanism.name.as_bytes()).ok()?;
        let session = SASLServer::<Claim, Bindings>::with_cb(config, bindings).start_suggested(name).ok()?;
        Some(Self { session, desk })
    }

    /// Takes a message of the client; `None` if the server speaks first.
    pub(crate) fn step(&mut self, message: Option<&[u8]>) -> Step {
        // No panic is known. One that is found by a stranger must end this exchange alone.
        catch_unwind(AssertUnwindSafe(|| self.unguarded_step(message))).unwrap_or_else(|_| {
            tracing::error!("a SASL mechanism panicked");
            Step::Broken
        })
    }

    fn unguarded_step(&mut self, message: Option<&[u8]>) -> Step {
        let mut written = Vec::new();
        match self.session.step(message, &mut written) {
            Ok(State::Running) => Step::Challenge(written),
            Ok(State::Finished(sent)) => {
                let last = (sent == MessageSent::Yes).then_some(written);
                Step::Done { last, claim: self.session.validation() }
            }
            // The error is not logged: it may quote a character of a password.
            Err(_) => self.desk.take_wanted().map_or(Step::Broken, Step::Needs),
        }
    }

    /// Gives what was asked for.
    pub(crate) fn present(&self, found: Found) {
        self.desk.present(found);
    }
}

impl Lookup {
    /// Whose it is.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Keys(name) | Self::Secret(name) => name,
        }
    }
}
