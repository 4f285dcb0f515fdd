//! A message divided among several deliveries.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;

use futures::future::join_all;
use smtp_core::{BoxError, BoxFuture, DeliveryService, Envelope, Message, Outcomes, Recipient, Reply};

use crate::{SpoolOptions, Spooled, outcome};

/// Hands each part of a message to its delivery: for each recipient, `choices` has the number of one, or
/// the recipient's refusal.
///
/// A message that goes one way only is passed on untouched, and its error is that of the whole. One that
/// goes several ways is read whole first and delivered all ways at the same time; what fails on one
/// does not fail on the others.
pub(crate) async fn deliver(
    message: Message,
    choices: Vec<Result<usize, Reply>>,
    spool: &SpoolOptions,
    mut hand_over: impl FnMut(usize, Message) -> BoxFuture<Result<Outcomes, BoxError>>,
) -> Result<Outcomes, BoxError> {
    let mut ways = BTreeMap::<usize, Vec<usize>>::new();
    let mut replies = Vec::with_capacity(choices.len());
    for (index, choice) in choices.into_iter().enumerate() {
        if let Ok(way) = choice {
            ways.entry(way).or_default().push(index);
        }
        replies.push(choice.err());
    }
    let Message { envelope, body, session } = message;
    if ways.len() > 1 {
        let spooled = Spooled::read(body, spool).await?;
        let parts = ways.iter().map(|(way, indices)| {
            let part = Message::new(part(&envelope, indices), spooled.body(), session.clone());
            hand_over(*way, part)
        });
        for (outcomes, indices) in join_all(parts).await.into_iter().zip(ways.values()) {
            settle(&mut replies, indices, outcomes.unwrap_or_else(|error| outcome::from_error(error).into()));
        }
    } else if let Some((way, indices)) = ways.first_key_value() {
        let outcomes = hand_over(*way, Message::new(part(&envelope, indices), body, session)).await?;
        settle(&mut replies, indices, outcomes);
    }
    Ok(outcome::from_each(replies.into_iter().map(|reply| reply.unwrap_or_else(outcome::missing)).collect()))
}

/// Waits until a delivery is ready, and calls it.
pub(crate) async fn call(mut delivery: impl DeliveryService, message: Message) -> Result<Outcomes, BoxError> {
    poll_fn(|cx| delivery.poll_ready(cx)).await.map_err(Into::into)?;
    delivery.call(message).await.map_err(Into::into)
}

/// The envelope with these recipients alone; the same one if these are all.
pub(crate) fn part(envelope: &Arc<Envelope>, indices: &[usize]) -> Arc<Envelope> {
    if indices.len() == envelope.recipients.len() {
        return envelope.clone();
    }
    let recipients: Vec<Recipient> =
        indices.iter().map(|index| envelope.recipients[*index].clone()).collect();
    Arc::new(Envelope { sender: envelope.sender.clone(), recipients })
}

fn settle(replies: &mut [Option<Reply>], indices: &[usize], outcomes: Outcomes) {
    for (index, reply) in indices.iter().zip(outcome::into_each(outcomes, indices.len())) {
        replies[*index] = Some(reply);
    }
}
