use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{Error, ServerConfig};

use super::client_certificate::{AnyHolder, ClientCertificates};
use super::sources::Sources;
use crate::authority::Judge;
use crate::certificate::{Choice, ServerCertificates};
use crate::{TlsError, provider};

/// All that was read: a reload makes another one, and handshakes under way keep theirs.
#[derive(Debug)]
pub(super) struct State {
    pub(super) certificates: Arc<ServerCertificates>,
    pub(super) judge: Arc<Judge>,
    off: Arc<ServerConfig>,
    request: Arc<ServerConfig>,
    require: Arc<ServerConfig>,
}

impl State {
    /// Reads everything. Of the state before, the keys of tickets are kept unless certificates have
    /// changed: the channel binding of a session that is resumed is that of the certificate that
    /// the client saw when it began.
    pub(super) fn load(sources: &Sources, before: Option<&Self>) -> Result<Self, TlsError> {
        let provider = sources.policy.provider()?;
        let certificates = sources.certificates(&provider)?;
        let judge = Arc::new(Judge::new(sources.authorities.load()?, &provider)?);
        let before = before.filter(|before| before.certificates.are_those_of(&certificates));
        let config = |verifier, before: Option<&Arc<ServerConfig>>| {
            let mut config =
                config(sources, &provider, verifier, &certificates).map_err(TlsError::library)?;
            // Each has its own tickets: a session that began without being asked for a certificate is
            // not resumed where one is.
            if let Some(before) = before {
                config.ticketer = Arc::clone(&before.ticketer);
                config.session_storage = Arc::clone(&before.session_storage);
            } else if let Some(ticketer) = provider::ticketer()? {
                config.ticketer = ticketer;
            }
            Ok(Arc::new(config))
        };
        let algorithms = provider.signature_verification_algorithms;
        let asks = |required| -> Arc<dyn ClientCertVerifier> {
            Arc::new(AnyHolder { judge: Arc::clone(&judge), required, algorithms })
        };
        Ok(Self {
            off: config(WebPkiClientVerifier::no_client_auth(), before.map(|before| &before.off))?,
            request: config(asks(false), before.map(|before| &before.request))?,
            require: config(asks(true), before.map(|before| &before.require))?,
            certificates,
            judge,
        })
    }

    /// The configuration for one handshake, and where the choice of its certificate will be found.
    pub(super) fn config(&self, mode: ClientCertificates) -> (ServerConfig, Arc<Choice>) {
        let mut config = ServerConfig::clone(match mode {
            ClientCertificates::Off => &self.off,
            ClientCertificates::Request => &self.request,
            ClientCertificates::Require => &self.require,
        });
        let choice = Arc::new(Choice::new(Arc::clone(&self.certificates)));
        config.cert_resolver = Arc::clone(&choice) as _;
        (config, choice)
    }
}

fn config(
    sources: &Sources,
    provider: &Arc<CryptoProvider>,
    verifier: Arc<dyn ClientCertVerifier>,
    certificates: &Arc<ServerCertificates>,
) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(sources.policy.versions())?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(Choice::new(Arc::clone(certificates))));
    config.ignore_client_order = sources.policy.has_order();
    Ok(config)
}
