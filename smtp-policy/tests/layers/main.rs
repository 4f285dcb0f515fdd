//! Each layer around a mock: what it refuses does not reach the rest of the stack and does not keep it, what it
//! allows goes through as it is, and it is ready when the rest of the stack is.

#[cfg(test)]
mod bench;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::{IpAddr, Ipv4Addr};

    use smtp_core::testing::{domain, facts, recipient, request, sender};
    use smtp_core::{
        BoxError, Capabilities, Command, Domain, Envelope, Hello, Identity, Mail, Mailbox, Message, Outcomes,
        Recipient, Reply, Request, Route, Session, SessionFacts,
    };
    use smtp_policy::client_name::NameLookup;
    use smtp_policy::dns_list::ListLookup;
    use smtp_policy::rate_limit::{By, Counted, Rate};
    use smtp_policy::state::in_memory;
    use smtp_policy::*;
    use tokio_test::{assert_pending, assert_ready_ok, task};
    use tower::{Layer as _, Service as _};
    use tower_test::mock;

    use crate::bench::{fails, passes, passes_as, refuses, refuses_behind};

    const RCPT: &str = "RCPT TO:<joe@example.org>";
    const OK: &str = "250 2.1.5 ok";

    fn ask(line: &str) -> Request {
        request(line, facts().session())
    }

    fn alice() -> SessionFacts {
        let mut facts = facts();
        facts.set_identity(Identity::new("alice", "PLAIN"));
        facts
    }

    fn in_transaction(from: &str) -> SessionFacts {
        let mut facts = facts();
        facts.start_transaction(sender(from));
        facts
    }

    fn directory() -> AliasDirectory<HashSet<Mailbox>> {
        let file = AliasFile::from_text("staff: joe, ann\nowner-staff: ann\nnone:\n").unwrap();
        let users = HashSet::from(["joe@example.org".parse().unwrap()]);
        AliasDirectory::new(file, users, [domain("example.org")])
    }

    #[tokio::test]
    async fn access_map() {
        let map =
            AccessMap::from_text("From:spam.example REJECT\nTo:gone@ DISCARD\nSrv_Features: E\n").unwrap();
        let layer = AccessMapLayer::new(map).local_domains([domain("example.org").into()]);
        refuses(&layer, ask("MAIL FROM:<a@spam.example>"), "550 5.7.1 access denied").await;
        refuses(&layer, ask("ETRN example.org"), "502 5.7.0 ETRN is not offered to you").await;
        let facts = facts();
        let trap = request("RCPT TO:<gone@example.org>", facts.session());
        refuses(&layer, trap, "250 2.1.5 recipient ok").await;
        let thrown_away = "250 2.0.0 message accepted for delivery";
        refuses(&layer, request("DATA", facts.session()), thrown_away).await;
        for line in ["", "EHLO c.example", "MAIL FROM:<a@ham.example>", RCPT, "DATA", "XYZZY"] {
            passes(&layer, ask(line)).await;
            fails(&layer, ask(line)).await;
        }
    }

    #[tokio::test]
    async fn relay() {
        let here = RelayLayer::new().local_domains([domain("example.org").into()]);
        let map = AccessMap::from_text("Connect:198.51.100 RELAY\n").unwrap();
        for layer in [here.clone(), here.access_map(map)] {
            let denied = "550 5.7.1 relaying denied for example.net";
            refuses(&layer, ask("RCPT TO:<joe@example.net>"), denied).await;
            let local = Command::Rcpt(recipient("joe@example.org").routed(Route::Local));
            passes_as(&layer, ask(RCPT), &format!("{local:?}")).await;
            passes(&layer, ask("MAIL FROM:<>")).await;
            fails(&layer, ask(RCPT)).await;
        }
    }

    #[tokio::test]
    async fn local_recipients() {
        let layer = LocalRecipientsLayer::new(directory());
        let to = |address| {
            let command = Command::Rcpt(recipient(address).routed(Route::Local));
            Request::new(command, facts().session().clone())
        };
        refuses(&layer, to("jim@example.org"), "550 5.1.1 no such user here").await;
        passes(&layer, to("joe@example.org")).await;
        passes(&layer, ask("DATA")).await;
        fails(&layer, to("staff@example.org")).await;
    }

    #[tokio::test]
    async fn expand() {
        let layer = ExpandLayer::new(directory());
        let not_allowed = "550 5.7.1 client.example [192.0.2.1]: VRFY not allowed";
        refuses(&layer, ask("VRFY joe"), not_allowed).await;
        let known = "250 2.1.5 <joe@example.org>";
        refuses(&layer, request("VRFY joe", alice().session()), known).await;
        for line in ["EHLO c.example", "NOOP"] {
            passes(&layer, request(line, alice().session())).await;
            fails(&layer, ask(line)).await;
        }
    }

    #[tokio::test]
    async fn null_sender() {
        let layer = NullSenderLayer::new().no_lists(directory()).not_from_users();
        let refused = "550 5.7.1 users send with an address of theirs";
        refuses(&layer, request("MAIL FROM:<>", alice().session()), refused).await;
        let bounce = in_transaction("");
        let to_list = || request("RCPT TO:<staff@example.org>", bounce.session());
        refuses(&layer, to_list(), "550 5.7.1 this list takes no bounces").await;
        for request in [ask("MAIL FROM:<>"), request(RCPT, bounce.session()), ask(RCPT)] {
            passes(&layer, request).await;
        }
        fails(&layer, request(RCPT, bounce.session())).await;
    }

    #[tokio::test]
    async fn sender_rules() {
        let layer = SenderRulesLayer::new().own_addresses([domain("example.org")]);
        let mail = |from: &str| request(&format!("MAIL FROM:<{from}@example.org>"), alice().session());
        refuses(&layer, mail("bob"), "553 5.7.1 <bob@example.org> is not an address of yours").await;
        let mut message = alice();
        message.start_transaction(sender("alice@example.org"));
        let nobody = "550 5.6.0 the message has no From: field";
        refuses(&layer, request("DATA", message.session()), nobody).await;
        passes(&layer, mail("alice")).await;
        passes(&layer, ask("MAIL FROM:<bob@example.org>")).await;
        fails(&layer, mail("alice")).await;
    }

    #[tokio::test]
    async fn session_limits() {
        let layer = SessionLimitsLayer::new().commands(2).errors(0);
        let facts = facts();
        let noop = || request("NOOP", facts.session());
        passes(&layer, noop()).await;
        fails(&layer, noop()).await;
        refuses(&layer, noop(), "421 4.7.0 too many commands, closing connection").await;
        let too_many = "421 4.7.0 too many errors, closing connection";
        refuses_behind(&layer, ask("NOOP"), "550 5.1.1 who?", too_many).await;
    }

    #[tokio::test(start_paused = true)]
    async fn rate_limit() {
        let layer = RateLimitLayer::new(in_memory()).limit(Counted::Messages, By::Address, Rate::hourly(2));
        passes(&layer, ask("MAIL FROM:<>")).await;
        fails(&layer, ask("MAIL FROM:<>")).await;
        let refused = "451 4.7.0 too many messages from 192.0.2.1: 2 in 1 hour at most";
        refuses(&layer, ask("MAIL FROM:<>"), refused).await;
        passes(&layer, ask(RCPT)).await;
    }

    #[tokio::test]
    async fn connection_limit() {
        let layer = ConnectionLimitLayer::new().limit(By::Address, 1);
        let first = facts();
        passes(&layer, request("", first.session())).await;
        let refused = "421 4.7.0 too many connections from 192.0.2.1 at once: 1 at most";
        refuses(&layer, ask(""), refused).await;
        fails(&layer, request("MAIL FROM:<>", first.session())).await;
    }

    #[tokio::test]
    async fn functions() {
        let policy = policy_fn(|mail: Mail, _: Session| async move {
            match mail.path.is_null() {
                true => Err(Reply::new(550, "5.7.1 no bounces here")),
                false => Ok(()),
            }
        });
        refuses(&policy, ask("MAIL FROM:<>"), "550 5.7.1 no bounces here").await;
        let around = from_fn(|request: Request, next: Next| async move {
            match request.command {
                Command::Mail(mail) if mail.path.is_null() => Ok(Reply::new(550, "5.7.1 no bounces here")),
                _ => next.run(request).await,
            }
        });
        refuses(&around, ask("MAIL FROM:<>"), "550 5.7.1 no bounces here").await;
        let at_header = policy_fn(|_: Headers, _: Session| async { Err(Reply::new(550, "5.7.1 no")) });
        refuses(&at_header, request("DATA", in_transaction("").session()), "550 5.7.1 no").await;
        for line in ["MAIL FROM:<a@b.example>", "NOOP"] {
            passes(&policy, ask(line)).await;
            passes(&around, ask(line)).await;
            fails(&policy, ask(line)).await;
            fails(&around, ask(line)).await;
        }
    }

    /// A DNS in which 192.0.2.1 is mx.example.net, and on a list.
    struct Dns;

    impl NameLookup for Dns {
        async fn names(&self, _: IpAddr) -> Result<Vec<Domain>, BoxError> {
            Ok(vec![domain("mx.example.net")])
        }

        async fn addresses(&self, _: &Domain) -> Result<Vec<IpAddr>, BoxError> {
            Ok(vec!["192.0.2.1".parse()?])
        }
    }

    impl ListLookup for Dns {
        async fn answers(&self, _: &str) -> Result<Vec<Ipv4Addr>, BoxError> {
            Ok(vec![Ipv4Addr::new(127, 0, 0, 2)])
        }

        async fn texts(&self, _: &str) -> Result<Vec<String>, BoxError> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn client_name() {
        let layer = ClientNameLayer::new(Dns);
        let facts = facts();
        passes(&layer, request("", facts.session())).await;
        assert!(facts.session().connection().get::<ClientName>().is_some());
        passes(&layer, ask("NOOP")).await;
        fails(&layer, ask("EHLO c.example")).await;
    }

    #[tokio::test]
    async fn dns_list() {
        let layer = DnsListLayer::new(Dns).list(DnsList::of_addresses(domain("list.example"))).at_connect();
        refuses(&layer, ask(""), "554 5.7.1 192.0.2.1 is listed by list.example").await;
        let transaction = in_transaction("a@example.net");
        let rcpt = || request(RCPT, transaction.session());
        // Whom the rest of the stack refuses, nobody asks about.
        refuses_behind(&layer, rcpt(), "550 5.1.1 who?", "550 5.1.1 who?").await;
        refuses_behind(&layer, rcpt(), OK, "550 5.7.1 192.0.2.1 is listed by list.example").await;
        passes(&layer, request(RCPT, alice().session())).await;
        passes(&layer, ask("MAIL FROM:<>")).await;
        fails(&layer, rcpt()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn greylist() {
        let layer = GreylistLayer::new(in_memory());
        let transaction = in_transaction("a@example.net");
        let rcpt = || request(RCPT, transaction.session());
        let later = "451 4.7.1 greylisted, try again in 5 minutes";
        refuses_behind(&layer, rcpt(), OK, later).await;
        let mut bounce = in_transaction("");
        bounce.add_recipient(recipient("joe@example.org"));
        refuses(&layer, request("DATA", bounce.session()), later).await;
        passes(&layer, request(RCPT, alice().session())).await;
        fails(&layer, rcpt()).await;
        tokio::time::advance(std::time::Duration::from_secs(300)).await;
        passes(&layer, rcpt()).await;
    }

    #[tokio::test]
    async fn hello_checks() {
        let layer = HelloChecksLayer::new();
        let mut impostor = facts();
        impostor.set_hello(Hello::extended(domain("server.example")), Capabilities::new());
        passes(&layer, request("MAIL FROM:<a@example.net>", impostor.session())).await;
        let rcpt = || request(RCPT, impostor.session());
        let refused = "550 5.7.1 you are not server.example; that is this server";
        // They are kept from MAIL to RCPT.
        refuses_behind(&layer, rcpt(), OK, refused).await;
        passes(&layer, ask(RCPT)).await;
        fails(&layer, rcpt()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn unknown_recipients() {
        let layer = UnknownRecipientsLayer::new(in_memory()).per_session(1).per_client(Rate::hourly(2));
        let facts = facts();
        let rcpt = || request(RCPT, facts.session());
        passes(&layer, rcpt()).await;
        let unknown = "550 5.1.1 who?";
        refuses_behind(&layer, rcpt(), unknown, unknown).await;
        let enough = "421 4.7.0 too many unknown recipients, closing connection";
        refuses_behind(&layer, rcpt(), unknown, enough).await;
        let later = "450 4.7.0 too many unknown recipients from 192.0.2.1, try again later";
        refuses(&layer, ask(RCPT), later).await;
        fails(&layer, request(RCPT, alice().session())).await;
    }

    #[tokio::test(start_paused = true)]
    async fn tarpit() {
        let layer = TarpitLayer::new().free(0);
        let begin = tokio::time::Instant::now();
        passes(&layer, ask("NOOP")).await;
        assert_eq!(begin.elapsed().as_secs(), 0);
        refuses_behind(&layer, ask("NOOP"), "550 5.1.1 who?", "550 5.1.1 who?").await;
        assert_eq!(begin.elapsed().as_secs(), 1);
        fails(&layer, ask("NOOP")).await;
    }

    /// The one layer of the delivery tier.
    #[tokio::test]
    async fn aliases() {
        let message = |to: &str| {
            let mut envelope = Envelope::new(sender("x@example.net"));
            envelope.recipients.push(recipient(to).routed(Route::Local));
            Message::new(envelope.into(), "Subject: x\r\n\r\n".into(), facts().session().clone())
        };
        for (to, below) in
            [("none@example.org", None), ("staff@example.org", Some(2)), ("x@example.org", Some(1))]
        {
            let (inner, mut handle) = mock::pair::<Message, Outcomes>();
            let mut service = AliasLayer::new(directory()).layer(inner);
            let mut client = task::spawn(());
            handle.allow(0);
            assert_pending!(client.enter(|cx, _| service.poll_ready(cx)));
            handle.allow(1);
            assert!(client.is_woken());
            assert_ready_ok!(client.enter(|cx, _| service.poll_ready(cx)));
            let asked = tokio::spawn(service.call(message(to)));
            match below {
                None => {
                    let Outcomes::All(reply) = asked.await.unwrap().unwrap() else { panic!("one outcome") };
                    assert_eq!(reply.to_string(), "550 5.1.1 the list is empty");
                    drop(service);
                    assert!(handle.next_request().await.is_none(), "there is nothing to deliver");
                }
                Some(recipients) => {
                    let (message, respond) = handle.next_request().await.expect("a message");
                    let to: &[Recipient] = &message.envelope.recipients;
                    assert_eq!(to.len(), recipients);
                    respond.send_response(Reply::new(250, "2.0.0 as it was").into());
                    assert_eq!(asked.await.unwrap().unwrap().fold().to_string(), "250 2.0.0 as it was");
                }
            }
        }
    }
}
