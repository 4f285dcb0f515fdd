use std::time::Duration;

use crate::trust::TrustedRoots;

/// How a store asks a web service.
#[derive(Debug, Clone)]
#[must_use]
pub struct HttpOptions {
    pub(crate) timeout: Duration,
    pub(crate) max_concurrent: usize,
    pub(crate) roots: TrustedRoots,
    pub(crate) without_tls: bool,
}

impl Default for HttpOptions {
    /// 10 seconds, 16 questions at once, the certificate authorities of the web, and TLS required but
    /// on this host.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            max_concurrent: 16,
            roots: TrustedRoots::default(),
            without_tls: false,
        }
    }
}

impl HttpOptions {
    /// How long a login waits for the service, and for other logins before it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many logins ask at once; never less than one.
    pub fn max_concurrent(mut self, logins: usize) -> Self {
        self.max_concurrent = logins.max(1);
        self
    }

    /// Which certificate authorities may vouch for the service.
    pub fn trusted_roots(mut self, roots: TrustedRoots) -> Self {
        self.roots = roots;
        self
    }

    /// Asks services on other hosts without TLS too, if their address begins with `http:`. Everybody on
    /// the way reads what is asked, and can answer in the place of the service.
    ///
    /// Logs a warning.
    pub fn allow_without_tls(mut self) -> Self {
        tracing::warn!("a web service may be asked about logins without TLS");
        self.without_tls = true;
        self
    }
}
