//! A proxy in front of Postfix.

use bytes::BytesMut;
use smtp_server::Deliver;
use smtp_server::auth::client::AuthClient;
use smtp_server::codec::DotStuffing;
use smtp_server::delivery::{Proxy, Relay};
use smtp_server::policy::RelayLayer;
use smtp_server::testing::{connect, domain, transcript};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tower::ServiceBuilder;

use crate::mail::{as_stored, assert_same, content, split_header};
use crate::postfix::Postfix;
use crate::{OF_REALM, joe};

fn client(to: Relay) -> DuplexStream {
    let proxy = Proxy::new(to.name(domain("proxy.example")));
    let stack = ServiceBuilder::new()
        .layer(RelayLayer::new().relay_domains([domain("example.net").into()]))
        .layer(proxy.clone())
        .service(Deliver::new(proxy));
    connect(stack)
}

#[tokio::test]
async fn clients_hear_postfix() {
    let postfix = Postfix::start("");
    transcript(
        client(postfix.relay()),
        "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<sender@example.com>
        C: RCPT TO:<jane@example.net>
        C: DATA
        S: 250 2.1.0 Ok
        S: 554 5.7.1 <jane@example.net>: Recipient address rejected: Access denied
        S: 554 5.5.1 no valid recipients
        ",
    )
    .await;
    let mut client = transcript(
        client(postfix.relay().auth(AuthClient::new(joe(OF_REALM)))),
        "
        S: 220 ...
        C: EHLO client.example
        S: 250*
        C: MAIL FROM:<sender@example.com> BODY=8BITMIME
        C: RCPT TO:<jane@example.net>
        C: DATA
        S: 250 2.1.0 Ok
        S: 250 2.1.5 Ok
        S: 354 ...
        ",
    )
    .await;
    let (mut wire, mut stuffing) = (BytesMut::new(), DotStuffing::default());
    stuffing.write(&content(), &mut wire);
    stuffing.finish(&mut wire);
    client.write_all(&wire).await.expect("the server reads");
    transcript(client, "S: 250 2.0.0 Ok: queued as ...").await;
    postfix.logs("status=sent");
    assert_same(split_header(&postfix.mails()[0]).1, &as_stored(&content()));
}
