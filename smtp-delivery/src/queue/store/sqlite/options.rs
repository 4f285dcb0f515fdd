/// How a [`SqliteStore`](super::SqliteStore) keeps messages.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The largest content, in octets, that is kept in the database; larger ones get files: 64 KiB. At
    /// most 1 MiB: such contents are held in memory as a whole.
    pub inline: usize,
    /// How many operations are made durable at once at most: 256.
    pub batch: usize,
    /// So many octets of the disk are kept for the time when it is full, so that what is in the queue
    /// can still be delivered, and room comes of that: 32 MiB; 0 for none. Where there is no room for
    /// them, messages are refused; notifications of what failed may have a part of it.
    pub reserve: u64,
}

impl SqliteOptions {
    /// Contents up to this many octets are kept in the database.
    #[must_use]
    pub fn inline(mut self, octets: usize) -> Self {
        self.inline = octets.min(1 << 20);
        self
    }

    /// So many operations are made durable at once at most.
    #[must_use]
    pub fn batch(mut self, operations: usize) -> Self {
        self.batch = operations.max(1);
        self
    }

    /// So many octets are kept for the time when the disk is full.
    #[must_use]
    pub fn reserve(mut self, octets: u64) -> Self {
        self.reserve = octets;
        self
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { inline: 64 << 10, batch: 256, reserve: 32 << 20 }
    }
}
