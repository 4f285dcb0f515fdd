//! Handshakes with OpenSSL, and what may not stand before one.

use crate::client::Client;
use crate::server::Server;
use peers::{Ended, run};

/// Says QUIT within TLS.
fn s_client(server: &Server, listener: &str, options: &[&str]) -> Ended {
    let address = format!("127.0.0.1:{}", server.port(listener));
    let certificate = server.certificate();
    let trust = ["-CAfile", certificate.to_str().expect("a path in UTF-8"), "-verify_return_error"];
    let to = ["s_client", "-connect", &address, "-verify_hostname", "mail.example.org", "-ign_eof"];
    let start: &[&str] = if listener == "submissions" { &[] } else { &["-starttls", "smtp"] };
    run("openssl", &[&to[..], &trust, start, options].concat(), b"EHLO client.example\r\nQUIT\r\n")
}

#[test]
fn both_versions_of_today_are_spoken_and_the_certificate_holds() {
    let server = Server::start("");
    for listener in ["mx", "submission", "submissions"] {
        for (option, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let talk = s_client(&server, listener, &[option]);
            talk.succeeds();
            talk.says(&format!("New, {version}, Cipher is "));
            talk.says("Verify return code: 0 (ok)");
            talk.says("221 2.0.0 bye");
            // Within TLS nobody is told to start it.
            assert_eq!(talk.printed.matches("250-STARTTLS").count(), 0, "{}", talk.printed);
        }
    }
}

#[test]
fn versions_of_yesterday_are_refused_by_the_server() {
    let server = Server::start("");
    for listener in ["submission", "submissions"] {
        for version in ["-tls1", "-tls1_1"] {
            // At this level OpenSSL itself would do it.
            let talk = s_client(&server, listener, &[version, "-cipher", "ALL:@SECLEVEL=0"]);
            talk.fails();
            talk.says("SSL alert number ");
            assert!(!talk.printed.contains("221 "), "{}", talk.printed);
        }
    }
}

#[test]
fn what_stands_in_the_clear_behind_starttls_ends_the_session() {
    let server = Server::start("");
    for listener in ["mx", "submission"] {
        let mut client = Client::connect(server.port(listener)).unwrap();
        assert!(client.command("EHLO client.example").unwrap().contains("250-STARTTLS\r\n"));
        client.send(b"STARTTLS\r\nMAIL FROM:<attacker@example.com>\r\n").unwrap();
        let replies = [client.reply().unwrap(), client.reply().unwrap()];
        assert!(replies.iter().any(|reply| reply.starts_with("421 4.7.0 ")), "{replies:?}");
        assert!(replies.iter().all(|reply| !reply.starts_with("250")), "{replies:?}");
        assert_eq!(client.reply().unwrap_or_default(), "");
    }
}

#[test]
fn a_handshake_that_is_none_ends_the_session_without_a_word() {
    let server = Server::start("");
    let mut client = Client::connect(server.port("mx")).unwrap();
    client.command("EHLO client.example").unwrap();
    assert!(client.command("STARTTLS").unwrap().starts_with("220 2.0.0 "));
    client.send(b"EHLO client.example\r\n").unwrap();
    // An alert is no text, and the connection ends behind it.
    let answer = client.reply();
    assert!(answer.is_err() || !answer.unwrap_or_default().starts_with('2'));
}
