//! Putting the outcomes of a message together.

use smtp_core::{BodyError, BoxError, Outcomes, Reply};

/// The shortest form of one reply for each recipient.
pub(crate) fn from_each(mut replies: Vec<Reply>) -> Outcomes {
    let alike = replies.windows(2).all(|pair| {
        let (one, other) = (&pair[0], &pair[1]);
        one == other && one.remote() == other.remote() && one.retry_after() == other.retry_after()
    });
    match replies.pop() {
        Some(reply) if alike => Outcomes::All(reply),
        Some(reply) => {
            replies.push(reply);
            Outcomes::Each(replies)
        }
        None => Outcomes::All(missing()),
    }
}

/// One reply for each of `count` recipients.
pub(crate) fn into_each(outcomes: Outcomes, count: usize) -> Vec<Reply> {
    match outcomes {
        Outcomes::All(reply) => (0..count).map(|_| reply.without_effects()).collect(),
        Outcomes::Each(mut replies) => {
            // A delivery that forgot recipients did not deliver to them.
            replies.truncate(count);
            replies.resize_with(count, missing);
            replies
        }
    }
}

/// What an error of a delivery means to those recipients that it was for.
pub(crate) fn from_error(error: BoxError) -> Reply {
    match error.downcast::<Reply>() {
        Ok(reply) => *reply,
        Err(error) => match error.downcast_ref::<BodyError>() {
            Some(error) => error.reply(),
            None => {
                tracing::warn!(%error, "delivery failed");
                Reply::new(451, "4.3.0 delivery failed, try again later")
            }
        },
    }
}

pub(crate) fn missing() -> Reply {
    Reply::new(451, "4.3.0 the delivery gave no outcome")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok() -> Reply {
        Reply::new(250, "2.0.0 OK")
    }

    #[test]
    fn like_replies_become_one() {
        assert_eq!(from_each(vec![ok(), ok()]), Outcomes::All(ok()));
        let no = || Reply::new(550, "5.1.1 no");
        assert_eq!(from_each(vec![ok(), no()]), Outcomes::Each(vec![ok(), no()]));
        assert!(from_each(Vec::new()).fold().is_transient());
    }

    #[test]
    fn every_recipient_has_an_outcome() {
        assert_eq!(into_each(Outcomes::All(ok()), 2), [ok(), ok()]);
        assert_eq!(into_each(Outcomes::Each(vec![ok()]), 2), [ok(), missing()]);
        assert_eq!(into_each(Outcomes::Each(vec![ok(), ok()]), 1), [ok()]);
    }
}
