use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use smtp_delivery::queue::store::{Selection, Waiting, Which};
use smtp_delivery::queue::{JobKey, Store as _};

use super::{Place, SECOND, at, id, ids, insert, key, keys, lease, lease_due, message, rest, settle};

pub(crate) async fn leases_by_priority_and_turn(place: &impl Place) {
    let store = place.open().await;
    for (number, priority, turn) in
        [(1, 0, 50), (2, -9, 1), (3, 4, 90), (4, 0, 40), (5, 0, -7), (6, 4, 80), (7, 0, 40)]
    {
        let mut new = message(number, &["x.example"]);
        new.entry.priority = priority;
        new.jobs[0].turn = turn;
        insert(&store, new).await;
    }
    assert_eq!(ids(&lease_due(&store, "x.example", 0, 3).await), [6, 3, 5].map(id));
    assert_eq!(ids(&lease_due(&store, "x.example", 0, 1).await), [4].map(id));
    // The first that comes behind, but more urgent than the others.
    let mut urgent = message(8, &["x.example"]);
    urgent.entry.priority = 9;
    insert(&store, urgent).await;
    assert_eq!(ids(&lease_due(&store, "x.example", 0, 9).await), [8, 7, 1, 2].map(id));
}

pub(crate) async fn leases_what_is_due(place: &impl Place) {
    let store = place.open().await;
    for (number, due) in [(1, 30), (2, 10), (3, 0), (4, 20), (5, 0)] {
        let mut new = message(number, &["x.example"]);
        new.jobs[0].due = at(due);
        new.jobs[0].turn = i64::from(number);
        insert(&store, new).await;
    }
    let leased = lease_due(&store, "x.example", 0, 9).await;
    assert_eq!((ids(&leased), leased.next), (vec![id(3), id(5)], Some(at(10))));
    let leased = lease_due(&store, "x.example", 9, 9).await;
    assert_eq!((ids(&leased), leased.next), (vec![], Some(at(10))));
    // More is due than is taken: then there is something at once.
    let leased = lease_due(&store, "x.example", 25, 1).await;
    assert_eq!(ids(&leased), [id(2)]);
    assert!(leased.next.unwrap() <= at(25), "{:?}", leased.next);
    let leased = lease_due(&store, "x.example", 25, 1).await;
    assert_eq!((ids(&leased), leased.next), (vec![id(4)], Some(at(30))));
    let leased = lease_due(&store, "x.example", 30, 9).await;
    assert_eq!((ids(&leased), leased.next), (vec![id(1)], None));
}

pub(crate) async fn leases_from_one_destination(place: &impl Place) {
    let store = place.open().await;
    insert(&store, message(1, &["x.example", "y.example"])).await;
    insert(&store, message(2, &["y.example", "x.example.org"])).await;
    let leased = lease_due(&store, "x.example", 0, 9).await;
    assert_eq!((keys(&leased), leased.next), (vec![key(id(1), 0)], None));
    assert_eq!(keys(&lease_due(&store, "y.example", 0, 9).await), [key(id(1), 1), key(id(2), 0)]);
    let leased = lease_due(&store, "example", 0, 9).await;
    assert_eq!((keys(&leased), leased.next), (vec![], None));
}

pub(crate) async fn leases_nothing_twice(place: &impl Place) {
    let store = place.open().await;
    insert(&store, message(1, &["x.example"])).await;
    let leased = lease_due(&store, "x.example", 0, 9).await;
    assert_eq!(leased.jobs.len(), 1);
    store.renew(keys(&leased), at(1_000)).await.unwrap();
    let again = lease_due(&store, "x.example", 50, 9).await;
    assert_eq!((again.jobs.len(), again.next), (0, None));
    // Nor are senders told of what is being delivered.
    assert!(lease(&store, Which::Notices, 600, 9).await.jobs.is_empty());
    settle(&store, key(id(1), 0), Some(rest(leased.jobs[0].job.clone(), at(60)))).await;
    assert_eq!(lease_due(&store, "x.example", 59, 9).await.next, Some(at(60)));
    assert_eq!(lease_due(&store, "x.example", 60, 9).await.jobs[0].job.attempts, 1);
}

