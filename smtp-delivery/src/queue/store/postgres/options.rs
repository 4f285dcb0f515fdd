use std::time::Duration;

use crate::SpoolOptions;

/// How a node takes part in a queue in PostgreSQL.
#[derive(Debug, Clone)]
#[must_use]
pub struct PostgresOptions {
    pub(super) schema: String,
    pub(super) node: Option<String>,
    pub(super) lease: Duration,
    pub(super) connections: usize,
    pub(super) timeout: Duration,
    pub(super) spool: SpoolOptions,
    pub(super) without_tls: bool,
}

impl PostgresOptions {
    /// The schema in which the tables are, `smtp_queue` by default: small letters, digits and `_`. All nodes
    /// that name the same one share one queue.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// The name of this node: each has its own. One that begins has at once what the last one of its name
    /// left when it died. Without this, its name is random, and what it leaves
    /// is free when its [lease](Self::lease) is over.
    pub fn node(mut self, name: impl Into<String>) -> Self {
        self.node = Some(name.into());
        self
    }

    /// How long a node is believed to live without a sign of life, 1 minute by default, a second at least: so
    /// long may the messages of a dead one wait. A node that is cut off for longer, and still delivers, may
    /// deliver what another has taken over.
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time.max(Duration::from_secs(1));
        self
    }

    /// The most connections with the database, 16 by default; one more hears what other nodes do.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.max(1);
        self
    }

    /// How long the database may take for one answer, 30 seconds by default.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time.max(Duration::from_millis(1));
        self
    }

    /// Where messages wait until they are here whole; only then does the database see them.
    pub fn spool(mut self, options: SpoolOptions) -> Self {
        self.spool = options;
        self
    }

    /// Goes without TLS to another host, where the network itself is trusted. Everybody on the way reads
    /// and changes mail, then.
    pub fn without_tls(mut self) -> Self {
        self.without_tls = true;
        self
    }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            schema: "smtp_queue".to_owned(),
            node: None,
            lease: Duration::from_mins(1),
            connections: 16,
            timeout: Duration::from_secs(30),
            spool: SpoolOptions::default(),
            without_tls: false,
        }
    }
}
