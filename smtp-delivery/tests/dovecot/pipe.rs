use smtp_delivery::Pipe;
use tower::{Service, ServiceExt};

use crate::server::Dovecot;
use crate::{message, statuses};

const CONTENT: &str = "Subject: dots\r\n\r\n.\r\n..\r\n\r\nbody\r\n";
const AGENT: &str = "/usr/lib/dovecot/dovecot-lda";

#[tokio::test]
async fn dovecots_delivery_agent_takes_messages() {
    let dovecot = Dovecot::start();
    let configuration = dovecot.configuration();
    let configuration = configuration.to_str().unwrap();
    let command = [AGENT, "-c", configuration, "-e", "-f", "{sender}", "-d", "{user}@{domain}"];
    // The agent becomes the user whose mailbox it is.
    let mut agent = Pipe::command(command).unwrap().detail_separator('+').allow_root();
    let to = ["jane+x@example.org", "nobody@example.org", "full@example.org", "jim@example.org"];
    let outcomes = agent.call(message(&to, CONTENT)).await.unwrap();
    assert_eq!(statuses(outcomes, 4), ["250 2.0.0", "550 5.1.1", "550 5.7.1", "250 2.0.0"]);
    for (user, messages) in [("jane", 1), ("full", 0), ("jim", 1)] {
        let expected = CONTENT.replace("\r\n", "\n").into_bytes();
        assert_eq!(dovecot.messages(user), vec![expected; messages], "{user}");
    }
    let outcomes = agent.reply_with_output().oneshot(message(&["full@example.org"], CONTENT)).await.unwrap();
    let text = outcomes.fold().to_string();
    assert!(text.starts_with("550 5.7.1 ") && text.contains("Quota exceeded"), "{text}");
}
