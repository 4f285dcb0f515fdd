use futures::stream::{StreamExt as _, iter};
use smtp_core::{Body, BodyError, Envelope, Host, Outcomes, Reply, Session};
use tokio::time::{Instant, timeout_at};

use super::level::Level;
use super::way::{AT_ONCE, Job, Way};
use super::{Mx, refusal};
use crate::outcome;
use crate::relay::Relay;
use crate::relay::hop::PATIENCE;
use crate::relay::progress::{Progress, part};
use crate::relay::rewind::Rewind;
use crate::{SpoolOptions, Spooled};

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
