use futures::stream::{StreamExt as _, iter};
use smtp_core::client::Destination;
use smtp_core::{Envelope, Reply};
use tokio::time::timeout;

use super::group::{Group, Target, by_target};
use super::level::is_usable;
use super::plan::Plan;
use super::{LookupError, Mx, refusal};
use crate::relay::Relay;
use crate::relay::hop::Hop;

/// How many destinations of a message are looked up, and tried, at the same time.
pub(super) const AT_ONCE: usize = 10;

/// The way to the servers of some recipients.
pub(super) enum Way {
    Domain { to: Destination, plan: Plan },
    Address(Hop),
}

/// Some recipients, and the way to their servers.
pub(super) struct Job {
    pub(super) recipients: Vec<usize>,
    pub(super) way: Way,
}

impl Relay {
    /// The ways of all recipients who have one; the others are settled.
    pub(super) async fn jobs(
        &self,
        mx: &Mx,
        envelope: &Envelope,
        settle: &mut impl FnMut(&[usize], Vec<Reply>),
    ) -> Vec<Job> {
        let groups = by_target(envelope);
        let found: Vec<_> = groups.iter().map(|group| self.way(mx, &group.target)).collect();
        let found: Vec<_> = iter(found).buffered(AT_ONCE).collect().await;
        let alike = self.settings.auth.is_none() && !self.settings.tls.depends_on_domain();
        let mut jobs: Vec<Job> = Vec::new();
        for (Group { recipients, .. }, found) in groups.into_iter().zip(found) {
            match found {
                Err(reply) => {
                    let all = recipients.iter().map(|_| reply.without_effects()).collect();
                    settle(&recipients, all);
                }
                Ok(way) => match jobs.iter_mut().find(|job| alike && job.way.is_same(&way)) {
                    Some(job) => job.recipients.extend(recipients),
                    None => jobs.push(Job { recipients, way }),
                },
            }
        }
        // In the order of the envelope, in which outcomes come.
        jobs.iter_mut().for_each(|job| job.recipients.sort_unstable());
        jobs
    }

    async fn way(&self, mx: &Mx, target: &Target) -> Result<Way, Reply> {
        let domain = match target {
            Target::Domain(domain) => domain,
            Target::Address(address) if mx.own.is_address(*address) => return Err(refusal::circle()),
            Target::Address(address) if is_usable(&address.to_canonical()) => {
                let address = address.to_canonical();
                let to = Destination::new(address.to_string(), mx.port);
                return Ok(Way::Address(Hop::at(address, to, &self.settings.sources)));
            }
            Target::Address(_) | Target::Nowhere => return Err(refusal::no_domain()),
        };
        let limit = self.settings.timeouts.connect;
        let found = match timeout(limit, mx.lookup.mail_exchangers(domain)).await {
            Ok(Ok(found)) => found,
            Ok(Err(LookupError::NoSuchName)) => return Err(refusal::no_such_domain()),
            Ok(Err(error)) => {
                tracing::warn!(%domain, %error, "mail servers of a domain cannot be looked up");
                return Err(refusal::not_known());
            }
            Err(_) => {
                tracing::warn!(%domain, "mail servers of a domain take too long to look up");
                return Err(refusal::not_known());
            }
        };
        let plan = Plan::new(domain, found, &mx.own)?;
        let mut to = Destination::new(domain.to_ascii(), mx.port).domain(domain.clone());
        to.secure = plan.secure;
        Ok(Way::Domain { to, plan })
    }
}

impl Way {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Domain { plan, .. }, Self::Domain { plan: other, .. }) => plan == other,
            _ => false,
        }
    }
}
