use std::task::{Context, Poll};

use jiff::Zoned;
use smtp_core::{BoxError, BoxFuture, DeliveryService, Message, Outcomes, Reply};
use tower_service::Service;

use super::fix::Fix;
use super::sane::is_sane;
use super::{Bcc, SubmissionLayer};
use crate::TraceId;
use crate::header::{End, Head};

/// The service of [`SubmissionLayer`].
#[derive(Debug, Clone)]
pub struct Submission<S> {
    pub(super) inner: S,
    pub(super) rules: SubmissionLayer,
}

impl<S: DeliveryService + Clone> Service<Message> for Submission<S> {
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, message: Message) -> Self::Future {
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, stays);
        if self.rules.applies.as_ref().is_some_and(|applies| !applies(&message.session)) {
            let answer = ready.call(message);
            return Box::pin(async { answer.await.map_err(Into::into) });
        }
        let rules = self.rules.clone();
        Box::pin(async move {
            match fixed(&rules, message).await? {
                Ok(message) => ready.call(message).await.map_err(Into::into),
                Err(refusal) => Ok(refusal.into()),
            }
        })
    }
}

async fn fixed(rules: &SubmissionLayer, mut message: Message) -> Result<Result<Message, Reply>, BoxError> {
    let Message { envelope, body, session } = message;
    let head = Head::read(body).await?;
    if rules.strict && !(head.end == End::Proper && is_sane(&head.header)) {
        return Ok(Err(Reply::new(554, "5.6.0 the header of this message is not as it has to be")));
    }
    if head.end == End::TooLong && rules.bcc != Bcc::Keep {
        // Whom it hides may be named further down.
        return Ok(Err(Reply::new(552, "5.3.4 the header of this message is too long")));
    }
    let now = Zoned::now();
    let fix = Fix {
        rules,
        sender: envelope.sender.path.mailbox(),
        host: rules.host.as_ref().unwrap_or(session.server_name()),
        id: session.transaction().get::<TraceId>().unwrap_or_else(|| TraceId::new(now.timestamp())),
        now: &now,
    };
    let header = match head.end {
        // What is missing may be further down.
        End::TooLong => head.header.clone(),
        end => fix.header(&head.header, end == End::Improper).into(),
    };
    message = Message::new(envelope, head.into_body(header), session);
    Ok(Ok(message))
}
