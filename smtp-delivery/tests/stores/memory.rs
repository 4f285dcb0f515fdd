use smtp_delivery::queue::{MemoryStore, Store as _};

use crate::suite::{Place, follows_the_model, keeps_its_promises, stores};

/// A store in memory is its own place: what ends with the process is taken for ended here.
#[derive(Default)]
struct Memory(MemoryStore);

impl Place for Memory {
    type Store = MemoryStore;

    async fn open(&self) -> MemoryStore {
        self.0.release_all().await.unwrap();
        self.0.clone()
    }

    async fn close(&self, _: MemoryStore) {}
}

stores!(async { Memory::default() });
follows_the_model!(60, async { Memory::default() });
keeps_its_promises!(100, async { Memory::default() });
