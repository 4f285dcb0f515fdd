//! The ways in which strangers have always tried to get mail passed on. No client that is sound sends
//! such things, so that this is no program's talk.

use crate::client::Client;
use crate::server::Server;
use crate::sink::Sink;

/// Each form of address, and its refusal.
const FORMS: [(&str, &str); 26] = [
    ("<user@example.net>", "550 5.7.1 "),
    ("<user@EXAMPLE.NET>", "550 5.7.1 "),
    ("<user@sub.example.org>", "550 5.7.1 "),
    ("<user@localhost>", "550 5.7.1 "),
    // The percent hack, once and nested.
    ("<user%example.net@example.org>", "550 5.7.1 "),
    ("<user%example.net%example.com@example.org>", "550 5.7.1 "),
    ("<user%example.net>", "501 5.1.3 "),
    // Bang paths.
    ("<example.net!user@example.org>", "550 5.7.1 "),
    ("<example.com!example.net!user@example.org>", "550 5.7.1 "),
    ("<example.net!user>", "501 5.1.3 "),
    ("<example.com!user%example.net@example.org>", "550 5.7.1 "),
    // Source routes.
    ("<@example.org:user@example.net>", "550 5.7.1 "),
    ("<@example.org,@example.com:user@example.net>", "550 5.7.1 "),
    ("<@example.org:user%example.net@example.org>", "550 5.7.1 "),
    // An address in quotes.
    ("<\"user@example.net\"@example.org>", "550 5.7.1 "),
    ("<\"user%example.net\"@example.org>", "550 5.7.1 "),
    ("<\"example.net!user\"@example.org>", "550 5.7.1 "),
    ("<\"@example.com:user@example.net\"@example.org>", "550 5.7.1 "),
    // Two hosts, and addresses within addresses.
    ("<user@example.net@example.org>", "501 5.1.3 "),
    ("<<user@example.net>@example.org>", "501 5.1.3 "),
    ("<user:example.net@example.org>", "501 5.1.3 "),
    // The server's own address, and that of others.
    ("<user@[127.0.0.1]>", "550 5.7.1 "),
    ("<user%example.net@[127.0.0.1]>", "550 5.7.1 "),
    ("<user@[IPv6:::1]>", "550 5.7.1 "),
    // A dot at the end.
    ("<user@example.net.>", "501 5.1.3 "),
    ("<user@example.org.>", "501 5.1.3 "),
];

/// Errors are answered at once.
const AT_ONCE: &str = "[limits]\nerror_delay = \"0 s\"\n";

#[test]
fn no_form_of_address_gets_a_stranger_through() {
    let sink = Sink::start(&[]);
    let server = Server::start(&format!("{}{AT_ONCE}", sink.as_next_hop()));
    for sender in ["<>", "<postmaster@example.org>", "<user@localhost>", "<user@[127.0.0.1]>"] {
        // A session ends by too many mistakes.
        for forms in FORMS.chunks(13) {
            let mut client = stranger(&server, sender);
            for (recipient, refusal) in forms {
                let reply = client.command(&format!("RCPT TO:{recipient}")).unwrap();
                assert!(reply.starts_with(refusal), "{sender} {recipient}: {reply}");
            }
            let reply = client.command("DATA").unwrap();
            assert!(reply.starts_with("554 5.5.1 "), "{sender}: {reply}");
            assert!(client.command("QUIT").unwrap().starts_with("221 "), "{sender}");
        }
    }
}

#[test]
fn who_keeps_guessing_is_sent_away() {
    let server = Server::start(AT_ONCE);
    let mut client = stranger(&server, "<>");
    let replies: Vec<String> =
        (0..21).map(|_| client.command("RCPT TO:<guess@example.net>").unwrap()).collect();
    assert!(replies[..20].iter().all(|reply| reply.starts_with("550 5.7.1 ")), "{replies:?}");
    assert!(replies[20].starts_with("421 4.7.0 "), "{}", replies[20]);
    assert_eq!(client.reply().unwrap(), "");
}

/// A session with this sender.
fn stranger(server: &Server, sender: &str) -> Client {
    let mut client = Client::connect(server.port("mx")).expect("a greeting");
    client.command("EHLO mail.example.org").expect("a reply");
    let reply = client.command(&format!("MAIL FROM:{sender}")).expect("a reply");
    assert!(reply.starts_with("250 "), "{sender}");
    client
}
