//! Lettre, the Rust crate, as the client of users and as a sending server.

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{SmtpTransport, Transport as _};

use crate::content::{as_stored, assert_same, content, split_trace};
use crate::server::Server;

fn tls(server: &Server) -> TlsParameters {
    let pem = std::fs::read(server.certificate()).unwrap();
    let trusted = Certificate::from_pem(&pem).unwrap();
    TlsParameters::builder("mail.example.org".to_owned())
        .add_root_certificate(trusted)
        .build_rustls()
        .unwrap()
}

fn client(server: &Server, listener: &str, tls: Tls, user: Option<Mechanism>) -> SmtpTransport {
    let client = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(server.port(listener))
        .hello_name(ClientId::Domain("client.example".to_owned()))
        .tls(tls);
    match user {
        None => client.build(),
        Some(mechanism) => {
            let credentials = Credentials::new("postmaster".to_owned(), server.password.clone());
            client.authentication(vec![mechanism]).credentials(credentials).build()
        }
    }
}

fn envelope(recipients: &[&str]) -> Envelope {
    let recipients = recipients.iter().map(|recipient| recipient.parse().unwrap()).collect();
    Envelope::new(Some("sender@example.com".parse().unwrap()), recipients).unwrap()
}

#[test]
fn messages_arrive_octet_by_octet() {
    let server = Server::start("");
    let cases = [
        ("mx", Tls::None, None, "ESMTP id"),
        ("mx", Tls::Required(tls(&server)), None, "ESMTPS (version=TLSv1.3 "),
        ("submission", Tls::Required(tls(&server)), Some(Mechanism::Plain), "ESMTPSA (version=TLSv1.3 "),
        ("submissions", Tls::Wrapper(tls(&server)), Some(Mechanism::Login), "ESMTPSA (version=TLSv1.3 "),
    ];
    let expected: Vec<&str> = cases.iter().map(|(_, _, _, with)| *with).collect();
    for (listener, tls, user, _) in cases {
        let client = client(&server, listener, tls, user);
        assert!(client.test_connection().unwrap());
        // It ends the last line itself.
        let content = content();
        let content = content.strip_suffix(b"\r\n").unwrap();
        let sent = client.send_raw(&envelope(&["postmaster@example.org"]), content).unwrap();
        assert_eq!(sent.code().to_string(), "250");
    }
    let mails = server.octets("example.org/postmaster");
    assert_eq!(mails.len(), expected.len());
    let mut seen = Vec::new();
    for mail in &mails {
        let (fields, rest) = split_trace(mail, &["Return-Path", "Received"]);
        assert_same(rest, &as_stored(&content()));
        seen.push(fields[1].clone());
    }
    for with in expected {
        let expected = format!(" by mail.example.org with {with}");
        let found = seen.iter().position(|field| field.contains(&expected));
        seen.swap_remove(found.unwrap_or_else(|| panic!("{expected} is missing in {seen:#?}")));
    }
}

#[test]
fn addresses_may_be_utf8() {
    let server = Server::start("");
    let client = client(&server, "mx", Tls::None, None);
    let sender = "j\u{f6}rg@b\u{fc}cher.example";
    let to = vec!["postmaster@example.org".parse().unwrap()];
    client.send_raw(&Envelope::new(Some(sender.parse().unwrap()), to).unwrap(), &content()).unwrap();
    let mails = server.octets("example.org/postmaster");
    let (fields, _) = split_trace(&mails[0], &["Return-Path", "Received"]);
    assert_eq!(fields[0], format!("Return-Path: <{sender}>"));
    assert!(fields[1].contains(" with UTF8SMTP id "), "{}", fields[1]);
}

#[test]
fn refusals_reach_the_application() {
    let server = Server::start("");
    let stranger = client(&server, "mx", Tls::None, None);
    for (recipient, code, text) in
        [("nobody@example.org", "550", "5.1.1 no such user here"), ("user@example.net", "550", "5.7.1 ")]
    {
        let error = stranger.send_raw(&envelope(&[recipient]), &content()).unwrap_err();
        assert_eq!(error.status().unwrap().to_string(), code);
        assert!(error.is_permanent() && error.to_string().contains(text), "{error}");
    }
    let wrong = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(server.port("submission"))
        .tls(Tls::Required(tls(&server)))
        .credentials(Credentials::new("postmaster".to_owned(), "wrong".to_owned()))
        .build();
    let error = wrong.send_raw(&envelope(&["postmaster@example.org"]), &content()).unwrap_err();
    assert_eq!(error.status().unwrap().to_string(), "535");
    assert!(server.octets("example.org/postmaster").is_empty());
}
