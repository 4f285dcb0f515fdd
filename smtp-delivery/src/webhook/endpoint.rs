use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::Uri;

/// The address of a web service, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: Arc<str>,
    pub(super) port: u16,
    pub(super) tls: bool,
    /// What the field `Host` says.
    pub(super) authority: String,
    /// The path and the query.
    pub(super) path: String,
}

/// The address of a web service cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is no absolute `https:` or `http:` address.
    Malformed,
    /// It holds a user or a password, which would stand in logs and go to nobody.
    UserInfo,
}

impl Endpoint {
    pub(super) fn parse(text: &str) -> Result<Self, EndpointError> {
        let uri: Uri = text.parse().map_err(|_| EndpointError::Malformed)?;
        let authority = uri.authority().ok_or(EndpointError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::UserInfo);
        }
        let (tls, port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return Err(EndpointError::Malformed),
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(EndpointError::Malformed);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            host: host.into(),
            port: authority.port_u16().unwrap_or(port),
            tls,
            authority: authority.to_string(),
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
        })
    }

    pub(super) fn is_on_this_host(&self) -> bool {
        let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse().is_ok_and(is_loopback)
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the address of a web service has the form https://host/path",
            Self::UserInfo => "the address of a web service holds no user and no password",
        })
    }
}

impl std::error::Error for EndpointError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        for (text, host, port, tls, path, here) in [
            ("https://hooks.example/mail", "hooks.example", 443, true, "/mail", false),
            ("https://hooks.example:8443?a=b", "hooks.example", 8443, true, "/?a=b", false),
            ("http://LOCALHOST", "LOCALHOST", 80, false, "/", true),
            ("http://127.8.9.1:81/", "127.8.9.1", 81, false, "/", true),
            ("http://[::1]:81/x", "::1", 81, false, "/x", true),
            ("http://localhost.example/", "localhost.example", 80, false, "/", false),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((&*endpoint.host, endpoint.port, endpoint.tls), (host, port, tls), "{text}");
            assert_eq!((&*endpoint.path, endpoint.is_on_this_host()), (path, here), "{text}");
        }
        for (text, error) in [
            ("", EndpointError::Malformed),
            ("/mail", EndpointError::Malformed),
            ("hooks.example", EndpointError::Malformed),
            ("ftp://hooks.example/", EndpointError::Malformed),
            ("https://", EndpointError::Malformed),
            ("https://a:b@hooks.example/", EndpointError::UserInfo),
        ] {
            assert_eq!(Endpoint::parse(text), Err(error), "{text}");
        }
    }
}
