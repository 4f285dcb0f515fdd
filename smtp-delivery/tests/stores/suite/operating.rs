use smtp_delivery::queue::Store as _;
use smtp_delivery::queue::store::{Selection, Usage, Which};

use super::{Place, at, id, ids, insert, key, lease, lease_due, message, names, read, rest, settle};

pub(crate) async fn holds_messages(place: &impl Place) {
    let store = place.open().await;
    insert(&store, message(1, &["x.example", "y.example"])).await;
    insert(&store, message(2, &["x.example"])).await;
    let held = store.hold(Selection::Message(id(1)), true).await.unwrap();
    assert_eq!(names(&held), ["x.example", "y.example"]);
    let leased = lease_due(&store, "x.example", 0, 9).await;
    assert_eq!((ids(&leased), leased.next), (vec![id(2)], None));
    assert!(lease(&store, Which::Notices, 2000, 9).await.jobs.is_empty());
    let jobs = store.find(id(1)).await.unwrap().unwrap().jobs;
    assert!(jobs.iter().all(|listed| listed.held) && jobs[0].job.due == at(0));
    let released = store.hold(Selection::Message(id(1)), false).await.unwrap();
    assert_eq!(names(&released), ["x.example", "y.example"]);
    assert_eq!(ids(&lease_due(&store, "x.example", 0, 9).await), [id(1)]);
    assert_eq!(names(&store.hold(Selection::Message(id(9)), true).await.unwrap()), [""; 0]);
}

pub(crate) async fn holds_destinations(place: &impl Place) {
    let store = place.open().await;
    for number in 0..10 {
        let mut new = message(number, &["x.example", "y.example"]);
        new.jobs[0].due = at(u64::from(number));
        insert(&store, new).await;
    }
    let selection = Selection::Destination("x.example".into());
    assert_eq!(names(&store.hold(selection.clone(), true).await.unwrap()), ["x.example"]);
    assert_eq!(lease_due(&store, "x.example", 100, 99).await.next, None);
    assert_eq!(lease_due(&store, "y.example", 0, 5).await.jobs.len(), 5);
    assert_eq!(names(&store.hold(selection, false).await.unwrap()), ["x.example"]);
    let leased = lease_due(&store, "x.example", 4, 99).await;
    assert_eq!((leased.jobs.len(), leased.next), (5, Some(at(5))));
    assert_eq!(names(&store.hold(Selection::All, true).await.unwrap()), ["x.example", "y.example"]);
    assert_eq!(lease_due(&store, "y.example", 100, 99).await.jobs.len(), 0);
    assert_eq!(names(&store.hold(Selection::All, false).await.unwrap()), ["x.example", "y.example"]);
    assert_eq!(lease_due(&store, "y.example", 100, 99).await.jobs.len(), 5);
}

pub(crate) async fn holds_what_is_being_delivered(place: &impl Place) {
    let store = place.open().await;
    insert(&store, message(1, &["x.example"])).await;
    let job = lease_due(&store, "x.example", 0, 9).await.jobs.remove(0).job;
    store.hold(Selection::All, true).await.unwrap();
    let listed = store.find(id(1)).await.unwrap().unwrap().jobs.remove(0);
    assert!(listed.held && listed.leased);
    settle(&store, key(id(1), 0), Some(rest(job, at(1)))).await;
    let listed = store.find(id(1)).await.unwrap().unwrap().jobs.remove(0);
    assert!(listed.held && !listed.leased);
    assert!(lease_due(&store, "x.example", 9, 9).await.jobs.is_empty());
    store.hold(Selection::All, false).await.unwrap();
    let job = lease_due(&store, "x.example", 9, 9).await.jobs.remove(0).job;
    assert_eq!((job.attempts, job.due), (1, at(1)));
    store.hold(Selection::All, true).await.unwrap();
    settle(&store, key(id(1), 0), None).await;
    assert_eq!(store.usage(), Usage::default());
}

pub(crate) async fn expedites_what_waits(place: &impl Place) {
    let store = place.open().await;
    for number in 0..10 {
        let mut new = message(number, &["x.example", "y.example", "z.example"]);
        new.jobs[0].due = at(100 + u64::from(number));
        new.jobs[1].due = at(50);
        insert(&store, new).await;
    }
    assert_eq!(names(&store.expedite(Selection::Message(id(7)), at(1)).await.unwrap()).len(), 3);
    let leased = lease_due(&store, "x.example", 1, 9).await;
    assert_eq!((ids(&leased), leased.next), (vec![id(7)], Some(at(100))));
    assert_eq!(leased.jobs[0].job.due, at(1));
    let selection = Selection::Destination("x.example".into());
    assert_eq!(names(&store.expedite(selection, at(2)).await.unwrap()), ["x.example"]);
    assert_eq!(lease_due(&store, "x.example", 2, 99).await.jobs.len(), 9);
    // Where everything is due already, that is told too: the destination may have been left alone.
    let selection = Selection::Destination("z.example".into());
    assert_eq!(names(&store.expedite(selection, at(2)).await.unwrap()), ["z.example"]);
    assert_eq!(names(&store.expedite(Selection::All, at(3)).await.unwrap()).len(), 3);
    assert_eq!(lease_due(&store, "y.example", 3, 99).await.jobs.len(), 10);
    let leased = lease_due(&store, "z.example", 3, 99).await;
    assert!(leased.jobs.len() == 10 && leased.jobs.iter().all(|leased| leased.job.due == at(0)));
    let selection = Selection::Destination("nowhere.example".into());
    assert_eq!(names(&store.expedite(selection, at(2)).await.unwrap()), [""; 0]);
}

pub(crate) async fn removes_messages(place: &impl Place) {
    let store = place.open().await;
    insert(&store, message(1, &["x.example", "y.example"])).await;
    let large = vec![b'x'; 1_000_000];
    store.insert(message(2, &["z.example"]), large.into()).await.unwrap();
    let job = lease_due(&store, "y.example", 0, 1).await.jobs.remove(0).job;
    assert!(!store.remove(id(1)).await.unwrap());
    assert_eq!(read(store.content(id(1)).await.unwrap()).await.len(), 31);
    settle(&store, key(id(1), 1), Some(rest(job, at(1)))).await;
    assert!(store.remove(id(1)).await.unwrap());
    assert!(store.remove(id(2)).await.unwrap());
    assert!(!store.remove(id(1)).await.unwrap() && !store.remove(id(3)).await.unwrap());
    assert_eq!(store.usage(), Usage::default());
    assert!(store.content(id(1)).await.is_err() && store.content(id(2)).await.is_err());
    assert!(lease_due(&store, "x.example", 9, 1).await.jobs.is_empty());
    assert!(lease_due(&store, "y.example", 9, 1).await.jobs.is_empty());
}

pub(crate) async fn lists_page_by_page(place: &impl Place) {
    let store = place.open().await;
    let order = [5, 1, 9, 3, 7, 2, 8, 4, 6];
    for number in order {
        insert(&store, message(number, &["x.example", "y.example"])).await;
    }
    store.hold(Selection::Message(id(6)), true).await.unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.list(after, 4).await.unwrap();
        assert!(page.iter().all(|listed| listed.octets == 31 && listed.jobs.len() == 2));
        let Some(last) = page.last() else { break };
        after = Some(last.entry.id);
        seen.extend(page.into_iter().map(|listed| (listed.entry.id, listed.jobs[1].held)));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|number| (id(number), number == 6)));
    assert!(store.list(None, 0).await.unwrap().is_empty());
}
