use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::Notify;

use crate::queue::store::Waiting;
use crate::queue::store::record::{read_time, write_time};

/// With more destinations than this it is simpler to read what waits.
const MOST: usize = 1_000;
/// PostgreSQL takes less than 8000 octets.
const LONGEST: usize = 7_900;
/// That everything has to be read again.
const ALL: &str = "*";

/// The destinations that something has come for, on its way from those who know to those who do not.
#[derive(Debug, Default)]
pub(super) struct Changes {
    items: Mutex<Items>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Items {
    due: HashMap<Arc<str>, SystemTime>,
    /// There is more than was kept.
    all: bool,
}

impl Changes {
    pub(super) fn add(&self, changes: impl IntoIterator<Item = Waiting>) {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        for Waiting { destination, due } in changes {
            let first = items.due.entry(destination).or_insert(due);
            *first = due.min(*first);
        }
        if items.due.len() > MOST {
            *items = Items { due: HashMap::new(), all: true };
        }
        drop(items);
        self.arrived.notify_one();
    }

    /// Anything may have changed.
    pub(super) fn add_all(&self) {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).all = true;
        self.arrived.notify_one();
    }

    /// Waits until there are some; `None` if anything may have changed.
    pub(super) async fn take(&self) -> Option<Vec<Waiting>> {
        loop {
            self.arrived.notified().await;
            let Items { due, all } =
                std::mem::take(&mut *self.items.lock().unwrap_or_else(PoisonError::into_inner));
            if all {
                return None;
            }
            if !due.is_empty() {
                return Some(
                    due.into_iter().map(|(destination, due)| Waiting { destination, due }).collect(),
                );
            }
        }
    }

    /// Reads what [`write`] wrote, if it is from somebody else than `me`.
    pub(super) fn hear(&self, me: i64, text: &str) {
        let mut lines = text.lines();
        if lines.next().is_some_and(|from| from == me.to_string()) {
            return;
        }
        let mut changes = Vec::new();
        for line in lines {
            let waiting = line.split_once(' ').and_then(|(due, destination)| {
                Some(Waiting { destination: destination.into(), due: read_time(due.parse().ok()?) })
            });
            match waiting {
                Some(waiting) => changes.push(waiting),
                None => return self.add_all(),
            }
        }
        self.add(changes);
    }
}

/// Changes as texts that one notification takes each.
pub(super) fn write(me: i64, changes: Option<Vec<Waiting>>) -> Vec<String> {
    let begin = || me.to_string();
    let all = || vec![format!("{me}\n{ALL}")];
    let Some(changes) = changes else { return all() };
    let mut texts = vec![begin()];
    for Waiting { destination, due } in changes {
        if destination.len() > LONGEST / 2 || destination.contains(['\n', '\r']) {
            return all();
        }
        if texts.last().is_some_and(|text| text.len() + destination.len() + 24 > LONGEST) {
            texts.push(begin());
        }
        if let Some(text) = texts.last_mut() {
            let _ = write!(text, "\n{} {destination}", write_time(due));
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;

    use super::*;

    fn waiting(count: usize, name: &str) -> Vec<Waiting> {
        let due = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
        (0..count).map(|number| Waiting { destination: format!("{name}{number}").into(), due }).collect()
    }

    fn heard(me: i64, texts: &[String]) -> Option<Option<Vec<Waiting>>> {
        let changes = Changes::default();
        for text in texts {
            assert!(text.len() < 8000);
            changes.hear(me, text);
        }
        let mut taken = changes.take().now_or_never()?;
        if let Some(taken) = &mut taken {
            taken.sort_by_key(|waiting| waiting.destination.len());
        }
        Some(taken)
    }

    #[test]
    fn others_hear_what_was_written() {
        assert_eq!(heard(2, &write(1, Some(waiting(9, "x.example")))).unwrap().unwrap().len(), 9);
        let two = waiting(1, "a b").into_iter().chain(waiting(1, "c.example")).collect::<Vec<_>>();
        assert_eq!(heard(2, &write(1, Some(two.clone()))), Some(Some(two)));
        let many = write(1, Some(waiting(900, "destination.example")));
        assert!(many.len() > 2);
        assert_eq!(heard(2, &many).unwrap().unwrap().len(), 900);
        assert_eq!(heard(1, &many), None);
    }

    #[test]
    fn what_is_too_much_is_everything() {
        for texts in [
            write(1, None),
            write(1, Some(waiting(1, "a\nb"))),
            write(1, Some(waiting(1, &"x".repeat(8000)))),
            write(1, Some(waiting(2000, "x"))),
            vec!["7\nwhat?".to_owned()],
        ] {
            assert_eq!(heard(2, &texts), Some(None));
        }
    }
}
