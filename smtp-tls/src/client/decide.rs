use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand, TlsOutcome};
use smtp_core::{BoxError, BoxFuture, Upgrade};

use super::builder::RelayTlsBuilder;
use super::handshake::ClientHandshake;
use super::reference::Reference;
use super::verifier::ServerVerifier;
use super::{Demand, PolicyKind, TlsReport};
use crate::authority::Judge;
use crate::{TlsError, certificate};

/// Of how many destinations the kind of policy is remembered until the outcome is known.
const REMEMBERED: usize = 4096;
const TIMEOUT: Duration = Duration::from_secs(30);

/// Decides on TLS towards next hops, and does the handshakes. Cheap to clone; see
/// [`Demand`] for what can be demanded.
///
/// In the place of a [`ClientTls`] it serves a delivery that speaks SMTP to others.
#[derive(Clone)]
pub struct RelayTls(Arc<Shared>);

struct Shared {
    settings: RelayTlsBuilder,
    loaded: RwLock<Arc<Loaded>>,
    /// By what kind of policy was decided.
    decided: Mutex<HashMap<Destination, PolicyKind>>,
}

/// What was read from files.
pub(super) struct Loaded {
    judge: Arc<Judge>,
    /// Takes any certificate.
    lax: Arc<ClientConfig>,
}

impl Loaded {
    pub(super) fn read(settings: &RelayTlsBuilder) -> Result<Self, TlsError> {
        let provider = settings.policy.provider()?;
        let judge = Arc::new(Judge::new(settings.authorities.load()?, &provider)?);
        let algorithms = provider.signature_verification_algorithms;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(settings.policy.versions())
            .map_err(TlsError::library)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(ServerVerifier { demanded: None, algorithms }));
        let config = match &settings.own {
            None => builder.with_no_client_auth(),
            Some((own, key)) => {
                let own = certificate::load(&own.read()?, &key.read()?, &provider)?;
                for warning in &own.warnings {
                    tracing::warn!("{warning}");
                }
                builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(own.key)))
            }
        };
        Ok(Self { judge, lax: Arc::new(config) })
    }

    /// The configuration of handshakes in which the certificate has to stand up to this.
    fn strict(&self, reference: &Reference) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.lax);
        let algorithms = config.crypto_provider().signature_verification_algorithms;
        let demanded = Some(reference.clone());
        config.dangerous().set_certificate_verifier(Arc::new(ServerVerifier { demanded, algorithms }));
        Arc::new(config)
    }
}

/// What has to be done about TLS, and by what kind of policy.
struct Decided {
    demand: Demand,
    reference: Option<Reference>,
    /// A policy that only tests is held against the certificate, and demands nothing.
    strict: bool,
    policy: PolicyKind,
}

impl Decided {
    fn plain(demand: Demand) -> Self {
        Self {
            demand,
            reference: None,
            strict: demand >= Demand::Verified,
            policy: PolicyKind::NoPolicyFound,
        }
    }
}

impl RelayTls {
    /// A table of demands, CAs, a certificate of one's own.
    pub fn builder() -> RelayTlsBuilder {
        RelayTlsBuilder::default()
    }

    pub(super) fn new(loaded: Loaded, settings: RelayTlsBuilder) -> Self {
        Self(Arc::new(Shared { settings, loaded: RwLock::new(Arc::new(loaded)), decided: Mutex::default() }))
    }

