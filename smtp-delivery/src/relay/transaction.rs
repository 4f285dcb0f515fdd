use std::time::Duration;

use smtp_core::{BodyError, Envelope, Reply};
use tokio::time::Instant;

use super::connection::Connection;
use super::failure::{Failure, protocol, recipient_refusal, refusal, with_status};
use super::rewind::Rewind;
use super::{LongLines, Timeouts, chunks, content, pass_on};

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
    long_lines: LongLines,
    /// When all recipients have to be accepted or refused.
    until: Instant,
    /// What goes behind the sender, and behind each recipient.
    mail_parameters: String,
    rcpt_parameters: Vec<String>,
    /// The next hop may not have what the message needs, nor has it said so: others may have it.
    unknown: bool,
    mail_refused: Option<Reply>,
    data_refused: Option<Reply>,
    /// The refusal of each recipient that was refused.
    refused: Vec<Option<Reply>>,
    /// What was answered for the others one by one, in their order (RFC 2033 section 4.2).
    answered: Vec<Reply>,
}

/// What came of a message.
pub(crate) struct Sent {
    /// The refusal of each recipient that was refused, in the order of the envelope.
    pub(crate) refused: Vec<Option<Reply>>,
    /// The outcomes of those of the others that were answered for one by one.
    answered: Vec<Reply>,
    /// The outcome of the rest.
    pub(crate) rest: Reply,
    /// It failed because the server did, which cannot have the message.
    pub(crate) may_go_elsewhere: bool,
}

impl Sent {
    /// The outcome of each recipient.
    pub(crate) fn each(self) -> Vec<Reply> {
        let (mut answered, rest) = (self.answered.into_iter(), self.rest);
        let each = self.refused.into_iter().map(|refused| refused.or_else(|| answered.next()));
        each.map(|reply| reply.unwrap_or_else(|| rest.without_effects())).collect()
    }
}

/// Passes a message on.
///
/// # Errors
/// If the message itself was not received whole.
pub(crate) async fn send(
    connection: &mut Connection,
    envelope: &Envelope,
    content: &mut Rewind,
    long_lines: LongLines,
) -> Result<Sent, BodyError> {
    let mut transaction = Transaction {
        envelope,
        long_lines,
        until: Instant::now() + connection.timeouts.recipients,
        mail_parameters: String::new(),
        rcpt_parameters: Vec::new(),
        unknown: false,
        mail_refused: None,
        data_refused: None,
        refused: Vec::new(),
        answered: Vec::new(),
    };
    connection.messages += 1;
    let rest = match transaction.run(connection, content).await {
        Ok(reply) | Err(Failure::NextHop(reply)) => reply,
        Err(Failure::Body(error)) => return Err(error),
    };
    let Transaction { refused, answered, unknown, .. } = transaction;
    let server_failed = (connection.broken || unknown) && rest.is_transient();
    let may_go_elsewhere = server_failed && !content.committed && refused.iter().any(Option::is_none);
    Ok(Sent { refused, answered, rest, may_go_elsewhere })
}

impl Transaction<'_> {
    /// Gives the outcome of the recipients that were not refused.
    async fn run(&mut self, connection: &mut Connection, content: &mut Rewind) -> Result<Reply, Failure> {
        self.find_parameters(connection).inspect_err(|_| self.unknown = !connection.offers.are_known())?;
        let binary = pass_on::is_binary(self.envelope);
        let accepted = (0..self.refused.len()).filter(|index| self.refused[*index].is_none());
        let steps: Vec<Step> = std::iter::once(Step::Mail)
            .chain(accepted.map(Step::Rcpt))
            .chain((!binary).then_some(Step::Data))
            .collect();
        for group in steps.chunks(if connection.offers.has("PIPELINING") { GROUP } else { 1 }) {
            self.give_up_if_refused()?;
            let settled = self.run_group(connection, group).await;
            // Who refuses the sender may hang up right away.
            settled.map_err(|failure| self.mail_refused.take().map_or(failure, Into::into))?;
        }
        self.give_up_if_refused()?;
        let answer = if binary {
            chunks::send(connection, content).await?
        } else {
            content::send(connection, content, self.long_lines).await?
        };
        if connection.is_lmtp() {
            return Ok(self.read_answers(connection, answer).await?);
        }
        Ok(settled(answer))
    }

    /// Reads the answer for each recipient that was not refused, behind the first one. Those that came
    /// hold, whatever becomes of the connection then; gives what holds for the rest.
    async fn read_answers(&mut self, connection: &mut Connection, first: Reply) -> Result<Reply, Reply> {
        let recipients = self.refused.iter().filter(|refused| refused.is_none()).count();
        let until = Instant::now() + connection.timeouts.recipients;
        let mut last = settled(first);
        self.answered.push(last.without_effects());
        while self.answered.len() < recipients && !connection.broken {
            let limit = connection.timeouts.end_of_data.min(left(until));
            last = settled(connection.reply(limit).await?);
            self.answered.push(last.without_effects());
        }
        // Who closes has said why; that cannot be success.
        Ok(last)
    }

    /// Finds out what can be passed on, and fails if nothing can.
    fn find_parameters(&mut self, connection: &Connection) -> Result<(), Reply> {
        for recipient in &self.envelope.recipients {
            let (parameters, refused) = match pass_on::rcpt(connection, &self.envelope.sender, recipient) {
                Ok(parameters) => (parameters, None),
                Err(refusal) => (String::new(), Some(refusal)),
            };
            self.rcpt_parameters.push(parameters);
            self.refused.push(refused);
        }
        self.mail_parameters = pass_on::mail(connection, self.envelope)?;
        self.give_up_if_refused()
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

    async fn run_group(&mut self, connection: &mut Connection, group: &[Step]) -> Result<(), Failure> {
        for step in group {
            match step {
                Step::Mail => {
                    let (path, parameters) = (&self.envelope.sender.path, &self.mail_parameters);
                    connection.push(format_args!("MAIL FROM:{path}{parameters}"));
                }
                Step::Rcpt(index) => {
                    let path = &self.envelope.recipients[*index].path;
                    let parameters = &self.rcpt_parameters[*index];
                    connection.push(format_args!("RCPT TO:{path}{parameters}"));
                }
                Step::Data => connection.push(format_args!("DATA")),
            }
        }
        let limit = |step: &Step| limit(&connection.timeouts, *step);
        let limits: Vec<Duration> = group.iter().map(limit).collect();
        connection.send(limits[0]).await?;
        for (step, limit) in group.iter().zip(limits) {
            let reply = connection.reply(limit.min(left(self.until))).await?;
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

/// What the answer to the content means.
fn settled(answer: Reply) -> Reply {
    if answer.is_positive() { with_status(answer) } else { refusal(answer) }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

fn limit(timeouts: &Timeouts, step: Step) -> Duration {
    match step {
        Step::Mail => timeouts.mail,
        Step::Rcpt(_) => timeouts.rcpt,
        Step::Data => timeouts.data,
    }
}
