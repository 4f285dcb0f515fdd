use std::time::Duration;

use smtp_core::{Body, BodyError, Envelope, Outcomes, Reply};

use super::connection::Connection;
use super::failure::{Failure, protocol, recipient_refusal, refusal, with_status};
use super::{Timeouts, content};
use crate::outcome;

/// How many commands are sent before their replies are read. Two sides that both write and
/// neither read would wait for each other (RFC 2920 section 3.1); this many replies fit into what
/// the system buffers.
const GROUP: usize = 100;

#[derive(Debug, Clone, Copy)]
enum Step {
    Mail,
    Rcpt(usize),
    Data,
}

/// One message and what became of it so far.
struct Transaction<'a> {
    envelope: &'a Envelope,
    mail_refused: Option<Reply>,
    data_refused: Option<Reply>,
    /// The refusal of each recipient that was refused.
    refused: Vec<Option<Reply>>,
}

/// Passes a message on.
///
/// # Errors
/// If the message itself was not received whole.
pub(super) async fn send(
    connection: &mut Connection,
    envelope: &Envelope,
    body: Body,
) -> Result<Outcomes, BodyError> {
    let refused = envelope.recipients.iter().map(|_| None).collect();
    let mut transaction = Transaction { envelope, mail_refused: None, data_refused: None, refused };
    let rest = match transaction.run(connection, body).await {
        Ok(reply) | Err(Failure::NextHop(reply)) => reply,
        Err(Failure::Body(error)) => return Err(error),
    };
    let each =
        transaction.refused.into_iter().map(|refused| refused.unwrap_or_else(|| rest.without_effects()));
    Ok(outcome::from_each(each.collect()))
}

impl Transaction<'_> {
    /// Gives the outcome of the recipients that were not refused.
    async fn run(&mut self, connection: &mut Connection, body: Body) -> Result<Reply, Failure> {
        let parameters = mail_parameters(connection, self.envelope)?;
        let steps: Vec<Step> = std::iter::once(Step::Mail)
            .chain((0..self.refused.len()).map(Step::Rcpt))
            .chain([Step::Data])
            .collect();
        for group in steps.chunks(if connection.offers.pipelining { GROUP } else { 1 }) {
            self.give_up_if_refused()?;
            let settled = self.run_group(connection, group, &parameters).await;
            // Who refuses the sender may hang up right away.
            settled.map_err(|failure| self.mail_refused.take().map_or(failure, Into::into))?;
        }
        self.give_up_if_refused()?;
        let answer = content::send(connection, body).await?;
        if answer.is_positive() { Ok(with_status(answer)) } else { Err(refusal(answer).into()) }
    }

    /// Fails if there is nobody left to whom the message could go.
    fn give_up_if_refused(&mut self) -> Result<(), Reply> {
        if let Some(reply) = self.mail_refused.take() {
            return Err(reply);
        }
        if self.refused.iter().all(Option::is_some) {
            // Each recipient has its own reply by now.
            return Err(protocol());
        }
        self.data_refused.take().map_or(Ok(()), Err)
    }

    async fn run_group(
        &mut self,
        connection: &mut Connection,
        group: &[Step],
        parameters: &str,
    ) -> Result<(), Failure> {
        for step in group {
            match step {
                Step::Mail => {
                    let path = &self.envelope.sender.path;
                    connection.push(format_args!("MAIL FROM:{path}{parameters}"));
                }
                Step::Rcpt(index) => {
                    let path = &self.envelope.recipients[*index].path;
                    connection.push(format_args!("RCPT TO:{path}"));
                }
                Step::Data => connection.push(format_args!("DATA")),
            }
        }
        let limit = |step: &Step| limit(&connection.timeouts, *step);
        let limits: Vec<Duration> = group.iter().map(limit).collect();
        connection.send(limits[0]).await?;
        for (step, limit) in group.iter().zip(limits) {
            let reply = connection.reply(limit).await?;
            if connection.broken {
                return Err(refusal(reply).into());
            }
            self.settle(connection, *step, reply).await?;
        }
        Ok(())
    }

    async fn settle(&mut self, connection: &mut Connection, step: Step, reply: Reply) -> Result<(), Reply> {
        let positive = reply.is_positive();
        match step {
            Step::Mail => self.mail_refused = (!positive).then(|| refusal(reply)),
            // Without a sender, what is said of the recipients means nothing.
            Step::Rcpt(_) if self.mail_refused.is_some() => {}
            Step::Rcpt(index) => self.refused[index] = (!positive).then(|| recipient_refusal(reply)),
            Step::Data if reply.code() != 354 => self.data_refused = Some(refusal(reply)),
            Step::Data if self.mail_refused.is_some() || self.refused.iter().all(Option::is_some) => {
                content::send_nothing(connection).await?;
            }
            Step::Data => {}
        }
        Ok(())
    }
}

fn limit(timeouts: &Timeouts, step: Step) -> Duration {
    match step {
        Step::Mail => timeouts.mail,
        Step::Rcpt(_) => timeouts.rcpt,
        Step::Data => timeouts.data,
    }
}

/// What goes behind the sender: `SIZE` and `BODY` as our client declared them, where the next hop
/// knows them.
fn mail_parameters(connection: &Connection, envelope: &Envelope) -> Result<String, Reply> {
    let declared = &envelope.sender.parameters;
    let offers = connection.offers;
    let mut parameters = String::new();
    if let Some(size) = declared.get("SIZE").filter(|_| offers.size) {
        parameters = format!(" {size}");
    }
    match declared.get("BODY").map(|body| (body, body.value().unwrap_or_default())) {
        None => {}
        Some((_, kind)) if kind.eq_ignore_ascii_case("7BIT") && !offers.eight_bit => {}
        Some((body, kind)) if offers.eight_bit && !kind.eq_ignore_ascii_case("BINARYMIME") => {
            parameters = format!("{parameters} {body}");
        }
        // RFC 6152 section 3: without conversion there is no way on.
        Some(_) => return Err(Reply::new(554, "5.6.3 next hop does not take this kind of content")),
    }
    Ok(parameters)
}
