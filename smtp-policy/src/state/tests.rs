//! One suite for all stores.

use std::time::Duration;

use tokio::task::JoinSet;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn key(name: &str) -> StateKey {
    StateKey::new("tests", name)
}

async fn put(state: &State, name: &str, value: u64, lasts: Duration) {
    let put =
        move |entry: &mut Option<StateEntry>, now| *entry = Some(StateEntry { value, until: now + lasts });
    state.update(key(name), put).await.unwrap();
}

async fn value(state: &State, name: &str) -> Option<u64> {
    state.get(key(name)).await.unwrap().0.map(|entry| entry.value)
}

/// What every store does. It holds eight entries of a space.
async fn suite(state: State) {
    // Entries are put, replaced and taken out, each for itself.
    assert_eq!(value(&state, "a").await, None);
    put(&state, "a", 1, MINUTE).await;
    put(&state, "b", u64::MAX, MINUTE).await;
    put(&state, "a", 2, MINUTE).await;
    let name = "j\u{f6}rg@example.org 'x' \"y\"";
    put(&state, name, 3, MINUTE).await;
    assert_eq!(value(&state, "a").await, Some(2));
    assert_eq!(value(&state, "b").await, Some(u64::MAX));
    assert_eq!(value(&state, name).await, Some(3));
    let other = StateKey::new("others", "a");
    assert_eq!(state.get(other).await.unwrap().0, None);
    state.update(key("a"), |entry, _| *entry = None).await.unwrap();
    assert_eq!(value(&state, "a").await, None);

    // They run out, and one that is to run out at once is not there.
    let (entry, now) = state.get(key("b")).await.unwrap();
    let left = entry.unwrap().until.since(now);
    assert!(left <= MINUTE + Duration::from_millis(1) && left > MINUTE / 2, "{left:?}");
    tokio::time::advance(2 * MINUTE).await;
    assert_eq!(value(&state, "b").await, None);
    put(&state, "c", 1, Duration::ZERO).await;
    assert_eq!(value(&state, "c").await, None);

    // Nobody's change is lost.
    let mut tasks = JoinSet::new();
    for _ in 0..400 {
        let state = state.clone();
        tasks.spawn(async move {
            let count = |entry: &mut Option<StateEntry>, now: Moment| {
                let value = entry.map_or(0, |entry| entry.value) + 1;
                *entry = Some(StateEntry { value, until: now + MINUTE });
            };
            state.update(key("count"), count).await.unwrap();
        });
    }
    tasks.join_all().await;
    assert_eq!(value(&state, "count").await, Some(400));

    // What is full forgets what runs out first.
    put(&state, "last", 7, 100 * MINUTE).await;
    for number in 0..100 {
        put(&state, &number.to_string(), number, MINUTE).await;
    }
    assert_eq!(value(&state, "last").await, Some(7));
    assert_eq!(value(&state, "99").await, Some(99));
    let mut kept = 0;
    for number in 0..100 {
        kept += usize::from(value(&state, &number.to_string()).await.is_some());
    }
    assert!((1..=8).contains(&kept), "{kept}");
}

#[tokio::test(start_paused = true)]
async fn in_memory_it_is_a_store() {
    suite(State::new(MemoryState::with_clock(clock()).most(8))).await;
}

#[test]
fn a_name_is_cut_between_letters() {
    let name = format!("x{}", "\u{f6}".repeat(1000));
    assert_eq!(key(&name).name().len(), StateKey::MAX_NAME - 1);
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::path::Path;

    use super::*;

    fn open(path: &Path) -> State {
        State::new(SqliteState::open_with(path, 8).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_database_it_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        suite(open(&folder.path().join("state"))).await;
    }

    #[tokio::test]
    async fn several_that_share_a_file_share_what_is_in_it_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (one, other) = (open(&path), open(&path));
        put(&one, "a", 1, MINUTE).await;
        assert_eq!(value(&other, "a").await, Some(1));
        put(&other, "a", 2, MINUTE).await;
        assert_eq!(value(&one, "a").await, Some(2));
        #[cfg(unix)]
        for file in ["state", "state-wal", "state-shm"] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = folder.path().join(file).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    #[tokio::test]
    async fn what_is_no_state_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        std::fs::write(&path, "dear diary, this is not a database, but it is long enough for a header\n")
            .unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = SqliteState::open(&path).unwrap_err().to_string();
        assert!(error.contains("not a database"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);

        let path = folder.path().join("newer");
        rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
        let error = SqliteState::open(&path).unwrap_err().to_string();
        assert!(error.contains("a database of version 7, not 1; remove the file"), "{error}");
    }

    #[tokio::test]
    async fn a_change_that_panics_changes_nothing_and_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let state = open(&folder.path().join("state"));
        put(&state, "a", 1, MINUTE).await;
        let panics = |entry: &mut Option<StateEntry>, _| {
            *entry = None;
            panic!("this one is meant to");
        };
        assert!(state.update::<()>(key("a"), panics).await.is_err());
        assert_eq!(value(&state, "a").await, Some(1));
    }

    #[tokio::test]
    async fn a_database_that_breaks_is_an_error_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let state = open(&path);
        put(&state, "a", 1, MINUTE).await;
        rusqlite::Connection::open(&path).unwrap().execute("DROP TABLE state", []).unwrap();
        let error = state.get(key("a")).await.unwrap_err().to_string();
        assert!(error.contains("no such table"), "{error}");
    }
}
