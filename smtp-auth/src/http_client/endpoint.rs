use std::net::IpAddr;

use hyper::Uri;

use super::HttpOptions;

/// The address of a web service that may be asked.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint(Uri);

/// The address of a web service cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is no absolute `https:` or `http:` address.
    #[error("the address of a web service has the form https://host/path")]
    Malformed,
    /// It holds a user or a password, which would stand in logs and go to nobody.
    #[error("the address of a web service holds no user and no password")]
    UserInfo,
    /// It is an `http:` address of another host.
    #[error("the address of a web service on another host begins with https:")]
    WithoutTls,
}

impl Endpoint {
    pub(crate) fn parse(text: &str, options: &HttpOptions) -> Result<Self, EndpointError> {
        let uri: Uri = text.parse().map_err(|_| EndpointError::Malformed)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(EndpointError::Malformed)?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(EndpointError::UserInfo);
        }
        match uri.scheme_str() {
            Some("https") => Ok(Self(uri)),
            Some("http") if options.without_tls || is_loopback(host) => Ok(Self(uri)),
            Some("http") => Err(EndpointError::WithoutTls),
            _ => Err(EndpointError::Malformed),
        }
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_on_this_host_only() {
        let table = [
            ("https://auth.example/verify", "Ok"),
            ("https://auth.example:8443/verify?a=b", "Ok"),
            ("http://localhost:8080/", "Ok"),
            ("http://127.0.0.1:8080/verify", "Ok"),
            ("http://[::1]/verify", "Ok"),
            ("http://auth.example/verify", "WithoutTls"),
            ("http://192.0.2.1/", "WithoutTls"),
            ("http://localhost.example/", "WithoutTls"),
            ("https://user:secret@auth.example/", "UserInfo"),
            ("http://localhost@auth.example/", "UserInfo"),
            ("ftp://auth.example/", "Malformed"),
            ("/verify", "Malformed"),
            ("auth.example", "Malformed"),
            ("https://", "Malformed"),
            ("", "Malformed"),
        ];
        for (text, expected) in table {
            let outcome = match Endpoint::parse(text, &HttpOptions::default()) {
                Ok(_) => "Ok".to_owned(),
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(outcome, expected, "{text}");
        }
        let allowed = HttpOptions::default().allow_without_tls();
        assert!(Endpoint::parse("http://auth.example/verify", &allowed).is_ok());
    }
}
