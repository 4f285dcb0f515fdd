use std::fmt;
use std::sync::Arc;

use smtp_core::{BoxError, BoxFuture, Domain, Identity, LocalPart, Mailbox, Reply};

use super::pattern::is_same;
use crate::HeaderSection;

/// Whether a user may use an address.
pub(super) type Check = Arc<dyn Fn(Arc<User>, Mailbox) -> BoxFuture<Result<bool, BoxError>> + Send + Sync>;

/// Who sends.
#[derive(Debug)]
pub(super) struct User {
    pub(super) identity: Identity,
    /// The addresses that the name itself stands for.
    pub(super) addresses: Vec<Mailbox>,
}

/// What the layer was told.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) domains: Vec<Domain>,
    pub(super) checks: Vec<Check>,
    pub(super) null_sender: bool,
    pub(super) on_behalf: bool,
    pub(super) max_header: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            checks: Vec::new(),
            null_sender: true,
            on_behalf: false,
            max_header: HeaderSection::DEFAULT_LIMIT,
        }
    }
}

impl Rules {
    pub(super) fn user(&self, identity: &Identity) -> Arc<User> {
        let name = identity.name();
        let in_domains = || {
            let local: Option<LocalPart> = name.parse().ok();
            let of = |domain: &Domain| Some(Mailbox::new(local.clone()?, domain.clone()));
            self.domains.iter().filter_map(of).collect()
        };
        let addresses = match Mailbox::from_utf8(name) {
            // Whoever is called by an address has that one, if it is of this site.
            Ok(mailbox) if mailbox.domain().is_some_and(|domain| self.domains.contains(domain)) => {
                vec![mailbox]
            }
            Ok(_) => Vec::new(),
            Err(_) => in_domains(),
        };
        Arc::new(User { identity: identity.clone(), addresses })
    }

    /// Whether the user may use this address.
    ///
    /// # Errors
    /// 451 if there is no telling.
    pub(super) async fn allow(&self, user: &Arc<User>, address: &Mailbox) -> Result<bool, Reply> {
        if user.addresses.iter().any(|own| is_same(own, address)) {
            return Ok(true);
        }
        for check in &self.checks {
            match check(Arc::clone(user), address.clone()).await {
                Ok(false) => {}
                Ok(true) => return Ok(true),
                Err(error) => {
                    tracing::error!(%error, "cannot tell who may send as whom");
                    return Err(Reply::new(451, "4.3.0 try again later"));
                }
            }
        }
        Ok(false)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("domains", &self.domains)
            .field("null_sender", &self.null_sender)
            .field("on_behalf", &self.on_behalf)
            .finish_non_exhaustive()
    }
}
