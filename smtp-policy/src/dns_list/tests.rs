use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use smtp_core::testing::{domain, facts, request, sender};
use smtp_core::{BoxError, Hello, Identity, Reply, Request, SessionFacts};
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::client_name::ClientName;

/// Names and what stands under them; `silent` does not answer, `broken` cannot.
#[derive(Default)]
struct Table {
    answers: HashMap<&'static str, [u8; 4]>,
    text: &'static str,
    asked: AtomicUsize,
}

impl Table {
    fn new<const N: usize>(answers: [(&'static str, [u8; 4]); N]) -> Arc<Self> {
        Arc::new(Self { answers: answers.into(), text: "because", ..Self::default() })
    }
}

impl ListLookup for Table {
    async fn answers(&self, name: &str) -> Result<Vec<Ipv4Addr>, BoxError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if name.contains("silent") {
            std::future::pending::<()>().await;
        }
        if name.contains("broken") {
            return Err("SERVFAIL".into());
        }
        Ok(self.answers.get(name).map(|answer| (*answer).into()).into_iter().collect())
    }

    async fn texts(&self, _: &str) -> Result<Vec<String>, BoxError> {
        Ok(vec![self.text.to_owned()])
    }
}

fn addresses(zone: &str) -> DnsList {
    DnsList::of_addresses(domain(zone))
}

fn transaction() -> SessionFacts {
    let mut facts = facts();
    facts.set_hello(Hello::extended(domain("hello.example")), smtp_core::Capabilities::new());
    facts.start_transaction(sender("a@sender.example"));
    facts
}

async fn reply<L: ListLookup>(layer: &DnsListLayer<L>, facts: &SessionFacts, line: &str) -> String {
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) });
    layer.layer(inner).oneshot(request(line, facts.session())).await.unwrap().to_string()
}

const RCPT: &str = "RCPT TO:<joe@example.org>";
const OK: &str = "250 2.1.5 ok";

