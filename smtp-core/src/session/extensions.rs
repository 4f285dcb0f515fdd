use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Entry = (TypeId, Box<dyn Any + Send + Sync>);

/// A map with one value of each type, shared by its clones.
///
/// ```
/// use smtp_core::Extensions;
///
/// #[derive(Clone, Default)]
/// struct Failures(u32);
///
/// let map = Extensions::default();
/// map.with(|failures: &mut Failures| failures.0 += 1);
/// assert_eq!(map.get::<Failures>().unwrap().0, 1);
/// ```
#[derive(Clone, Default)]
pub struct Extensions(Arc<Mutex<Vec<Entry>>>);

impl Extensions {
    /// Puts a value in and gives back the one that it replaces.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<T> {
        let mut entries = self.lock();
        let previous = position::<T>(&entries).map(|index| entries.swap_remove(index).1);
        entries.push((TypeId::of::<T>(), Box::new(value)));
        previous?.downcast().ok().map(|value| *value)
    }

    /// A copy of the value of this type.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        let entries = self.lock();
        entries[position::<T>(&entries)?].1.downcast_ref().cloned()
    }

    /// Takes the value of this type out.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<T> {
        let mut entries = self.lock();
        let index = position::<T>(&entries)?;
        entries.swap_remove(index).1.downcast().ok().map(|value| *value)
    }

    /// Changes the value of this type in place; it starts as the type's default.
    ///
    /// The map is locked while `change` runs: do not use it from there.
    pub fn with<T, R>(&self, change: impl FnOnce(&mut T) -> R) -> R
    where
        T: Default + Send + Sync + 'static,
    {
        let mut entries = self.lock();
        let index = position::<T>(&entries).unwrap_or_else(|| {
            entries.push((TypeId::of::<T>(), Box::new(T::default())));
            entries.len() - 1
        });
        match entries[index].1.downcast_mut() {
            Some(value) => change(value),
            // Entries are filed under the type of their value.
            None => change(&mut T::default()),
        }
    }

    /// Starts over with an empty map; clones made before keep what they had.
    pub(super) fn replace(&mut self) {
        match Arc::get_mut(&mut self.0) {
            Some(entries) => entries.get_mut().unwrap_or_else(PoisonError::into_inner).clear(),
            None => *self = Self::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        // A panic in `with` leaves the map itself whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn position<T: 'static>(entries: &[Entry]) -> Option<usize> {
    entries.iter().position(|(id, _)| *id == TypeId::of::<T>())
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extensions({} values)", self.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_one_value_of_each_type() {
        let map = Extensions::default();
        assert_eq!(map.insert(1_u8), None);
        assert_eq!(map.insert("a"), None);
        assert_eq!(map.insert(2_u8), Some(1));
        assert_eq!((map.get::<u8>(), map.get::<&str>(), map.get::<u16>()), (Some(2), Some("a"), None));
        assert_eq!((map.remove::<u8>(), map.remove::<u8>()), (Some(2), None));
    }

    #[test]
    fn a_clone_outlives_the_replaced_map() {
        let mut map = Extensions::default();
        map.insert(1_u8);
        let kept = map.clone();
        map.replace();
        assert_eq!((map.get::<u8>(), kept.get::<u8>()), (None, Some(1)));
    }
}
