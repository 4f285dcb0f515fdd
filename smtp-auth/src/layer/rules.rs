use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use smtp_core::{Mailbox, Session};

use crate::mechanism::Mechanism;

/// Which of the mechanisms are for which session.
pub(super) type OfferRule = Rule<dyn Fn(Mechanism, &Session) -> bool + Send + Sync>;

/// Who may act for whom.
pub(super) type DelegationRule = Rule<dyn Fn(&str, &str, &Session) -> bool + Send + Sync>;

/// Who may name whom as the originator of a message.
pub(super) type OriginatorRule = Rule<dyn Fn(&Mailbox, &Session) -> bool + Send + Sync>;

/// A function of the application.
pub(super) struct Rule<F: ?Sized>(pub(super) Arc<F>);

impl<F: ?Sized> Deref for Rule<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.0
    }
}

impl<F: ?Sized> Clone for Rule<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F: ?Sized> fmt::Debug for Rule<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule")
    }
}