pub(crate) async fn leases_nothing_twice_at_the_same_time(place: &impl Place) {
    let store = place.open().await;
    for number in 0..100 {
        insert(&store, message(number, &["x.example"])).await;
    }
    let tasks = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let leased = lease_due(&store, "x.example", 0, 7).await;
                if leased.jobs.is_empty() {
                    break taken;
                }
                taken.extend(keys(&leased));
            }
        })
    });
    let mut all: Vec<JobKey> = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 100);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 100);
}

pub(crate) async fn leases_again_when_released(place: &impl Place) {
    let store = place.open().await;
    insert(&store, message(1, &["x.example"])).await;
    assert_eq!(lease_due(&store, "x.example", 0, 9).await.jobs.len(), 1);
    store.release_all().await.unwrap();
    assert_eq!(lease_due(&store, "x.example", 0, 9).await.jobs.len(), 1);
}

pub(crate) async fn leases_what_senders_have_to_hear_of(place: &impl Place) {
    let store = place.open().await;
    for (number, notice) in [(1, 30), (2, 10), (3, 20)] {
        let mut new = message(number, &[["x.example", "y.example", "z.example"][number as usize - 1]]);
        new.jobs[0].notice = at(notice);
        new.jobs[0].due = at(500);
        insert(&store, new).await;
    }
    let leased = lease(&store, Which::Notices, 9, 9).await;
    assert_eq!((keys(&leased), leased.next), (vec![], Some(at(10))));
    let leased = lease(&store, Which::Notices, 25, 9).await;
    let mut both = ids(&leased);
    both.sort_unstable();
    assert_eq!((both, leased.next), (vec![id(2), id(3)], Some(at(30))));
    // What is due then is not delivered until that is over.
    assert_eq!(lease_due(&store, "y.example", 600, 9).await.jobs.len(), 0);
    let told = leased.jobs.into_iter().find(|leased| leased.entry.id == id(2)).unwrap();
    let rest = super::Rest { notice: at(900), told: Some(at(25)), ..super::Rest::from(told.job) };
    settle(&store, key(id(2), 0), Some(rest)).await;
    assert_eq!(lease_due(&store, "y.example", 600, 9).await.jobs[0].job.told, Some(at(25)));
    store.hold(Selection::All, true).await.unwrap();
    let leased = lease(&store, Which::Notices, 2000, 9).await;
    assert_eq!((keys(&leased), leased.next), (vec![], None));
}

pub(crate) async fn leases_of_many(place: &impl Place) {
    let store = place.open().await;
    let insertions = (0..1500).map(|number| {
        let mut new = message(number, &["x.example"]);
        new.jobs[0].due = at(10 + u64::from(number % 5));
        new.jobs[0].turn = i64::from(number);
        insert(&store, new)
    });
    futures::future::join_all(insertions).await;
    assert_eq!(lease_due(&store, "x.example", 9, 10).await.next, Some(at(10)));
    // All come due at once.
    let mut taken = BTreeSet::new();
    while taken.len() < 1500 {
        let leased = lease_due(&store, "x.example", 100, 100).await;
        assert!(!leased.jobs.is_empty());
        assert_eq!(leased.next.is_some(), taken.len() + leased.jobs.len() < 1500);
        taken.extend(keys(&leased));
    }
    assert!(lease_due(&store, "x.example", 100, 100).await.jobs.is_empty());
}

pub(crate) async fn knows_its_destinations(place: &impl Place) {
    let store = place.open().await;
    assert_eq!(store.destinations().await.unwrap(), []);
    for (number, destination, due) in [
        (1, "x.example", 5),
        (2, "x.example", 0),
        (3, "y.example", 7),
        (4, "z.example", 1),
        (5, "y.example", 9),
    ] {
        let mut new = message(number, &[destination]);
        new.jobs[0].due = at(due);
        insert(&store, new).await;
    }
    store.hold(Selection::Message(id(4)), true).await.unwrap();
    let mut destinations = store.destinations().await.unwrap();
    destinations.sort_unstable_by(|one, other| one.destination.cmp(&other.destination));
    let waiting = |name: &str, due: SystemTime| Waiting { destination: Arc::from(name), due };
    assert_eq!(destinations, [waiting("x.example", at(0)), waiting("y.example", at(7))]);
    assert_eq!(at(0) + 7 * SECOND, at(7));
}
