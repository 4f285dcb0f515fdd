use std::sync::Arc;

use tower_layer::Layer;

use super::{AccessMap, AccessMapService};
use crate::DomainPattern;
use crate::domain_pattern::DomainSet;

/// Refuses, throws away and lets through by an [`AccessMap`].
///
/// - A client whose entry refuses it is greeted and may say EHLO and QUIT; AUTH, MAIL, RCPT, VRFY and EXPN
///   are answered with the entry's reply. One with 421 is turned away at once.
/// - MAIL is refused where TLS is not what `TLS_Clt:` demands, and by the entry of the sender; `<>` never
///   by the latter.
/// - RCPT is refused by the entry of the recipient.
/// - What `Srv_Features:` takes away is neither in the answer to EHLO nor answered, and with an `l` there MAIL is
///   refused (`530 5.7.0`) to who did not log in.
/// - `DISCARD` accepts and throws the whole message away, whichever of the three says it. `QUARANTINE:`
///   is refused with `451 4.7.1`, unless [`mark_quarantined`](Self::mark_quarantined) says otherwise.
///
/// Where [`delay_checks`](Self::delay_checks) is set, clients and senders are looked at when there is a
/// recipient whom the rest of the stack accepts; those of clients who authenticated are not any more.
///
/// Relaying for or to whom the map says is the matter of
/// [`RelayLayer::access_map`](crate::RelayLayer::access_map), inside of this layer. So are the layers of STARTTLS,
/// AUTH, ETRN and DSN, if `Srv_Features:` is to take them away.
#[derive(Debug, Clone)]
pub struct AccessMapLayer {
    settings: Arc<Settings>,
}

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) map: AccessMap,
    pub(super) local: DomainSet,
    pub(super) delay: Option<DelayChecks>,
    pub(super) marks_quarantined: bool,
}

/// Which messages are checked where checks are delayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DelayChecks {
    /// All.
    All,
    /// All but those to recipients with `Spam:.. FRIEND`.
    NotForFriends,
    /// Those to recipients with `Spam:.. HATER` only.
    ForHaters,
}

/// Stands in [`Session::transaction`](smtp_core::Session::transaction) of a message that the map holds
/// back, with the reason that it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined(pub Box<str>);

impl AccessMapLayer {
    /// Goes by this map.
    pub fn new(map: AccessMap) -> Self {
        let settings = Settings { map, local: DomainSet::default(), delay: None, marks_quarantined: false };
        Self { settings: Arc::new(settings) }
    }

    /// Says which domains are this server's: entries `To:user@` are about their users.
    #[must_use]
    pub fn local_domains(mut self, domains: impl IntoIterator<Item = DomainPattern>) -> Self {
        self.settings().local.extend(domains);
        self
    }

    /// Looks at clients and senders when there is a recipient, as Sendmail does with `delay_checks`.
    #[must_use]
    pub fn delay_checks(mut self, which: DelayChecks) -> Self {
        self.settings().delay = Some(which);
        self
    }

    /// Accepts what the map puts into quarantine, and leaves [`Quarantined`] in the transaction: for
    /// stacks with a delivery that holds such messages back.
    #[must_use]
    pub fn mark_quarantined(mut self) -> Self {
        self.settings().marks_quarantined = true;
        self
    }

    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }
}

impl<S> Layer<S> for AccessMapLayer {
    type Service = AccessMapService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AccessMapService::new(inner, Arc::clone(&self.settings))
    }
}
