//! Whole sessions of clients of which Sendmail's access map speaks.

use std::net::SocketAddr;

use smtp_server::auth::{AuthLayer, Verdict, verify_fn};
use smtp_server::policy::access_map::DelayChecks;
use smtp_server::policy::{AccessMap, AccessMapLayer, ExpandLayer, RelayLayer, StaticDirectory};
use smtp_server::testing::{RecordingDelivery, connect_with, domain, transcript};
use smtp_server::{BoxError, ConnectionInfo, Deliver, Peer, SmtpService};
use tower::ServiceBuilder;

const MAP: &str = "\
Connect:192.0.2              REJECT
Connect:192.0.2.25           OK
Connect:198.51.100.7         RELAY
Connect:203.0.113.1          ERROR:4.7.0:421 not now
Connect:203.0.113.2          DISCARD
From:spam.example            ERROR:5.7.1:550 we know you
From:friend@spam.example     OK
From:junk.example            DISCARD
From:odd.example             QUARANTINE:odd
To:partner.example           RELAY
To:gone@example.org          REJECT
To:trap@example.org          DISCARD
Spam:abuse@example.org       FRIEND
TLS_Clt:203.0.113.3          ENCR:128
";

fn stack(
    delay: Option<DelayChecks>,
    delivery: RecordingDelivery,
) -> Result<impl SmtpService + Clone, BoxError> {
    let map = AccessMap::from_text(MAP)?;
    let local = domain("example.org");
    let users = verify_fn(|login, _| async move { Ok(Verdict::from(login.password.expose() == b"secret")) });
    let access = AccessMapLayer::new(map.clone()).local_domains([local.clone().into()]);
    let access = match delay {
        Some(which) => access.delay_checks(which),
        None => access,
    };
    Ok(ServiceBuilder::new()
        .layer(access)
        .layer(AuthLayer::new(users).allow_plaintext_without_tls())
        .layer(RelayLayer::new().local_domains([local.into()]).access_map(map))
        .layer(ExpandLayer::new(StaticDirectory::new()))
        .service(Deliver::new(delivery)))
}

/// Plays a session of a client with this address; gives how many messages were delivered to whom.
async fn play(address: [u8; 4], delay: Option<DelayChecks>, script: &str) -> Vec<String> {
    let delivery = RecordingDelivery::new();
    let peer = Peer::Ip(SocketAddr::from((address, 50_000)));
    let stack = stack(delay, delivery.clone()).expect("a stack");
    transcript(connect_with(ConnectionInfo::new(peer, domain("server.example")), stack), script).await;
    let recipients = delivery.messages().into_iter().map(|message| {
        let each: Vec<_> = message.envelope.recipients.iter().map(ToString::to_string).collect();
        each.join(" ")
    });
    recipients.collect()
}

/// A message to these, of which those with a reply are refused.
fn message(from: &str, to: &[(&str, &str)], data: &str) -> String {
    let mut script = format!("C: MAIL FROM:<{from}>\nS: 250 ...\n");
    for (recipient, reply) in to {
        script += &format!("C: RCPT TO:<{recipient}>\nS: {reply}\n");
    }
    script + data
}

const HELLO: &str = "S: 220 ...\nC: EHLO client.example\nS: 250*\n";
const SENT: &str = "C: DATA\nS: 354 ...\nC: Subject: x\nC:\nC: .\nS: 250 2.0.0 recorded\n";
const SWALLOWED: &str =
    "C: DATA\nS: 354 ...\nC: Subject: x\nC:\nC: .\nS: 250 2.0.0 message accepted for delivery\n";
const END: &str = "C: QUIT\nS: 221 ...\nS: (closed)";
const OK: &str = "250 2.1.5 recipient OK";

