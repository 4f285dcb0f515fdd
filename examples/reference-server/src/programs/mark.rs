//! Which program a recipient in the queue means.

use std::sync::Arc;

use smtp_server::extension::xtext;
use smtp_server::{Envelope, Message, Parameter, Recipient, Route};

/// Clients that write it are told 555: no extension claims it.
const KEYWORD: &str = "XPROGRAM";

/// The message for this program.
pub(crate) fn marked(message: Message, command: &str) -> Message {
    let mut envelope = Envelope::clone(&message.envelope);
    envelope.recipients.iter_mut().for_each(|recipient| mark(recipient, command));
    Message::new(Arc::new(envelope), message.body, message.session)
}

fn mark(recipient: &mut Recipient, command: &str) {
    recipient.parameters.remove(KEYWORD);
    if let Some(mark) = Parameter::parse(&format!("{KEYWORD}={}", xtext::encode(command.as_bytes()))) {
        recipient.parameters.insert(mark);
    }
    recipient.route = Some(Route::Local);
}

/// Whether it means a program, whichever.
pub(crate) fn is_marked(recipient: &Recipient) -> bool {
    recipient.route == Some(Route::Local) && recipient.parameters.get(KEYWORD).is_some()
}

/// The program that it means.
pub(super) fn command(recipient: &Recipient) -> Option<String> {
    let value = recipient.parameters.get(KEYWORD).filter(|_| is_marked(recipient))?.value()?;
    String::from_utf8(xtext::decode(value)?).ok()
}

/// What the queue calls the program: what fails of one is no matter of others.
pub(crate) fn destination(recipient: &Recipient) -> Option<Arc<str>> {
    // No domain begins so.
    command(recipient).map(|command| format!("|{command}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_which_program_is_meant() {
        let mut recipient = Recipient::new("<list@example.org>".parse().unwrap()).routed(Route::Local);
        assert!(!is_marked(&recipient) && destination(&recipient).is_none());
        for program in ["/bin/x 'a b=c+d'", "/bin/m\u{fc}ll"] {
            mark(&mut recipient, program);
            assert!(is_marked(&recipient));
            assert_eq!(command(&recipient).as_deref(), Some(program));
            assert_eq!(destination(&recipient).as_deref(), Some(&*format!("|{program}")));
        }
        // What goes elsewhere is no program.
        assert!(!is_marked(&recipient.routed(Route::Relay)));
    }
}
