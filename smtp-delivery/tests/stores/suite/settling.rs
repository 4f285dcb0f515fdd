use std::sync::Arc;

use smtp_core::Reply;
use smtp_core::testing::recipient;
use smtp_delivery::queue::store::{Rest, Settlement, Usage, Which};
use smtp_delivery::queue::{JobKey, Pending, Store as _};

use super::{Place, at, id, insert, key, lease, lease_due, message, rest, settle};

pub(crate) async fn settles_a_part(place: &impl Place) {
    let store = place.open().await;
    let mut new = message(1, &["x.example"]);
    new.jobs[0].recipients.push(recipient("other@example.net").into());
    insert(&store, new).await;
    let job = lease_due(&store, "x.example", 0, 1).await.jobs.remove(0).job;
    let last = Some(Arc::new(Reply::new(451, "4.2.1 busy")));
    let recipients = vec![Pending { last, ..job.recipients[1].clone() }];
    let rest = Rest { recipients, due: at(60), notice: at(900), attempts: 1, told: Some(at(2)) };
    settle(&store, key(id(1), 0), Some(rest.clone())).await;

    let found = store.find(id(1)).await.unwrap().unwrap();
    assert!(!found.jobs[0].leased);
    let leased = lease_due(&store, "x.example", 59, 1).await;
    assert_eq!((leased.jobs.len(), leased.next), (0, Some(at(60))));
    let mut leased = lease_due(&store, "x.example", 60, 1).await;
    let again = leased.jobs.remove(0).job;
    assert_eq!((again.number, &again.destination, again.turn), (0, &job.destination, job.turn));
    assert_eq!(format!("{:?}", Rest::from(again)), format!("{rest:?}"));
    assert_eq!(lease(&store, Which::Notices, 500, 1).await.next, None);
}

pub(crate) async fn settles_each_job_of_a_message(place: &impl Place) {
    let store = place.open().await;
    insert(&store, message(1, &["x.example", "y.example"])).await;
    insert(&store, message(2, &["x.example"])).await;
    for leased in lease_due(&store, "x.example", 0, 9).await.jobs {
        settle(&store, leased.key(), None).await;
    }
    assert_eq!(store.usage().messages, 1);
    assert!(store.content(id(1)).await.is_ok() && store.content(id(2)).await.is_err());
    let found = store.find(id(1)).await.unwrap().unwrap();
    assert_eq!(found.jobs.iter().map(|listed| listed.job.number).collect::<Vec<_>>(), [1]);
    let leased = lease_due(&store, "y.example", 0, 9).await.jobs.remove(0);
    settle(&store, leased.key(), None).await;
    assert_eq!(store.usage(), Usage::default());
    assert!(store.find(id(1)).await.unwrap().is_none());
    assert!(store.list(None, 9).await.unwrap().is_empty());
    assert_eq!(store.destinations().await.unwrap(), []);
}

/// An answer that got lost is settled again.
pub(crate) async fn settles_what_is_not_there(place: &impl Place) {
    let store = place.open().await;
    insert(&store, message(1, &["x.example"])).await;
    let job = lease_due(&store, "x.example", 0, 1).await.jobs.remove(0).job;
    for _ in 0..2 {
        settle(&store, key(id(1), 0), None).await;
    }
    settle(&store, key(id(1), 0), Some(rest(job.clone(), at(1)))).await;
    settle(&store, key(id(7), 3), Some(rest(job, at(1)))).await;
    assert_eq!(store.usage(), Usage::default());
    assert!(lease_due(&store, "x.example", 100, 1).await.jobs.is_empty());
}

/// Outcomes that come together may be noted down together, whatever they are.
pub(crate) async fn settles_many_at_once(place: &impl Place) {
    let store = place.open().await;
    for number in 0..30 {
        let destinations = if number % 3 == 0 { &["x.example", "y.example"][..] } else { &["x.example"] };
        insert(&store, message(number, destinations)).await;
    }
    let mut leased = lease_due(&store, "x.example", 0, 100).await.jobs;
    leased.extend(lease_due(&store, "y.example", 0, 100).await.jobs);
    assert_eq!(leased.len(), 40);
    let settlements = leased.into_iter().map(|leased| {
        // Of three with two jobs, and of one with one, something is left.
        let key = leased.key();
        let is_left = [(0, 0), (3, 1), (6, 0), (6, 1), (1, 0)].contains(&(number_of(&key), key.number));
        let rest =
            is_left.then(|| Rest { notice: at(900), ..rest(leased.job, at(60 + u64::from(key.number))) });
        store.settle(Settlement { key, rest })
    });
    for settled in futures::future::join_all(settlements).await {
        settled.unwrap();
    }
    let mut left = Vec::new();
    for listed in store.list(None, 100).await.unwrap() {
        let number = number_of(&key(listed.entry.id, 0));
        left.extend(listed.jobs.iter().map(|of| (number, of.job.number, of.job.due, of.leased)));
    }
    let expected = [(0, 0, 60), (1, 0, 60), (3, 1, 61), (6, 0, 60), (6, 1, 61)];
    assert_eq!(left, expected.map(|(number, job, due)| (number, job, at(due), false)));
    assert_eq!(store.usage().messages, 4);
    for destination in ["x.example", "y.example"] {
        for leased in lease_due(&store, destination, 70, 100).await.jobs {
            assert_eq!((leased.job.attempts, leased.job.notice), (1, at(900)));
            settle(&store, leased.key(), None).await;
        }
    }
    assert_eq!(store.usage(), Usage::default());
}

fn number_of(key: &JobKey) -> u32 {
    key.id.as_str().parse().unwrap()
}
