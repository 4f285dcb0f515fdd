//! What of TLS is made of the configuration, and kept up with its files.

use std::net::IpAddr;
use std::time::Duration;

use smtp_server::BoxError;
use smtp_server::policy::access_map::Remote;
use smtp_server::policy::{AccessMap, IpNet};
use smtp_server::tls::{
    Acme, Authorities, ClientCertificates, Dane, DnsResolver, MtaSts, RelayTls, ServerTls, TlsError,
};

use crate::bootstrap::Prepared;
use crate::config::{Config, Demanded, Listener, TlsFiles, authorities};

/// How often files are looked at.
const GLANCE: Duration = Duration::from_secs(10);
/// Where TLS begins with the connection.
const SUBMISSIONS: u16 = 465;

/// The server's side; `own` is served where the configuration names no certificate.
pub(crate) fn server(config: &Config, own: &TlsFiles) -> Result<ServerTls, TlsError> {
    let tls = &config.tls;
    let named = if tls.certificates.is_empty() { std::slice::from_ref(own) } else { &tls.certificates };
    let builder = named.iter().fold(ServerTls::builder(), |builder, files| {
        builder.certificate_files(&files.certificate, &files.key)
    });
    builder
        .client_certificates(tls.client_certificates.into())
        .client_authorities(authorities(&tls.client_ca, &tls.client_crl))
        .policy(tls.spoken.policy()?)
        .build()
}

/// Certificates by ACME, if the configuration wants some.
pub(crate) fn acme(config: &Config) -> Option<Acme> {
    let wanted = config.tls.acme.as_ref()?;
    let names = match &wanted.names[..] {
        [] => vec![config.hostname.to_string()],
        names => names.to_vec(),
    };
    let acme =
        Acme::new(&*wanted.directory, names).folder(config.data_dir.join("acme")).listen(wanted.listen);
    let acme = wanted.contact.iter().fold(acme, |acme, contact| acme.contact(contact));
    Some(if wanted.ca.is_empty() { acme } else { acme.authorities(authorities(&wanted.ca, &[])) })
}

/// Towards the next hop.
pub(crate) fn relay(config: &Config) -> Result<RelayTls, BoxError> {
    let tls = &config.relay_tls;
    let trusted = match &tls.ca[..] {
        // Without any, no certificate is found good; most demands can do without that.
        [] => Authorities::of_system().unwrap_or_default(),
        paths => authorities(paths, &[]),
    };
    let mut builder = RelayTls::builder().default_demand(tls.demand.into()).implicit_port(SUBMISSIONS);
    for (name, demand) in &tls.destinations {
        builder = builder.demand_for(name, (*demand).into());
    }
    if let Some(files) = &tls.certificate {
        builder = builder.certificate_files(&files.certificate, &files.key);
    }
    let demands = || tls.destinations.values().chain([&tls.demand]);
    if tls.dane || demands().any(|demand| *demand == Demanded::Dane) {
        builder = builder.dane(Dane::new(resolver(config)?));
    }
    // Policies are those of domains: who has one next hop for all asks for none.
    if tls.mta_sts && config.goes_by_mx() {
        builder = builder.mta_sts(MtaSts::new(resolver(config)?, &trusted)?);
    }
    Ok(builder.authorities(trusted).build()?)
}

fn resolver(config: &Config) -> Result<DnsResolver, BoxError> {
    match &config.name_servers[..] {
        [] => DnsResolver::of_system(),
        servers => DnsResolver::with_servers(servers.iter().copied(), None),
    }
}

/// The TLS of a listener, which may ask one client for a certificate and another not.
#[derive(Debug, Clone)]
pub(crate) struct ListenerTls {
    tls: ServerTls,
    never_asked: Vec<IpNet>,
    access: Option<AccessMap>,
}

impl ListenerTls {
    pub(crate) fn of(listener: &Listener, config: &Config, prepared: &Prepared) -> Self {
        let asked = listener.client_certificates.unwrap_or(config.tls.client_certificates);
        let tls = prepared.tls.clone().client_certificates(asked.into());
        Self { tls, never_asked: config.tls.never_asked.clone(), access: config.access.clone() }
    }

    pub(crate) fn for_client(&self, client: Option<IpAddr>) -> ServerTls {
        let spared = client.is_some_and(|ip| self.never_asked.iter().any(|network| network.contains(&ip)));
        if spared || self.asks(client) == Some(false) {
            return self.tls.clone().client_certificates(ClientCertificates::Off);
        }
        self.tls.clone()
    }

    /// What the access map says: `Srv_Features:.. V` is for clients that cannot stand the question.
    fn asks(&self, client: Option<IpAddr>) -> Option<bool> {
        let rules = self.access.as_ref()?.last_rules();
        rules.features(&Remote::new(None, client))?.asks_for_certificate()
    }
}

/// Everything that can be read again while the server runs.
#[derive(Debug, Clone)]
pub(crate) struct Reloadable {
    pub(crate) server: ServerTls,
    pub(crate) relay: RelayTls,
}

impl Reloadable {
    /// Reads all files again.
    pub(crate) async fn reload(&self) {
        let this = self.clone();
        run(move || {
            this.server.reload()?;
            this.relay.reload()?;
            Ok(true)
        })
        .await;
    }

    /// Reads the server's certificates again whenever their files have changed.
    pub(crate) async fn follow_files(self) {
        loop {
            tokio::time::sleep(GLANCE).await;
            let tls = self.server.clone();
            run(move || tls.reload_if_changed()).await;
        }
    }
}

async fn run(read: impl FnOnce() -> Result<bool, TlsError> + Send + 'static) {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(true)) => tracing::info!("certificates were read again"),
        Ok(Ok(false)) => {}
        Ok(Err(error)) => {
            tracing::error!("certificates cannot be read again, those of before are kept: {error}");
        }
        Err(error) => tracing::error!(%error, "certificates cannot be read again"),
    }
}