#[tokio::test]
async fn a_client_that_is_rejected_may_say_goodbye() {
    let script = format!(
        "{HELLO}
         C: AUTH PLAIN AGEAc2VjcmV0
         C: MAIL FROM:<a@example.net>
         C: VRFY joe
         C: EXPN staff
         C: NOOP
         S: 550 5.7.1 access denied
         S: 550 5.7.1 access denied
         S: 550 5.7.1 access denied
         S: 550 5.7.1 access denied
         S: 250 ...
         C: RCPT TO:<joe@example.org>
         S: 503 5.5.1 send MAIL first
         {END}"
    );
    assert!(play([192, 0, 2, 1], None, &script).await.is_empty());
}

#[tokio::test]
async fn a_closer_entry_lets_a_client_in() {
    let script = HELLO.to_owned() + &message("a@example.net", &[("joe@example.org", OK)], SENT) + END;
    assert_eq!(play([192, 0, 2, 25], None, &script).await, ["<joe@example.org>"]);
}

#[tokio::test]
async fn a_client_for_another_time_is_turned_away_at_once() {
    play([203, 0, 113, 1], None, "S: 421 4.7.0 not now\nS: (closed)").await;
}

#[tokio::test]
async fn for_a_client_of_ours_mail_is_passed_on() {
    let to = [("joe@example.net", OK), ("joe@example.org", OK), ("gone@example.org", "550 5.2.1 ...")];
    let script = HELLO.to_owned() + &message("a@example.net", &to, SENT) + END;
    assert_eq!(play([198, 51, 100, 7], None, &script).await, ["<joe@example.net> <joe@example.org>"]);
}

#[tokio::test]
async fn for_others_mail_is_passed_on_to_partners_alone() {
    let to = [("joe@example.net", "550 5.7.1 ..."), ("joe@partner.example", OK)];
    let script = HELLO.to_owned() + &message("a@example.net", &to, SENT) + END;
    assert_eq!(play([198, 51, 100, 8], None, &script).await, ["<joe@partner.example>"]);
}

#[tokio::test]
async fn senders_are_refused_held_back_or_fooled() {
    let joe = [("joe@example.org", OK)];
    let script = format!(
        "{HELLO}
         C: MAIL FROM:<a@spam.example>
         S: 550 5.7.1 we know you
         C: MAIL FROM:<a@odd.example>
         S: 451 4.7.1 ...
         {}{}{}{}{END}",
        message("friend@spam.example", &joe, SENT),
        message("a@junk.example", &joe, SWALLOWED),
        // One trap is enough.
        message("a@example.net", &[("joe@example.org", OK), ("trap@example.org", "250 ...")], SWALLOWED),
        // What was is forgotten with the message.
        message("a@example.net", &joe, SENT),
    );
    assert_eq!(play([198, 51, 100, 8], None, &script).await, ["<joe@example.org>", "<joe@example.org>"]);
}

#[tokio::test]
async fn all_that_a_client_sends_may_be_thrown_away() {
    let one = message("a@example.net", &[("joe@example.org", OK)], SWALLOWED);
    assert!(play([203, 0, 113, 2], None, &format!("{HELLO}{one}{one}{END}")).await.is_empty());
}

#[tokio::test]
async fn a_client_of_which_tls_is_demanded_sends_nothing_without() {
    let script = format!("{HELLO}C: MAIL FROM:<a@example.net>\nS: 454 4.7.0 encryption too weak, ...\n{END}");
    play([203, 0, 113, 3], None, &script).await;
}

#[tokio::test]
async fn where_checks_are_delayed_friends_get_everything_and_users_send_from_everywhere() {
    let refused = [("joe@example.org", "550 5.7.1 access denied"), ("abuse@example.org", OK)];
    let script = format!(
        "{HELLO}{}
         C: AUTH PLAIN AGEAc2VjcmV0
         S: 235 ...
         {}{END}",
        message("a@example.net", &refused, SENT),
        message("a@example.net", &[("joe@example.net", OK)], SENT),
    );
    let delivered = play([192, 0, 2, 1], Some(DelayChecks::NotForFriends), &script).await;
    assert_eq!(delivered, ["<abuse@example.org>", "<joe@example.net>"]);
}
