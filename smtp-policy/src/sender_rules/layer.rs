use std::sync::Arc;

use smtp_core::{BoxError, Domain, Identity, Mailbox};
use tower_layer::Layer;

use super::rules::{Check, Rules, User};
use super::{SenderPattern, SenderRulesService};
use crate::aliases::{AliasDirectory, Resolution, Users};

/// Refuses what authenticated users send as others: `553 5.7.1` at MAIL, `550 5.7.1` for what stands in the
/// header.
///
/// A user may use an address if one of the rules says so; without rules, none. A message needs one `From:`
/// field, and all addresses in it have to be the user's, as have those of `Sender:` and of the newest
/// `Resent-From:` and `Resent-Sender:`, where they are there.
///
/// It belongs inside of the layer that does AUTH.
#[derive(Debug, Clone, Default)]
pub struct SenderRulesLayer {
    rules: Arc<Rules>,
}

impl SenderRulesLayer {
    /// Nobody may use any address.
    pub fn new() -> Self {
        Self::default()
    }

    /// Users have the address that their name makes with each of these domains, with any detail behind a
    /// `+`. Who is called by an address of one of them has that one.
    #[must_use]
    pub fn own_addresses(mut self, domains: impl IntoIterator<Item = Domain>) -> Self {
        self.rules().domains.extend(domains);
        self
    }

    /// Users have the addresses whose mail comes to one of their [own](Self::own_addresses): aliases, and
    /// domains that they catch all of. Lists with an owner are nobody's.
    #[must_use]
    pub fn aliases<U: Users>(self, directory: AliasDirectory<U>) -> Self {
        let directory = Arc::new(directory);
        self.check(Arc::new(move |user: Arc<User>, address| {
            let directory = Arc::clone(&directory);
            Box::pin(async move {
                Ok(match directory.resolve(&address).await? {
                    Resolution::Members { members, owner: None, .. } => {
                        members.iter().any(|member| user.addresses.contains(member))
                    }
                    _ => false,
                })
            })
        }))
    }

    /// The user of this name may use these addresses too.
    #[must_use]
    pub fn allow(self, user: &str, addresses: impl IntoIterator<Item = SenderPattern>) -> Self {
        let (name, addresses) = (user.to_owned(), addresses.into_iter().collect::<Vec<_>>());
        self.check(Arc::new(move |user: Arc<User>, address| {
            let allowed =
                user.identity.name() == name && addresses.iter().any(|pattern| pattern.matches(&address));
            Box::pin(std::future::ready(Ok(allowed)))
        }))
    }

    /// A user may use an address if this function says so: one that asks a table somewhere for example. An
    /// error is answered with 451.
    #[must_use]
    pub fn allow_if<F, Fut>(self, function: F) -> Self
    where
        F: Fn(Identity, Mailbox) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<bool, BoxError>> + Send + 'static,
    {
        self.check(Arc::new(move |user: Arc<User>, address| {
            Box::pin(function(user.identity.clone(), address))
        }))
    }

    /// Lets `From:` name others, where `Sender:`, or the newest `Resent-From:`, names the user: for who
    /// writes in the name of another, or sends on what others wrote. Readers see `From:` alone.
    #[must_use]
    pub fn on_behalf_of_others(mut self) -> Self {
        self.rules().on_behalf = true;
        self
    }

    /// Refuses `MAIL FROM:<>` of users with `550 5.7.1`. By default it is taken, as programs send
    /// notifications that a message was read with it (RFC 8098 section 3); the header is looked at all the
    /// same.
    #[must_use]
    pub fn refuse_null_sender(mut self) -> Self {
        self.rules().null_sender = false;
        self
    }

    /// Refuses messages with a larger header. In octets; 64 KiB by default.
    #[must_use]
    pub fn max_header_size(mut self, octets: usize) -> Self {
        self.rules().max_header = octets;
        self
    }

    fn check(mut self, check: Check) -> Self {
        self.rules().checks.push(check);
        self
    }

    fn rules(&mut self) -> &mut Rules {
        Arc::make_mut(&mut self.rules)
    }
}

impl<S> Layer<S> for SenderRulesLayer {
    type Service = SenderRulesService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SenderRulesService { inner, rules: Arc::clone(&self.rules) }
    }
}
