use std::fmt;
use std::sync::Arc;

use smtp_core::{BoxError, BoxFuture, Mailbox};
use tower_layer::Layer;

use super::NullSenderService;
use crate::aliases::{AliasDirectory, Users};

/// Rules for `MAIL FROM:<>` (RFC 5321 section 4.5.5).
///
/// A bounce goes to the one who sent what bounced: a second recipient gets `452 4.5.3`, on which a server
/// that means it sends the message by itself. Refusing the null sender altogether would lose bounces, and
/// with them the news of what was lost.
#[derive(Clone, Default)]
pub struct NullSenderLayer {
    pub(super) rules: Arc<Rules>,
}

/// Whether an address is a list.
type IsList = Arc<dyn Fn(Mailbox) -> BoxFuture<Result<bool, BoxError>> + Send + Sync>;

#[derive(Clone, Default)]
pub(super) struct Rules {
    pub(super) is_list: Option<IsList>,
    pub(super) refuse_users: bool,
}

impl NullSenderLayer {
    /// One recipient, whoever that is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses lists with an owner as recipients, with `550 5.7.1`: what bounces from a list goes to the
    /// owner.
    #[must_use]
    pub fn no_lists<U: Users>(mut self, directory: AliasDirectory<U>) -> Self {
        let directory = Arc::new(directory);
        Arc::make_mut(&mut self.rules).is_list = Some(Arc::new(move |address| {
            let directory = Arc::clone(&directory);
            Box::pin(async move { directory.is_list(&address).await })
        }));
        self
    }

    /// Refuses it of clients that authenticated, with `550 5.7.1`. Programs of users send notifications with
    /// it (RFC 8098 section 3), which they cannot then.
    #[must_use]
    pub fn not_from_users(mut self) -> Self {
        Arc::make_mut(&mut self.rules).refuse_users = true;
        self
    }
}

impl<S> Layer<S> for NullSenderLayer {
    type Service = NullSenderService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        NullSenderService { inner, rules: Arc::clone(&self.rules) }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("refuse_users", &self.refuse_users).finish_non_exhaustive()
    }
}

impl fmt::Debug for NullSenderLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NullSenderLayer").field(&self.rules).finish()
    }
}
