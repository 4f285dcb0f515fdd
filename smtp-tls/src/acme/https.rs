use std::pin::Pin;

use hyper::Request;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::ClientConfig;

use crate::{Authorities, TlsError, TlsPolicy};

/// Requests to the CA. The client that comes with the library takes the provider of the process, which
/// may be none.
pub(super) struct Https(Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>);

impl Https {
    /// Verifies the CA's server by these, or by those that the system trusts.
    pub(super) fn new(authorities: Option<&Authorities>) -> Result<Self, TlsError> {
        let loaded = match authorities {
            Some(authorities) => authorities.load()?,
            None => Authorities::of_system()?.load()?,
        };
        let policy = TlsPolicy::default();
        let config = ClientConfig::builder_with_provider(policy.provider()?)
            .with_protocol_versions(policy.versions())
            .map_err(TlsError::library)?
            .with_root_certificates(loaded.roots)
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl HttpClient for Https {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let response = self.0.request(request);
        Box::pin(async move {
            response.await.map(BytesResponse::from).map_err(|error| Error::Other(Box::new(error)))
        })
    }
}
