use futures::stream::{StreamExt as _, iter};
use smtp_core::client::Destination;
use smtp_core::{Body, BodyError, Envelope, Host, Outcomes, Reply, Session};
use tokio::time::{Instant, timeout, timeout_at};

use super::group::{Group, Target, by_target};
use super::level::Level;
use super::plan::Plan;
use super::{LookupError, Mx, refusal};
use crate::outcome;
use crate::relay::Relay;
use crate::relay::hop::{Hop, PATIENCE};
use crate::relay::progress::{Progress, part};
use crate::relay::rewind::Rewind;
use crate::{SpoolOptions, Spooled};

/// To how many destinations a message goes at the same time.
const AT_ONCE: usize = 10;

/// The way to the servers of some recipients.
enum Way {
    Domain { to: Destination, plan: Plan },
    Address(Hop),
}

/// Some recipients, and the way to their servers.
struct Job {
    recipients: Vec<usize>,
    way: Way,
}

impl Relay {
    /// Passes a message on to the servers of its recipients' domains.
    pub(in crate::relay) async fn deliver_by_mx(
        &self,
        mx: &Mx,
        envelope: &Envelope,
        body: Body,
        session: &Session,
    ) -> Result<Outcomes, BodyError> {
        let name = self.settings.name.as_ref().unwrap_or(session.server_name());
        let mx = mx.with_own(name, session);
        let mut each: Vec<Option<Reply>> = envelope.recipients.iter().map(|_| None).collect();
        let mut settle = |recipients: &[usize], replies: Vec<Reply>| {
            for (index, reply) in recipients.iter().zip(replies) {
                each[*index] = Some(reply);
            }
        };
        let jobs = self.jobs(&mx, envelope, &mut settle).await;
        match &jobs[..] {
            [] => {}
            [job] => {
                let part = part(envelope, &job.recipients);
                let outcomes = self.run(&mx, &job.way, name, &part, Rewind::stream(body)).await?;
                settle(&job.recipients, outcomes);
            }
            several => match spooled(body, &self.settings.spool).await? {
                Err(reply) => {
                    let all = |job: &Job| job.recipients.iter().map(|_| reply.without_effects()).collect();
                    several.iter().for_each(|job| settle(&job.recipients, all(job)));
                }
                Ok(content) => {
                    let running: Vec<_> =
                        several.iter().map(|job| self.run_part(&mx, job, name, envelope, &content)).collect();
                    let outcomes: Vec<_> = iter(running).buffered(AT_ONCE).collect().await;
                    for (job, outcomes) in several.iter().zip(outcomes) {
                        settle(&job.recipients, outcomes);
                    }
                }
            },
        }
        let each = each.into_iter().map(|reply| reply.unwrap_or_else(refusal::not_known));
        Ok(outcome::from_each(each.collect()))
    }

    /// The ways of all recipients who have one; the others are settled.
    async fn jobs(
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
        jobs
    }

    async fn way(&self, mx: &Mx, target: &Target) -> Result<Way, Reply> {
        let domain = match target {
            Target::Domain(domain) => domain,
            Target::Address(address) if mx.own.is_address(*address) => return Err(refusal::circle()),
            Target::Address(address) => {
                let to = Destination::new(address.to_string(), mx.port);
                return Ok(Way::Address(Hop::at(*address, to, &self.settings.sources)));
            }
            Target::Nowhere => return Err(refusal::no_domain()),
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

    async fn run_part(
        &self,
        mx: &Mx,
        job: &Job,
        name: &Host,
        envelope: &Envelope,
        content: &Spooled,
    ) -> Vec<Reply> {
        let part = part(envelope, &job.recipients);
        match self.run(mx, &job.way, name, &part, Rewind::spooled(content)).await {
            Ok(outcomes) => outcomes,
            Err(error) => outcome::into_each(error.reply().into(), job.recipients.len()),
        }
    }

    /// Tries the servers of one destination.
    async fn run(
        &self,
        mx: &Mx,
        way: &Way,
        name: &Host,
        envelope: &Envelope,
        mut content: Rewind,
    ) -> Result<Vec<Reply>, BodyError> {
        let mut progress = Progress::new(envelope.recipients.len());
        let until = Instant::now() + mx.patience;
        let (to, plan) = match way {
            Way::Domain { to, plan } => (to, plan),
            Way::Address(hop) => {
                let hops = std::slice::from_ref(hop);
                self.try_each(hops, name, envelope, &mut content, &mut progress, until).await?;
                return Ok(progress.into_each());
            }
        };
        let (mut tried, mut trouble) = (false, None);
        let mut left = mx.max_addresses;
        let levels = plan.levels(mx.max_hosts);
        for (index, hosts) in levels.iter().enumerate() {
            let level = timeout_at(until, mx.level(hosts, to, &self.settings.sources)).await;
            let mut hops = match level.unwrap_or(Level::Nobody { temporary: true }) {
                Level::Servers(hops) => hops,
                Level::Nobody { temporary: true } => {
                    trouble = Some(refusal::not_known());
                    continue;
                }
                Level::Nobody { temporary: false } => continue,
                Level::Ours => {
                    trouble.get_or_insert_with(refusal::circle);
                    break;
                }
            };
            hops.truncate(left);
            left -= hops.len();
            let others = hops.len() - usize::from(index + 1 == levels.len());
            hops.iter_mut().take(others).for_each(|hop| hop.patience = PATIENCE);
            tried = true;
            let more = self.try_each(&hops, name, envelope, &mut content, &mut progress, until).await?;
            if !more || left == 0 {
                break;
            }
        }
        if tried {
            return Ok(progress.into_each());
        }
        let none = if plan.implicit { refusal::no_such_domain } else { refusal::no_address };
        let reply = trouble.unwrap_or_else(none);
        Ok(outcome::into_each(reply.into(), envelope.recipients.len()))
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

impl Mx {
    /// With what the session says of this server.
    fn with_own(&self, name: &Host, session: &Session) -> Self {
        let mut mx = self.clone();
        mx.own.names.extend([name, session.server_name()].into_iter().filter_map(Host::domain).cloned());
        mx.own.addresses.extend(session.info().local.map(|local| local.ip().to_canonical()));
        mx
    }
}

/// The whole content; a reply if it cannot be kept.
async fn spooled(body: Body, options: &SpoolOptions) -> Result<Result<Spooled, Reply>, BodyError> {
    match Spooled::read(body, options).await {
        Ok(content) => Ok(Ok(content)),
        Err(error) => crate::relay::deliver::not_spooled(error).map(Err),
    }
}
