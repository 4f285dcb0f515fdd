//! What follows from a decision.

use std::borrow::Cow;

use smtp_core::{Command, Reply, Request, Route};

use super::changes::{After, Notes, add_fields, redirect};
use super::decision::{Decision, Verdict};
use super::stage::Scope;

/// What is done with a command.
pub(super) enum Outcome {
    /// The stack below does not see it.
    Answer(Reply),
    /// It goes on, changed perhaps, and there may be something to do afterwards.
    Pass(Request, Option<Box<After>>),
    /// The message is read and forgotten.
    Swallow(Request),
}

/// `policy` is the name of the layer, if it has one of its own.
pub(super) fn follow(
    decision: Decision,
    policy: Option<&Cow<'static, str>>,
    scope: Scope,
    mut request: Request,
) -> Outcome {
    log(&decision, policy, &request);
    let Decision { verdict, changes, .. } = decision;
    let is_data = matches!(request.command, Command::Data(_));
    let mut notes = Notes::default();
    match verdict {
        Verdict::Answer(reply) => return Outcome::Answer(reply),
        Verdict::Discard if is_data => return Outcome::Swallow(request),
        Verdict::Discard => match &mut request.command {
            Command::Rcpt(recipient) => recipient.route = Some(Route::Discard),
            Command::Vrfy(_) | Command::Expn(_) => {}
            _ => notes.discarded = true,
        },
        Verdict::Accept => {}
    }
    let (mut recipient, mut redirected) = (None, false);
    if let Some(changes) = changes {
        changes.tags.into_iter().for_each(|tag| tag(scope.map(&request.session)));
        match (changes.recipients, &mut request.command) {
            (None, _) => {}
            (Some(recipients), Command::Rcpt(named)) => {
                debug_assert_eq!(recipients.len(), 1, "one recipient takes the place of one");
                let Some(other) = recipients.into_iter().next() else {
                    return Outcome::Answer(Reply::new(451, "4.3.0 try again later"));
                };
                named.clone_from(&other);
                recipient = Some(other);
            }
            (Some(recipients), Command::Data(_)) => {
                redirect(&mut request, recipients);
                redirected = true;
            }
            (recipients, _) => notes.recipients = recipients,
        }
        match is_data {
            true => add_fields(&mut request, changes.fields),
            false => notes.fields = changes.fields,
        }
    }
    let after = (!notes.is_empty() || recipient.is_some() || redirected).then(|| {
        let session = request.session.clone();
        Box::new(After { notes, scope, session, recipient, redirected })
    });
    Outcome::Pass(request, after)
}

/// Does what policies before said of this message.
pub(super) fn follow_notes(mut request: Request) -> Outcome {
    let Some(notes) = Notes::take(&request.session) else { return Outcome::Pass(request, None) };
    if notes.discarded {
        return Outcome::Swallow(request);
    }
    add_fields(&mut request, notes.fields);
    let after = notes.recipients.map(|recipients| {
        redirect(&mut request, recipients);
        let session = request.session.clone();
        let (notes, scope) = (Notes::default(), Scope::Transaction);
        Box::new(After { notes, scope, session, recipient: None, redirected: true })
    });
    Outcome::Pass(request, after)
}

fn log(decision: &Decision, policy: Option<&Cow<'static, str>>, request: &Request) {
    let by = decision.decided_by();
    let policy = policy.map(|policy| &**policy).or(by);
    let (verb, peer) = (request.command.verb(), request.session.info().peer);
    let by = by.filter(|by| Some(*by) != policy);
    match &decision.verdict {
        Verdict::Answer(reply) => {
            let (code, reply) = (reply.code().get(), reply.to_string());
            tracing::info!(policy, decided_by = by, verb, code, reply = ?reply, %peer, "refused by policy");
        }
        Verdict::Discard => tracing::info!(policy, decided_by = by, verb, %peer, "discarded by policy"),
        Verdict::Accept if decision.changes.as_ref().is_some_and(|changes| changes.recipients.is_some()) => {
            tracing::info!(policy, decided_by = by, verb, %peer, "redirected by policy");
        }
        Verdict::Accept => tracing::debug!(policy, decided_by = by, verb, %peer, "accepted by policy"),
    }
}
