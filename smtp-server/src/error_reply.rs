//! From a service's error to the reply that the client gets.

use std::error::Error;

use smtp_core::{BodyError, BoxError, DialogueError, Reply};
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

/// The reply to a command whose service failed: the one that the error carries, or one that fits
/// the errors of tower's own middleware, or else 451 with a generic text. Facts go to the log.
pub(crate) fn error_reply(error: BoxError) -> Reply {
    match error.downcast::<Reply>() {
        Ok(reply) => *reply,
        Err(error) => known(&*error).unwrap_or_else(|| {
            tracing::error!(%error, "a service failed");
            Reply::new(451, "4.3.0 local error in processing")
        }),
    }
}

/// The first error in the chain that has a reply.
fn known(error: &(dyn Error + 'static)) -> Option<Reply> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(reply) = error.downcast_ref::<Reply>() {
            return Some(reply.without_effects());
        } else if let Some(error) = error.downcast_ref::<BodyError>() {
            return Some(error.reply());
        } else if let Some(error) = error.downcast_ref::<DialogueError>() {
            return Some(error.reply());
        } else if error.is::<Elapsed>() {
            return Some(Reply::new(451, "4.3.0 timed out, try again later"));
        } else if error.is::<Overloaded>() {
            return Some(Reply::new(421, "4.3.2 overloaded, try again later"));
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use smtp_core::BodyErrorKind;

    use super::*;

    #[derive(Debug)]
    struct Wrapped(BoxError);

    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wrapped")
        }
    }

    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    #[test]
    fn an_error_becomes_the_reply_that_it_carries() {
        let cases: [(BoxError, u16); 6] = [
            (Reply::new(550, "5.1.1 no").into(), 550),
            (BodyError::from(BodyErrorKind::TooLarge).into(), 552),
            (DialogueError::Cancelled.into(), 501),
            (Elapsed::new().into(), 451),
            (Overloaded::new().into(), 421),
            ("disk on fire".into(), 451),
        ];
        for (error, code) in cases {
            let text = error.to_string();
            assert_eq!(error_reply(error).code(), code, "{text}");
        }
        assert_eq!(error_reply(Wrapped(Box::new(Wrapped(Reply::new(550, "no").into()))).into()).code(), 550);
        assert!(!error_reply("disk on fire".into()).text().contains("disk"));
    }
}
