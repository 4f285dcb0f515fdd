//! The program of a marked recipient gets the message.

use std::sync::Arc;

use smtp_server::delivery::{DeliveredToLayer, Pipe, ReturnPathLayer};
use smtp_server::{BoxDelivery, BoxError, DeliveryService, Message, Outcomes, Reply};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

use super::mark::command;
use super::{Account, Programs};
use crate::residents::DETAIL;

/// Delivers to the programs that are allowed; `None` if none is. Whatever else a recipient means waits until
/// somebody allows it.
pub(crate) fn delivery(programs: Option<Programs>) -> impl DeliveryService + Clone + Sync {
    let programs = Arc::new(programs);
    service_fn(move |message: Message| deliver(programs.clone(), message))
}

async fn deliver(programs: Arc<Option<Programs>>, message: Message) -> Result<Outcomes, BoxError> {
    let command = match &message.envelope.recipients[..] {
        [recipient] => command(recipient),
        // Each waits for itself.
        _ => None,
    };
    let pipe = command.as_deref().zip(programs.as_ref().as_ref());
    let Some(pipe) = pipe.and_then(|(command, programs)| pipe_of(command, programs)) else {
        tracing::error!(command, "a member of an alias is no program that [local] programs allow");
        return Ok(Reply::new(451, "4.3.5 the alias cannot be followed now").into());
    };
    let delivery =
        ServiceBuilder::new().layer(DeliveredToLayer::new()).layer(ReturnPathLayer::new()).service(pipe);
    // Without the box, the types of two layers more would stand in those of everything around.
    BoxDelivery::new(delivery).oneshot(message).await
}

/// How the command is run, if it is allowed.
fn pipe_of(command: &str, programs: &Programs) -> Option<Pipe> {
    let words = programs.words(command).ok()?;
    // The words of the file are arguments as they stand: nothing of the message gets into them.
    let literal: Vec<String> = words.iter().map(|word| word.replace('{', "{{").replace('}', "}}")).collect();
    let pipe = Pipe::command(literal.iter().map(String::as_str)).ok()?;
    let pipe = pipe.detail_separator(DETAIL);
    Some(match programs.account.as_ref().and_then(Account::to_change_to) {
        None => pipe,
        Some(account) => {
            let pipe = pipe.user(account.user).group(account.group);
            match account.home.as_ref().and_then(|home| home.to_str()) {
                Some(home) => pipe.env("HOME", home),
                None => pipe,
            }
        }
    })
}
