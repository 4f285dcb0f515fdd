use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use smtp_core::testing::{recipient, sender};
use smtp_core::{
    Acceptance, Body, BodyErrorKind, ForwardPath, Parameter, Recipient, Remote, Reply, ReversePath, Route,
};
use smtp_delivery::bounce::{Fate, Written};
use smtp_delivery::queue::store::{StoreError, Usage};
use smtp_delivery::queue::{Ended, Pending, Store as _};

use super::{Place, at, id, insert, key, lease_due, message, read, settle};

/// Octets that no two places have in common.
fn octets(size: usize) -> Bytes {
    let words = (0..size as u32 / 4 + 1).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes());
    words.take(size).collect::<Vec<u8>>().into()
}

fn in_chunks(octets: &Bytes, size: usize) -> Body {
    let octets = octets.clone();
    let chunks = (0..octets.len()).step_by(size);
    let chunks = chunks.map(move |at| Ok(octets.slice(at..octets.len().min(at + size))));
    Body::from_stream(futures::stream::iter(chunks))
}

pub(crate) async fn keeps_all_of_a_message(place: &impl Place) {
    let store = place.open().await;
    let mut new = message(1, &["x.example", "y.example"]);
    new.entry.priority = -9;
    new.entry.release = at(17);
    new.entry.written = Written::AsNotification;
    let parameter = Parameter::parse("RET=HDRS").unwrap();
    new.entry.sender.parameters.insert(parameter);
    let said = Reply::new(451, "4.2.1 busy").from_remote(Remote::new("mx", Acceptance::Relayed));
    new.jobs[1].recipients.push(Pending { last: Some(Arc::new(said)), ..recipient("a@y.example").into() });
    let fate = Fate::Expanded;
    for sender in [None, Some(Arc::new(sender("list@example.org")))] {
        let ended = Some(Ended { fate, sender });
        new.jobs[1].recipients.push(Pending { ended, ..recipient("all@y.example").into() });
    }
    new.jobs[1].turn = i64::MIN;
    new.jobs[1].attempts = 7;
    new.jobs[1].told = Some(at(3));
    assert_eq!(store.insert(new.clone(), "hello\r\n".into()).await.unwrap(), 7);
    assert_eq!(store.usage(), Usage { messages: 1, octets: 7 });

    let mut leased = lease_due(&store, "y.example", 0, 9).await;
    assert_eq!((leased.jobs.len(), leased.next), (1, None));
    let leased = leased.jobs.remove(0);
    assert_eq!((&*leased.entry, &leased.job), (&new.entry, &new.jobs[1]));
    assert_eq!(leased.key(), key(id(1), 1));
    if let Some(content) = leased.content {
        assert_eq!(content, "hello\r\n");
    }
    assert_eq!(read(store.content(id(1)).await.unwrap()).await, "hello\r\n");

    let found = store.find(id(1)).await.unwrap().unwrap();
    assert_eq!((&*found.entry, found.octets), (&new.entry, 7));
    let jobs: Vec<_> =
        found.jobs.into_iter().map(|listed| (listed.job, listed.held, listed.leased)).collect();
    let [first, second] = <[_; 2]>::try_from(new.jobs).unwrap();
    assert_eq!(jobs, [(first, false, false), (second, false, true)]);
    assert!(store.find(id(2)).await.unwrap().is_none());
    assert!(store.content(id(2)).await.is_err());
}

pub(crate) async fn keeps_content_of_any_size(place: &impl Place) {
    let store = place.open().await;
    let mut total = 0;
    for (number, size) in (1..).zip([0, 1, 4096, 65_535, 65_536, 65_537, 300_000, 3_000_000]) {
        let content = octets(size);
        for (number, chunk) in [(number, 1400), (100 + number, 70_000), (200 + number, 5_000_000)] {
            let body = in_chunks(&content, chunk);
            assert_eq!(store.insert(message(number, &["x.example"]), body).await.unwrap(), size as u64);
            assert!(read(store.content(id(number)).await.unwrap()).await == content, "{size} {chunk}");
            total += size as u64;
        }
    }
    assert_eq!(store.usage(), Usage { messages: 24, octets: total });
    for leased in lease_due(&store, "x.example", 0, 100).await.jobs {
        let content = read(store.content(leased.entry.id).await.unwrap()).await;
        assert!(leased.content.as_ref().is_none_or(|with| *with == content));
        settle(&store, leased.key(), None).await;
        assert!(store.content(leased.entry.id).await.is_err());
    }
    assert_eq!(store.usage(), Usage::default());
}

pub(crate) async fn gives_content_to_several_readers(place: &impl Place) {
    let store = place.open().await;
    let content = octets(1_000_000);
    store.insert(message(1, &["x.example"]), content.clone().into()).await.unwrap();
    let (mut first, second) = (store.content(id(1)).await.unwrap(), store.content(id(1)).await.unwrap());
    let begun = first.next().await.unwrap().unwrap();
    assert!(read(second).await == content);
    assert!([begun, read(first).await].concat() == content);
}

pub(crate) async fn keeps_nothing_of_a_message_that_ends_early(place: &impl Place) {
    let store = place.open().await;
    for size in [0, 100, 1_000_000] {
        let broken = futures::stream::iter([Ok(octets(size)), Err(BodyErrorKind::Disconnected.into())]);
        let failed = store.insert(message(1, &["x.example"]), Body::from_stream(broken)).await;
        assert!(matches!(failed, Err(StoreError::Body(_))), "{failed:?}");
    }
    assert_eq!(store.usage(), Usage::default());
    assert!(store.find(id(1)).await.unwrap().is_none());
    assert!(lease_due(&store, "x.example", 0, 1).await.jobs.is_empty());
    // The name is not taken either.
    insert(&store, message(1, &["x.example"])).await;
}