    /// Reads all files again, for this and all its clones. Blocks while it reads.
    ///
    /// # Errors
    /// Those of [`RelayTlsBuilder::build`]; nothing has changed then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let loaded = Loaded::read(&self.0.settings)?;
        *self.0.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
        Ok(())
    }

    fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.0.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn decide_on(self, destination: Destination, wanted: TlsDemand) -> Result<TlsDecision, BoxError> {
        let mut decided = self.demand(&destination).await?;
        if wanted == TlsDemand::Verified && !decided.strict {
            decided = Decided { policy: decided.policy, ..Decided::plain(Demand::Verified) };
        }
        self.remember(&destination, decided.policy);
        if decided.demand == Demand::Never {
            return Ok(TlsDecision::Never);
        }
        let upgrade = self.upgrade(&destination, decided.reference, decided.strict)?;
        Ok(if self.0.settings.implicit_port == Some(destination.port) {
            TlsDecision::Implicit(upgrade)
        } else if decided.demand == Demand::Opportunistic {
            TlsDecision::IfOffered(upgrade)
        } else {
            TlsDecision::Required(upgrade)
        })
    }

    /// What the table demands, or what the domain publishes.
    async fn demand(&self, destination: &Destination) -> Result<Decided, BoxError> {
        let settings = &self.0.settings;
        let named = settings.table.named(destination);
        let demand = named.unwrap_or(settings.table.default);
        let open = named.is_none() && demand < Demand::Verified && demand != Demand::Never;
        #[cfg(feature = "dane")]
        if let Some(dane) = settings.dane.as_ref().filter(|_| open || demand == Demand::Dane)
            && let Some(records) = dane.records(destination).await.inspect_err(|error| {
                self.report_failure(destination, PolicyKind::Tlsa, error.failure(), error);
            })?
        {
            if demand == Demand::Dane && !records.is_usable() {
                return Err("none of the keys that the destination publishes by DANE can be used".into());
            }
            let reference = records.is_usable().then(|| Reference::Dane(Arc::new(records)));
            let (policy, strict) = (PolicyKind::Tlsa, reference.is_some());
            return Ok(Decided { demand: Demand::Required, reference, strict, policy });
        }
        if demand == Demand::Dane {
            return Err("the destination publishes no keys by DANE, which are demanded".into());
        }
        #[cfg(feature = "mta-sts")]
        if let Some(mta_sts) = settings.mta_sts.as_ref().filter(|_| open)
            && let Some(domain) = &destination.domain
            && let Some(policy) = mta_sts.policy(domain).await
        {
            return self.by_mta_sts(destination, demand, &policy);
        }
        let _ = open;
        Ok(Decided::plain(demand))
    }

    fn upgrade(
        &self,
        destination: &Destination,
        reference: Option<Reference>,
        strict: bool,
    ) -> Result<Arc<dyn Upgrade>, BoxError> {
        let loaded = self.loaded();
        let name = server_name(&destination.host);
        let reference = match reference {
            Some(reference) => reference,
            None => Reference::Names {
                judge: Arc::clone(&loaded.judge),
                names: if strict { good_names(destination)? } else { name.clone().into_iter().collect() },
            },
        };
        let config = if strict { loaded.strict(&reference) } else { Arc::clone(&loaded.lax) };
        // A host that no certificate could be for is asked for nothing.
        let name = name.or_else(|| destination.address.map(ServerName::from));
        Ok(Arc::new(ClientHandshake {
            config,
            name: name.unwrap_or(ServerName::IpAddress(IpAddr::from([0, 0, 0, 0]).into())),
            reference,
            strict,
            timeout: self.0.settings.timeout.unwrap_or(TIMEOUT),
        }))
    }

    /// What the policy of a domain makes of one of its servers (RFC 8461 section 4.1).
    #[cfg(feature = "mta-sts")]
    fn by_mta_sts(
        &self,
        destination: &Destination,
        demand: Demand,
        policy: &crate::mta_sts::Policy,
    ) -> Result<Decided, BoxError> {
        use crate::mta_sts::Mode;
        let strict = match policy.mode {
            Mode::Enforce => true,
            Mode::Testing => false,
            Mode::None => return Ok(Decided::plain(demand)),
        };
        if !policy.allows(&destination.host) {
            let refusal = format!("{} is no server of the policy of MTA-STS", destination.host);
            self.report_failure(destination, PolicyKind::Sts, super::TlsFailure::ValidationFailure, &refusal);
            return if strict { Err(refusal.into()) } else { Ok(Decided::plain(demand)) };
        }
        let names = server_name(&destination.host).into_iter().collect();
        let reference = Some(Reference::Names { judge: Arc::clone(&self.loaded().judge), names });
        let demand = if strict { Demand::Required } else { demand };
        Ok(Decided { demand, reference, strict, policy: PolicyKind::Sts })
    }

    #[cfg(any(feature = "dane", feature = "mta-sts"))]
    fn report_failure(
        &self,
        destination: &Destination,
        policy: PolicyKind,
        failure: super::TlsFailure,
        detail: &dyn fmt::Display,
    ) {
        if let Some(hook) = &self.0.settings.hook {
            let mut report = TlsReport::new(destination, policy);
            (report.failure, report.detail) = (Some(failure), Some(detail.to_string()));
            hook(report);
        }
    }

    fn remember(&self, destination: &Destination, policy: PolicyKind) {
        let mut decided = self.0.decided.lock().unwrap_or_else(PoisonError::into_inner);
        if decided.len() >= REMEMBERED {
            decided.clear();
        }
        decided.insert(destination.clone(), policy);
    }
}

impl ClientTls for RelayTls {
    fn decide(
        &self,
        destination: &Destination,
        demand: TlsDemand,
    ) -> BoxFuture<Result<TlsDecision, BoxError>> {
        Box::pin(self.clone().decide_on(destination.clone(), demand))
    }

    fn outcome(&self, destination: &Destination, outcome: TlsOutcome<'_>) {
        let policy = {
            let decided = self.0.decided.lock().unwrap_or_else(PoisonError::into_inner);
            decided.get(destination).copied().unwrap_or_default()
        };
        if let Some(hook) = &self.0.settings.hook {
            hook(TlsReport::of(destination, policy, outcome));
        }
    }
}

/// The names of which a certificate has to have one.
fn good_names(destination: &Destination) -> Result<Vec<ServerName<'static>>, BoxError> {
    let host = server_name(&destination.host);
    let names: Vec<_> = match &destination.domain {
        None => host.into_iter().collect(),
        Some(domain) => {
            let within = destination
                .host
                .trim_end_matches('.')
                .to_ascii_lowercase()
                .ends_with(&format!(".{}", domain.to_ascii().to_ascii_lowercase()));
            let trusted = within || destination.secure == Some(true);
            server_name(domain.to_ascii()).into_iter().chain(host.filter(|_| trusted)).collect()
        }
    };
    if names.is_empty() {
        return Err(format!("there can be no certificate for {:?}", destination.host).into());
    }
    Ok(names)
}

pub(crate) fn server_name(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(host.trim_end_matches('.')).ok().map(|name| name.to_owned())
}

impl fmt::Debug for RelayTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RelayTls").field(&self.0.settings).finish()
    }
}
