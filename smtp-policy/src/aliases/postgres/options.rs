use std::time::Duration;

/// How a directory in PostgreSQL is asked.
#[derive(Debug, Clone)]
#[must_use]
pub struct PostgresOptions {
    pub(super) connections: usize,
    pub(super) timeout: Duration,
    pub(super) refresh: Duration,
    pub(super) without_tls: bool,
}

impl PostgresOptions {
    /// The most connections with the database, 8 by default.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.max(1);
        self
    }

    /// How long a lookup waits for the database, with those who wait in front of it, and how long the aliases
    /// may take to be read as a whole; 5 seconds by default.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time.max(Duration::from_millis(1));
        self
    }

    /// How old aliases may be that are in use, a day at most; 10 seconds by default. They are read as a whole.
    pub fn refresh(mut self, time: Duration) -> Self {
        self.refresh = time.min(Duration::from_hours(24));
        self
    }

    /// Goes without TLS to another host, where the network itself is trusted. Everybody on the way can
    /// say where mail goes, then.
    pub fn without_tls(mut self) -> Self {
        self.without_tls = true;
        self
    }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 8,
            timeout: Duration::from_secs(5),
            refresh: Duration::from_secs(10),
            without_tls: false,
        }
    }
}
