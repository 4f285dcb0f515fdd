//! What a client was told 250 for is delivered, whatever happens meanwhile, or its sender hears of it.

// Their unwraps are those of tests.
#[cfg(test)]
#[path = "../client/mod.rs"]
mod client;
#[cfg(test)]
#[cfg(feature = "postgres")]
mod database;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod programs;
#[cfg(test)]
#[path = "../server/mod.rs"]
mod server;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::process::{Command, Stdio};

    use crate::client::Client;
    use crate::server::Server;

    pub(crate) const QUEUE: &str = "[queue]\nfirst_retry = \"1 s\"\nlongest_retry = \"1 s\"\n";

    /// Sends by Python's smtplib: as a user of the server, if there is a password.
    pub(crate) fn send(server: &Server, to: &str, password: Option<&str>, options: &str) -> String {
        let program = format!(
            "import smtplib, ssl\n\
             context = ssl.create_default_context(cafile={certificate:?})\n\
             client = smtplib.SMTP('localhost', {port})\n\
             client.starttls(context=context)\n\
             {login}\n\
             refused = client.sendmail({from:?}, {to:?}.split(','), 'Subject: a test\\r\\n\\r\\nthe body of it\\r\\n', \
             rcpt_options={options})\n\
             print('refused', refused)\n\
             client.quit()\n",
            certificate = server.certificate(),
            port = server.port(if password.is_some() { "submission" } else { "mx" }),
            login = password.map_or_else(
                || "client.ehlo()".to_owned(),
                |password| { format!("client.login('postmaster', {password:?})") }
            ),
            from = "postmaster@example.org",
        );
        let output = Command::new("python3").args(["-c", &program]).stdin(Stdio::null()).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// Logs in and says ETRN so many times; the replies.
    fn ask_for_mail(server: &Server, times: usize) -> String {
        let program = format!(
            "import smtplib, ssl\n\
             client = smtplib.SMTP('localhost', {})\n\
             client.starttls(context=ssl.create_default_context(cafile={:?}))\n\
             client.login('postmaster', {:?})\n\
             for _ in range({times}): print(client.docmd('ETRN', 'example.net'))\n",
            server.port("submission"),
            server.certificate(),
            server.password
        );
        let output = Command::new("python3").args(["-c", &program]).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    pub(crate) fn relaying(next_hop: u16) -> String {
        format!("[relay]\nnext_hop = \"127.0.0.1:{next_hop}\"\n{QUEUE}")
    }

    /// A port at which nobody answers.
    fn free_port() -> u16 {
        TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
    }

    #[test]
    fn mail_waits_in_the_queue_until_it_is_in_its_mailbox() {
        let server = Server::start(QUEUE);
        let sent = send(&server, "postmaster@example.org", None, "[]");
        assert_eq!(sent, "refused {}\n");
        assert!(server.logs("reply=\"250 2.0.0 queued as ").contains("listener=\"mx\""));
        server.logs(" delivered ");
        let mail = server.mail("example.org/postmaster");
        assert!(mail[0].starts_with("Return-Path: <postmaster@example.org>\nReceived: from "), "{}", mail[0]);
        assert!(mail[0].ends_with("\nthe body of it\n"), "{}", mail[0]);
    }

    #[test]
    fn a_next_hop_that_was_down_gets_the_mail_when_it_is_back() {
        let mut next_hop = Server::start_as("example.net", "");
        next_hop.add_user("user", "secret");
        let server = Server::start(&relaying(next_hop.port("mx")));
        next_hop.kill();
        let sent = send(&server, "user@example.net,postmaster@example.org", Some(&server.password), "[]");
        assert_eq!(sent, "refused {}\n");
        server.logs(" delivered ");
        assert!(server.logs(" deferred ").contains("451 4.4.1"), "{}", server.log());
        next_hop.start_again_on_its_ports();
        server.logs(" relayed ");
        assert_eq!(next_hop.mail("example.net/user").len(), 1);
    }

    #[test]
    fn what_waits_outlives_the_server() {
        let mut next_hop = Server::start_as("example.net", "");
        next_hop.add_user("user", "secret");
        let mut server = Server::start(&relaying(next_hop.port("mx")));
        next_hop.kill();
        send(&server, "user@example.net", Some(&server.password), "[]");
        server.logs(" deferred ");
        server.kill();
        next_hop.start_again_on_its_ports();
        server.start_again();
        server.logs(" relayed ");
        assert_eq!(next_hop.mail("example.net/user").len(), 1);
        assert!(server.stop());
    }

    #[test]
    fn the_sender_hears_what_could_not_be_delivered() {
        let next_hop = Server::start_as("example.net", "");
        let server = Server::start(&relaying(next_hop.port("mx")));
        let sent = send(&server, "nobody@example.net", Some(&server.password), "[]");
        assert_eq!(sent, "refused {}\n");
        server.logs("sender notified");
        server.logs(" delivered ");
        let mail = server.mail("example.org/postmaster");
        for part in [
            "Return-Path: <>\n",
            "Content-Type: multipart/report; report-type=delivery-status",
            "\nFinal-Recipient: rfc822; nobody@example.net\nAction: failed\nStatus: 5.1.1\n",
            "\nRemote-MTA: dns; [127.0.0.1]\n",
            "\nDiagnostic-Code: smtp; 550 5.1.1 no such user here\n",
            "\nthe body of it\n",
            "write to postmaster@example.org and name",
        ] {
            assert!(mail[0].contains(part), "{part} is missing in {}", mail[0]);
        }
    }

    #[test]
    fn the_sender_hears_of_success_if_it_asks() {
        let server = Server::start(QUEUE);
        let sent =
            send(&server, "postmaster@example.org", None, "['NOTIFY=SUCCESS', 'ORCPT=rfc822;x@example.org']");
        assert_eq!(sent, "refused {}\n");
        server.logs("sender notified");
        // The message, and the word of it.
        while server.mail("example.org/postmaster").len() < 2 {
            server.logs("delivered");
        }
        let mail = server.mail("example.org/postmaster").concat();
        assert!(mail.contains("\nOriginal-Recipient: rfc822; x@example.org\n"), "{mail}");
        assert!(mail.contains("\nAction: delivered\n"), "{mail}");
    }

    #[test]
    fn users_have_waiting_mail_tried_at_once() {
        let mut next_hop = Server::start_as("example.net", "");
        next_hop.add_user("user", "secret");
        let port = next_hop.port("mx");
        let server = Server::start(&format!(
            "[relay]\nnext_hop = \"127.0.0.1:{port}\"\n[queue]\nfirst_retry = \"1 h\"\n"
        ));
        next_hop.kill();
        send(&server, "user@example.net", Some(&server.password), "[]");
        server.logs(" deferred ");
        next_hop.start_again_on_its_ports();
        let mut stranger = Client::connect(server.port("mx")).unwrap();
        assert!(stranger.command("EHLO client.example").unwrap().contains("ETRN"));
        assert!(stranger.command("ETRN example.net").unwrap().starts_with("459 4.7.1 "));
        assert!(ask_for_mail(&server, 1).starts_with("(250, "));
        server.logs(" relayed ");
        assert_eq!(next_hop.mail("example.net/user").len(), 1);
    }

    #[test]
    fn users_ask_for_mail_so_often_and_no_more() {
        let server = Server::start(&format!("{QUEUE}[abuse]\nuser_etrn_per_hour = 2\n"));
        let replies = ask_for_mail(&server, 3) + &ask_for_mail(&server, 1);
        let codes: Vec<&str> = replies.lines().filter_map(|line| line.get(1..4)).collect();
        assert_eq!(codes, ["250", "250", "458", "458"], "{replies}");
        assert!(replies.contains("too many"), "{replies}");
    }

    #[test]
    fn a_server_whose_queue_cannot_be_worked_on_ends() {
        let mut server = Server::start(QUEUE);
        assert!(server.stop());
        let program = "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).execute('DROP INDEX job_waiting')";
        let database = server.data().join("queue/queue.db");
        assert!(Command::new("python3").args(["-c", program]).arg(database).status().unwrap().success());
        server.start_again();
        let why = server.logs("nobody works on the queue any more: ");
        assert!(why.contains("job_waiting"), "{why}");
        assert!(!server.wait());
    }

    #[test]
    fn a_full_queue_takes_nothing_more() {
        let server = Server::start(&format!(
            "[relay]\nnext_hop = \"127.0.0.1:{}\"\n[queue]\nmessages = 1\n",
            free_port()
        ));
        send(&server, "user@example.net", Some(&server.password), "[]");
        let refused = send(&server, "user@example.net", Some(&server.password), "[]");
        assert!(refused.contains("(452, b'4.3.1 queue is full, try again later')"), "{refused}");
    }
}
