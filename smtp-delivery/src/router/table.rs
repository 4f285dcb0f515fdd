use std::collections::HashMap;
use std::sync::Arc;

use smtp_core::{BoxDelivery, Domain, ForwardPath, Mailbox, Recipient, Route, Session};

use crate::address::{AddressKey, split_detail};

pub(super) type Condition = Arc<dyn Fn(&Recipient, &Session) -> bool + Send + Sync>;

/// What leads where: each value is the place of a delivery.
#[derive(Clone, Default)]
pub(super) struct Table {
    pub(super) deliveries: Vec<BoxDelivery>,
    pub(super) addresses: HashMap<AddressKey, usize>,
    pub(super) domains: HashMap<Domain, usize>,
    pub(super) subdomains: HashMap<Domain, usize>,
    pub(super) conditions: Vec<(Condition, usize)>,
    pub(super) routes: HashMap<Route, usize>,
    pub(super) otherwise: Option<usize>,
    pub(super) detail_separator: Option<char>,
}

impl Table {
    pub(super) fn find(&self, recipient: &Recipient, session: &Session) -> Option<usize> {
        let by_address = match &recipient.path {
            ForwardPath::Mailbox(mailbox) => self.by_address(mailbox).or_else(|| self.by_domain(mailbox)),
            ForwardPath::Postmaster => None,
        };
        let by_condition = || {
            let mut conditions = self.conditions.iter();
            conditions.find(|(condition, _)| condition(recipient, session)).map(|(_, place)| *place)
        };
        let by_route = || self.routes.get(&recipient.route?).copied();
        by_address.or_else(by_condition).or_else(by_route).or(self.otherwise)
    }

    fn by_address(&self, mailbox: &Mailbox) -> Option<usize> {
        if self.addresses.is_empty() {
            return None;
        }
        let whole = self.addresses.get(&AddressKey::of(mailbox));
        let without_detail = || {
            let local_part = mailbox.local_part().unquoted();
            let (user, _) = split_detail(&local_part, self.detail_separator)?;
            self.addresses.get(&AddressKey::new(user, mailbox.host()))
        };
        whole.or_else(without_detail).copied()
    }

    fn by_domain(&self, mailbox: &Mailbox) -> Option<usize> {
        let domain = mailbox.domain()?;
        self.domains.get(domain).copied().or_else(|| {
            if self.subdomains.is_empty() {
                return None;
            }
            // The nearest one.
            let mut rest = domain.to_ascii();
            while let Some((_, parent)) = rest.split_once('.') {
                if let Some(place) =
                    parent.parse().ok().and_then(|parent: Domain| self.subdomains.get(&parent))
                {
                    return Some(*place);
                }
                rest = parent;
            }
            None
        })
    }
}
