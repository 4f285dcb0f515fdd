//! Messages for several domains.

use smtp_server::auth::client::{AuthClient, Credentials};
use smtp_server::delivery::Relay;
use smtp_server::delivery::relay::{Pool, PoolOptions};
use smtp_server::testing::Recorded;

use super::hosts::Hosts;
use super::{CONTENT, RECORDED, mx, name_server, relay, send};

fn recipients(message: &Recorded) -> Vec<String> {
    let mut recipients: Vec<String> = message.envelope.recipients.iter().map(ToString::to_string).collect();
    recipients.sort_unstable();
    recipients
}

#[tokio::test]
async fn each_recipient_has_the_outcome_of_its_domain() {
    let (names, hosts) = (name_server(), Hosts::start().await);
    let relay = relay(mx(&names, &hosts));
    let to = [
        "jane@first.example",
        "jane@gone.example",
        "jane@second.example",
        "bad@first.example",
        "jane@none.example",
        "jane@alldown.example",
        "jim@First.Example",
        "jane@tobreaks.example",
    ];
    let outcomes = send(&relay, &to).await;
    let codes: Vec<&str> = outcomes.iter().map(|outcome| &outcome[..9]).collect();
    assert_eq!(
        codes,
        [
            "250 2.0.0",
            "550 5.1.2",
            "250 2.0.0",
            "550 5.1.1",
            "556 5.1.1",
            "451 4.4.1",
            "250 2.0.0",
            "250 2.0.0"
        ]
    );
    assert_eq!(hosts.counts(), [1, 2, 0]);
    let first = &hosts.messages(0)[0];
    assert_eq!(recipients(first), ["<jane@first.example>", "<jim@First.Example>"]);
    let all = hosts.messages(0).into_iter().chain(hosts.messages(1));
    assert!(all.into_iter().all(|message| message.content == CONTENT.as_bytes()));
}

#[tokio::test]
async fn domains_with_the_same_servers_share_a_transaction_unless_something_depends_on_them() {
    let (names, hosts) = (name_server(), Hosts::start().await);
    let relay = relay(mx(&names, &hosts));
    let to = ["jane@first.example", "jane@alsofirst.example"];
    assert_eq!(send(&relay, &to).await, [RECORDED]);
    assert_eq!(hosts.counts(), [1, 0, 0]);
    assert_eq!(recipients(&hosts.messages(0)[0]), ["<jane@alsofirst.example>", "<jane@first.example>"]);
    let mixed = ["jane@first.example", "bad@alsofirst.example", "jim@first.example"];
    let refused = "550 5.1.1 no such user";
    assert_eq!(send(&relay, &mixed).await, [RECORDED, refused, RECORDED]);
    let before = hosts.counts()[0];
    // What is published about TLS, or which credentials fit, is by domain.
    let tls = smtp_server::tls::RelayTls::builder().build().unwrap();
    assert_eq!(send(&relay.clone().tls(tls), &to).await, [RECORDED]);
    assert_eq!(hosts.counts(), [before + 2, 0, 0]);
    let auth = AuthClient::new(Credentials::password("joe", "secret"));
    let outcomes = send(&relay.auth(auth), &to).await;
    assert!(outcomes[0].starts_with("451 4.7.8"), "{outcomes:?}");
}

#[tokio::test]
async fn connections_are_kept_for_each_server() {
    let (names, hosts) = (name_server(), Hosts::start().await);
    let pool = Pool::new(PoolOptions::default());
    let relay: Relay = relay(mx(&names, &hosts)).pool(pool.clone());
    for _ in 0..3 {
        assert_eq!(send(&relay, &["jane@first.example", "jane@second.example"]).await, [RECORDED; 2]);
        assert_eq!(pool.idle(), 2);
    }
    assert_eq!(hosts.counts(), [3, 3, 0]);
    let ports = |index: usize| {
        let mut peers: Vec<String> = hosts
            .messages(index)
            .iter()
            .map(|message| format!("{:?}", message.session.info().peer))
            .collect();
        peers.dedup();
        peers.len()
    };
    assert_eq!((ports(0), ports(1)), (1, 1));
    pool.clear().await;
}