#[tokio::test]
async fn scores_add_up_and_the_good_outweigh_all() {
    let table = Table::new([
        ("1.2.0.192.one.example", [127, 0, 0, 2]),
        ("1.2.0.192.two.example", [127, 0, 0, 10]),
        ("1.2.0.192.good.example", [127, 0, 0, 1]),
    ]);
    let layer = |lists: &[DnsList], threshold| {
        let layer = DnsListLayer::new(table.clone()).threshold(threshold);
        lists.iter().cloned().fold(layer, DnsListLayer::list)
    };
    let lists =
        [addresses("one.example").score(2), addresses("two.example").score(3), addresses("none.example")];
    let listed = "550 5.7.1 192.0.2.1 is listed by two.example: because";
    assert_eq!(reply(&layer(&lists, 5), &transaction(), RCPT).await, listed);
    assert_eq!(reply(&layer(&lists, 6), &transaction(), RCPT).await, OK);
    let good = [&lists[..], &[addresses("good.example").of_the_good()]].concat();
    assert_eq!(reply(&layer(&good, 1), &transaction(), RCPT).await, OK);
    let codes = [addresses("two.example").codes(["127.0.0.2-9".parse().unwrap()])];
    assert_eq!(reply(&layer(&codes, 1), &transaction(), RCPT).await, OK);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_answer_lists_nobody() {
    let table = Table::new([
        ("1.2.0.192.refusing.example", [127, 255, 255, 254]),
        ("1.2.0.192.parked.example", [192, 0, 2, 80]),
    ]);
    let zones = ["refusing.example", "parked.example", "silent.example", "broken.example"];
    let layer = zones.into_iter().fold(DnsListLayer::new(table), |layer, zone| layer.list(addresses(zone)));
    let begin = tokio::time::Instant::now();
    assert_eq!(reply(&layer, &transaction(), RCPT).await, OK);
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn lists_of_domains_are_asked_about_all_names() {
    let list = || DnsList::of_domains(domain("names.example"));
    for (entry, only) in [
        ("hello.example", DomainOf::Hello),
        ("sender.example", DomainOf::Sender),
        ("client.example", DomainOf::Client),
    ] {
        let name: &'static str = format!("{entry}.names.example").leak();
        let facts = transaction();
        facts.session().connection().insert(ClientName(domain("client.example")));
        let table = Table::new([(name, [127, 0, 1, 2])]);
        let layer = DnsListLayer::new(table.clone()).list(list());
        let listed = format!("550 5.7.1 {entry} is listed by names.example: because");
        assert_eq!(reply(&layer, &facts, RCPT).await, listed);
        for whose in [DomainOf::Hello, DomainOf::Sender, DomainOf::Client] {
            facts.session().transaction().remove::<Listings>();
            let layer = DnsListLayer::new(table.clone()).list(list().about([whose]));
            assert_eq!(reply(&layer, &facts, RCPT).await != OK, whose == only, "{whose:?}");
        }
    }
}

#[tokio::test]
async fn what_no_list_can_have_is_not_asked_about() {
    let table = Table::new([]);
    let list = DnsList::of_domains(domain("names.example")).about([DomainOf::Sender]);
    let layer = DnsListLayer::new(table.clone()).list(list);
    let mut facts = facts();
    let long = format!("{}.example", vec!["x".repeat(60); 4].join("."));
    facts.start_transaction(sender(&format!("a@{long}")));
    assert_eq!(reply(&layer, &facts, RCPT).await, OK);
    assert_eq!(table.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn some_are_not_asked_about() {
    let table = Table::new([("1.2.0.192.one.example", [127, 0, 0, 2])]);
    let layer = DnsListLayer::new(table.clone()).list(addresses("one.example"));
    let mut user = transaction();
    user.set_identity(Identity::new("alice", "PLAIN"));
    assert_eq!(reply(&layer, &user, RCPT).await, OK);
    let trusted = layer.clone().exempt_networks(["192.0.2.0/24".parse().unwrap()]);
    assert_eq!(reply(&trusted, &transaction(), RCPT).await, OK);
    assert_eq!(table.asked.load(Ordering::Relaxed), 0);
    let facts = transaction();
    for line in ["RCPT TO:<postmaster>", "RCPT TO:<Postmaster@example.org>"] {
        assert_eq!(reply(&layer, &facts, line).await, OK);
    }
    for _ in 0..3 {
        assert_ne!(reply(&layer, &facts, RCPT).await, OK);
    }
    assert_eq!(table.asked.load(Ordering::Relaxed), 1, "once for a transaction");
}

#[tokio::test]
async fn a_layer_may_leave_the_decision_to_others_or_not_wait_for_a_recipient() {
    let table = Table::new([("1.2.0.192.one.example", [127, 0, 0, 2])]);
    let layer = DnsListLayer::new(table).list(addresses("one.example").score(4));
    let facts = transaction();
    assert_eq!(reply(&layer.clone().tag_only(), &facts, RCPT).await, OK);
    let listings = facts.session().transaction().get::<Listings>().unwrap();
    assert_eq!((listings.score(), listings.0[0].zone.as_str()), (4, "one.example"));
    assert_eq!(reply(&layer, &facts, "").await, OK);
    let refused = "554 5.7.1 192.0.2.1 is listed by one.example: because";
    assert_eq!(reply(&layer.at_connect(), &facts, "").await, refused);
}

#[tokio::test]
async fn what_a_list_writes_stays_within_a_line() {
    let text = format!("a\r\n250 ok\u{1b}[31m{}", "\u{f6}".repeat(500)).leak();
    let answers = [("1.2.0.192.one.example", [127, 0, 0, 2])].into();
    let table = Table { answers, text, asked: AtomicUsize::new(0) };
    let layer = DnsListLayer::new(table).list(addresses("one.example"));
    let refused = reply(&layer, &transaction(), RCPT).await;
    assert!(
        refused.starts_with("550 5.7.1 192.0.2.1 is listed by one.example: a  250 ok?[31m\u{f6}"),
        "{refused}"
    );
    assert!(refused.len() < 300 && !refused.contains(['\r', '\n', '\u{1b}']));
}