pub(crate) async fn keeps_nothing_of_a_message_that_is_given_up(place: &impl Place) {
    let store = place.open().await;
    for size in [0, 100, 1_000_000] {
        let (begin, begun) = tokio::sync::oneshot::channel();
        let first = futures::stream::iter([Ok(octets(size))]);
        let never = futures::stream::once(async move {
            begin.send(()).unwrap();
            std::future::pending().await
        });
        let insertion = store.insert(message(1, &["x.example"]), Body::from_stream(first.chain(never)));
        tokio::select! {
            done = insertion => panic!("{done:?}"),
            begun = begun => begun.unwrap(),
        }
    }
    assert_eq!(store.usage(), Usage::default());
    assert!(store.find(id(1)).await.unwrap().is_none());
    insert(&store, message(1, &["x.example"])).await;
}

pub(crate) async fn keeps_unusual_messages(place: &impl Place) {
    let store = place.open().await;
    let destination = "x'\"\\%_\u{fc}\n.example";
    let mut new = message(1, &[destination]);
    new.entry.sender.path = ReversePath::Null;
    new.entry.origin.account = Some("j\u{f6}'; DROP TABLE job; --".to_owned());
    new.entry.origin.hello = None;
    new.entry.origin.client = None;
    let postmaster = Recipient::new(ForwardPath::Postmaster).routed(Route::Local);
    let many = (0..2000).map(|n| recipient(&format!("\"a b{n}\"@x.example")).into());
    new.jobs[0].recipients = many.chain([postmaster.into()]).collect();
    insert(&store, new.clone()).await;
    let leased = lease_due(&store, destination, 0, 1).await;
    assert_eq!((&*leased.jobs[0].entry, &leased.jobs[0].job), (&new.entry, &new.jobs[0]));
}

pub(crate) async fn refuses_a_name_that_is_taken(place: &impl Place) {
    let store = place.open().await;
    for size in [10, 1_000_000] {
        store.insert(message(size, &["x.example"]), octets(size as usize).into()).await.unwrap();
        for other in [20, 2_000_000] {
            let second = store.insert(message(size, &["y.example"]), octets(other).into()).await;
            assert!(matches!(second, Err(StoreError::Other(_))), "{second:?}");
        }
        assert!(read(store.content(id(size)).await.unwrap()).await == octets(size as usize));
        assert_eq!(store.find(id(size)).await.unwrap().unwrap().jobs.len(), 1);
    }
    assert_eq!(store.usage(), Usage { messages: 2, octets: 1_000_010 });
    assert!(lease_due(&store, "y.example", 0, 1).await.jobs.is_empty());
}

pub(crate) async fn takes_many_at_once(place: &impl Place) {
    let store = place.open().await;
    let tasks = (0..16).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..20 {
                insert(&store, message(1000 * task + number, &["x.example", "y.example"])).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(store.usage().messages, 320);
    assert_eq!(store.list(None, 1000).await.unwrap().len(), 320);
    assert_eq!(lease_due(&store, "x.example", 0, 1000).await.jobs.len(), 320);
}

/// Those that come together may be stored together.
pub(crate) async fn refuses_among_many_what_it_has_to(place: &impl Place) {
    let store = place.open().await;
    for number in [7, 11] {
        insert(&store, message(number, &["x.example"])).await;
    }
    let insertions = (0..40).map(|number| store.insert(message(number, &["y.example"]), "other\r\n".into()));
    let stored = futures::future::join_all(insertions).await;
    for (number, stored) in stored.iter().enumerate() {
        assert_eq!(stored.is_ok(), ![7, 11].contains(&number), "{number}: {stored:?}");
    }
    assert_eq!(store.usage().messages, 40);
    assert_eq!(lease_due(&store, "x.example", 0, 100).await.jobs.len(), 2);
    assert_eq!(lease_due(&store, "y.example", 0, 100).await.jobs.len(), 38);
}

pub(crate) async fn keeps_everything_when_closed(place: &impl Place) {
    let store = place.open().await;
    let large = octets(1_000_000);
    insert(&store, message(1, &["x.example", "y.example"])).await;
    store.insert(message(2, &["x.example"]), large.clone().into()).await.unwrap();
    insert(&store, message(3, &["x.example"])).await;
    let leased = lease_due(&store, "x.example", 0, 2).await;
    settle(&store, leased.jobs[0].key(), None).await;
    let usage = store.usage();
    let listed = |listed: Vec<_>| format!("{listed:?}").replace("leased: true", "leased: false");
    let before = listed(store.list(None, 9).await.unwrap());
    place.close(store).await;

    let store = place.open().await;
    assert_eq!(store.usage(), usage);
    assert_eq!(listed(store.list(None, 9).await.unwrap()), before);
    assert!(read(store.content(id(2)).await.unwrap()).await == large);
    // What was leased is not any more.
    assert_eq!(lease_due(&store, "x.example", 0, 9).await.jobs.len(), 2);
    assert_eq!(lease_due(&store, "y.example", 0, 9).await.jobs[0].job.due, at(0));
}
