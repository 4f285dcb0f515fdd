use std::collections::{HashMap, VecDeque};

use tokio::time::Instant;

use super::key::Key;

/// So many values, each until its time. When there is no room, the oldest goes.
pub(super) struct Memory<T> {
    entries: HashMap<Key, Entry<T>>,
    /// The order in which they came. Those that were replaced or forgotten since are still in it.
    order: VecDeque<(Key, u64)>,
    next: u64,
    capacity: usize,
}

struct Entry<T> {
    value: T,
    /// Of whom it speaks, by the two names that a user may have.
    names: [Key; 2],
    until: Instant,
    number: u64,
}

impl<T> Memory<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), next: 0, capacity }
    }

    pub(super) fn recall(&self, key: &Key, now: Instant) -> Option<&T> {
        self.entries.get(key).filter(|entry| now < entry.until).map(|entry| &entry.value)
    }

    pub(super) fn remember(&mut self, key: Key, names: [Key; 2], value: T, until: Instant) {
        if self.capacity == 0 {
            return;
        }
        let number = self.next;
        self.next += 1;
        self.entries.insert(key, Entry { value, names, until, number });
        self.order.push_back((key, number));
        self.make_room();
    }

    pub(super) fn forget(&mut self, name: &Key) {
        self.entries.retain(|_, entry| !entry.names.contains(name));
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }

    fn make_room(&mut self) {
        let entries = &mut self.entries;
        while entries.len() > self.capacity {
            let Some((key, number)) = self.order.pop_front() else { break };
            if entries.get(&key).is_some_and(|entry| entry.number == number) {
                entries.remove(&key);
            }
        }
        if self.order.len() > self.capacity.saturating_mul(2) {
            self.order.retain(|(key, number)| entries.get(key).is_some_and(|entry| entry.number == *number));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(number: usize) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        key
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_there_until_its_time() {
        let mut memory = Memory::new(10);
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        memory.remember(key(1), [key(0); 2], "a", now + second);
        assert_eq!(memory.recall(&key(1), now), Some(&"a"));
        assert_eq!(memory.recall(&key(2), now), None);
        assert_eq!(memory.recall(&key(1), now + second), None);
        memory.remember(key(1), [key(0); 2], "b", now + second * 2);
        assert_eq!(memory.recall(&key(1), now + second), Some(&"b"));
        memory.forget(&key(7));
        assert_eq!(memory.recall(&key(1), now), Some(&"b"));
        memory.forget(&key(0));
        assert_eq!(memory.recall(&key(1), now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_goes_when_there_is_no_room() {
        let until = Instant::now() + Duration::from_secs(1);
        let mut memory = Memory::new(3);
        for number in 0..100 {
            memory.remember(key(number), [key(0); 2], number, until);
            // The same again and again takes the room of one.
            for _ in 0..10 {
                memory.remember(key(1000), [key(0); 2], 1000, until);
            }
            assert!(memory.entries.len() <= 3 && memory.order.len() <= 6);
        }
        assert_eq!(memory.recall(&key(99), Instant::now()), Some(&99));
        assert_eq!(memory.recall(&key(1000), Instant::now()), Some(&1000));
        assert_eq!(memory.recall(&key(50), Instant::now()), None);
        let mut none = Memory::new(0);
        none.remember(key(1), [key(0); 2], 1, until);
        assert_eq!(none.recall(&key(1), Instant::now()), None);
    }
}
