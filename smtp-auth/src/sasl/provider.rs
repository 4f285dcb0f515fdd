//! What mechanisms tell in the same way.

use rsasl::mechanism::{Demand, DemandReply, Provider};
use rsasl::property::{AuthId, AuthzId};

use super::Proven;

/// Who the client says that it is, and for whom it wants to act.
pub(crate) struct Name<'a> {
    pub(crate) name: &'a str,
    /// Empty if it does not say so.
    pub(crate) acts_for: &'a str,
}

impl<'a> Provider<'a> for Name<'a> {
    fn provide(&self, demand: &mut Demand<'a>) -> DemandReply<()> {
        demand.provide_ref::<AuthId>(self.name)?.provide_ref::<AuthzId>(self.acts_for)?.done()
    }
}

/// The same, of which the mechanism saw a proof.
pub(crate) struct ProvenName<'a>(pub(crate) Name<'a>);

impl<'a> Provider<'a> for ProvenName<'a> {
    fn provide(&self, demand: &mut Demand<'a>) -> DemandReply<()> {
        self.0.provide(demand)?;
        demand.provide_ref::<Proven>(&())?.done()
    }
}
