//! Properties of parsers and codec: what is written is read again, wherever the input is cut, and
//! no input panics.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use smtp_core::codec::{BareLineEndings, DotStuffing, Frame, ServerCodec};
use smtp_core::extension::xtext;
use smtp_core::protocol::{Protocol, Step};
use smtp_core::testing::{facts, request};
use smtp_core::{
    Capability, Command, ConnectionInfo, Domain, ForwardPath, Host, Leniency, LocalPart, Mailbox, Parameter,
    Reply, ReplyParser, ReversePath, SyntaxError, SyntaxErrorKind,
};

fn domain() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?(\\.[a-z0-9]{1,8}){0,3}"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        domain(),
        any::<[u8; 4]>().prop_map(|[a, b, c, d]| format!("[{a}.{b}.{c}.{d}]")),
        any::<std::net::Ipv6Addr>().prop_map(|address| format!("[IPv6:{address}]")),
        "\\[x-tag:[a-z0-9+/=]{1,20}\\]",
    ]
}

fn local_part() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9]{1,10}){0,2}",
        r#""([ !#-\[\]-~]|\\[ -~]){0,20}""#,
    ]
}

fn mailbox() -> impl Strategy<Value = String> {
    (local_part(), host()).prop_map(|(local_part, host)| format!("{local_part}@{host}"))
}

/// Text that is an address, or almost.
fn almost_an_address() -> impl Strategy<Value = String> {
    let whole = prop_oneof![
        domain(),
        host(),
        local_part(),
        mailbox(),
        mailbox().prop_map(|mailbox| format!("<{mailbox}>")),
        Just("<postmaster>".to_owned()),
        Just("<>".to_owned()),
    ];
    let fault = prop_oneof![
        4 => Just(String::new()),
        4 => "[ -~]{0,2}",
        1 => any::<char>().prop_map(String::from),
    ];
    (whole, any::<Index>(), 0..2_usize, fault).prop_map(|(mut text, place, taken, fault)| {
        let start = place.index(text.len() + 1);
        text.replace_range(start..text.len().min(start + taken), &fault);
        text
    })
}

/// What can be read is shown in a form that is read as the same, and that a line can carry.
fn is_shown_as_it_is_read<T>(text: &str) -> Result<Option<String>, TestCaseError>
where
    T: FromStr + Display + Debug + PartialEq,
{
    let Ok(value) = text.parse::<T>() else { return Ok(None) };
    let shown = value.to_string();
    prop_assert!(is_printable(&shown), "{shown:?}");
    let again = shown.parse::<T>().ok();
    prop_assert_eq!(again.as_ref().map(ToString::to_string), Some(shown.clone()));
    prop_assert_eq!(again, Some(value));
    Ok(Some(shown))
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Content that keeps the line discipline, with many dots.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![Just(".".to_owned()), Just("..".to_owned()), "\\.?[ -~]{0,40}", "[.a]{0,5}"];
    vec(line, 0..30)
        .prop_map(|lines| lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect())
}

/// Octets of which most are those that matter.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    let octet =
        prop_oneof![4 => Just(b'\r'), 4 => Just(b'\n'), 4 => Just(b'.'), 2 => Just(b'a'), 1 => any::<u8>()];
    vec(octet, 0..200)
}

/// Cuts `input` into pieces of these sizes, over and over.
fn cut<'a>(input: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = input;
    let mut sizes = sizes.iter().cycle();
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at((*sizes.next()?).min(rest.len()));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

#[derive(Debug, PartialEq)]
enum Event {
    Content(Vec<u8>),
    Other(Frame),
}

/// What the codec makes of `input` when it arrives in pieces of these sizes: content joined, and
/// what is left in the buffer.
fn decode(mut codec: ServerCodec, input: &[u8], sizes: &[usize]) -> (Vec<Event>, Vec<u8>) {
    let (mut buffer, mut events) = (BytesMut::new(), Vec::new());
    for piece in cut(input, sizes) {
        buffer.extend_from_slice(piece);
        while let Some(frame) = codec.next_frame(&mut buffer) {
            match (frame, events.last_mut()) {
                (Frame::Data(data), Some(Event::Content(content))) => content.extend_from_slice(&data),
                (Frame::Data(data), _) => events.push(Event::Content(data.to_vec())),
                (frame, _) => events.push(Event::Other(frame)),
            }
        }
    }
    (events, buffer.to_vec())
}

fn data_mode() -> ServerCodec {
    let mut codec = ServerCodec::default();
    codec.start_data(BareLineEndings::Reject);
    codec
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(1..50_usize, 1..6)
}

proptest! {
    #[test]
    fn mailboxes_are_read_as_they_are_written(text in mailbox()) {
        let mailbox: Mailbox = text.parse().expect("a mailbox by the grammar");
        prop_assert_eq!(mailbox.to_string().parse::<Mailbox>(), Ok(mailbox.clone()));
        prop_assert_eq!(mailbox.local_part().as_str(), &text[..mailbox.local_part().as_str().len()]);
        let path: ForwardPath = format!("<@a.example,@b.example:{text}>").parse().expect("a path by the grammar");
        prop_assert_eq!(path.mailbox(), Some(&mailbox));
    }

    #[test]
    fn addresses_are_shown_as_they_are_read(text in prop_oneof![5 => almost_an_address(), 1 => "(?s).{0,80}"]) {
        for shown in [is_shown_as_it_is_read::<Domain>(&text)?, is_shown_as_it_is_read::<LocalPart>(&text)?] {
            prop_assert!(shown.is_none_or(|shown| shown == text));
        }
        is_shown_as_it_is_read::<Host>(&text)?;
        is_shown_as_it_is_read::<Mailbox>(&text)?;
        is_shown_as_it_is_read::<ForwardPath>(&text)?;
        is_shown_as_it_is_read::<ReversePath>(&text)?;
    }

    #[test]
    fn any_text_is_a_parameter_or_none(text in prop_oneof!["[A-Za-z0-9=-]{0,8}", "[A-Z]{1,4}=?(?s).{0,8}"]) {
        if let Some(parameter) = Parameter::parse(&text) {
            prop_assert!(parameter.to_string().eq_ignore_ascii_case(&text) && is_printable(&text));
            prop_assert_eq!(Parameter::parse(&parameter.to_string()), Some(parameter));
        }
    }

    #[test]
    fn parameters_are_read_as_they_are_written(keyword in "[A-Z0-9][A-Z0-9-]{0,10}", value in "[!-<>-~]{1,30}") {
        let text = format!("{keyword}={value}");
        let parameter = Parameter::parse(&text).expect("a parameter by the grammar");
        prop_assert_eq!(parameter.to_string(), text);
    }

    #[test]
    fn commands_reach_the_service_as_they_were_sent(sender in mailbox(), recipient in mailbox()) {
        let mut protocol = Protocol::new(ConnectionInfo::default());
        protocol.settle(Reply::new(220, ""));
        for line in ["EHLO client.example".to_owned(), format!("MAIL FROM:<{sender}>"), format!("RCPT TO:<{recipient}>")] {
            let Step::Call(command) = protocol.line(line.as_bytes()) else { panic!("{line}") };
            let shown = match &command {
                Command::Ehlo(hello) => format!("EHLO {hello}"),
                Command::Mail(mail) => format!("MAIL FROM:{mail}"),
                Command::Rcpt(recipient) => format!("RCPT TO:{recipient}"),
                other => panic!("{line}: {other:?}"),
            };
            // Address literals may be written in another way than they came.
            if !line.contains("[IPv6") { prop_assert_eq!(shown, line); }
            protocol.settle(Reply::new(250, ""));
        }
        let envelope = protocol.session().envelope().expect("a transaction");
        prop_assert_eq!(envelope.recipients.len(), 1);
    }

    #[test]
    fn no_line_panics(line in prop_oneof![vec(any::<u8>(), 0..600).boxed(),
        "(MAIL FROM:|RCPT TO:|BDAT |AUTH |EHLO |VRFY )[ -~]{0,40}".prop_map(String::into_bytes).boxed()]) {
        let mut protocol = Protocol::new(ConnectionInfo::default());
        let _ = protocol.line(&line);
    }

    #[test]
    fn leniency_changes_no_command_that_is_well_formed(
        verb in "(MAIL FROM:|RCPT TO:|EHLO |HELO |RSET|QUIT|VRFY )", argument in almost_an_address(),
        parameter in "( ?[A-Z]{1,3})?",
    ) {
        let line = format!("{verb}{argument}{parameter}");
        let read = |leniency| {
            let mut protocol = Protocol::with_leniency(ConnectionInfo::default(), leniency);
            protocol.settle(Reply::new(220, ""));
            for before in ["EHLO client.example", "MAIL FROM:<>"].iter().take(1 + usize::from(verb.starts_with('R'))) {
                let _ = protocol.line(before.as_bytes());
                protocol.settle(Reply::new(250, ""));
            }
            match protocol.line(line.as_bytes()) {
                Step::Call(Command::Invalid(_)) => None,
                step => Some(format!("{step:?}")),
            }
        };
        let strict = read(Leniency::default());
        prop_assert!(strict.is_none() || strict == read(Leniency::all()));
    }

    #[test]
    fn no_reply_line_panics(lines in vec(vec(any::<u8>(), 0..40), 0..5)) {
        let mut parser = ReplyParser::default();
        for line in lines {
            let _ = parser.line(&line);
        }
    }

    #[test]
    fn any_text_makes_a_reply_of_whole_lines(code in 200..600_u16, text in "(?s).{0,1200}", later in any::<bool>()) {
        let mut wire = BytesMut::new();
        let reply = if later { Reply::new(code, "").with_text(text) } else { Reply::new(code, text) };
        prop_assert!(!reply.to_string().chars().any(char::is_control));
        reply.encode(&mut wire);
        let wire = std::str::from_utf8(&wire).expect("ASCII");
        let lines: Vec<&str> = wire.split_terminator("\r\n").collect();
        prop_assert!(wire.ends_with("\r\n"));
        for (index, line) in lines.iter().enumerate() {
            prop_assert!(line.len() + 2 <= 512);
            let prefix = format!("{code}{}", if index + 1 == lines.len() { ' ' } else { '-' });
            prop_assert!(line.starts_with(&prefix));
            prop_assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        }
    }

    #[test]
    fn replies_are_read_as_they_are_written(
        code in 200..600_u16, status in prop_oneof![Just(""), Just("2.1.5 "), Just("5.999.0 ")],
        lines in vec("[ -/:-~]{0,480}", 1..20),
    ) {
        let reply = Reply::new(code, format!("{status}{}", lines.join("\n")));
        let mut wire = BytesMut::new();
        reply.encode(&mut wire);
        let (mut parser, mut read) = (ReplyParser::default(), None);
        for line in std::str::from_utf8(&wire).expect("ASCII").split_terminator("\r\n") {
            prop_assert!(read.is_none());
            read = parser.line(line.as_bytes()).expect("a line of a reply");
        }
        prop_assert_eq!(read, Some(reply));
    }

    #[test]
    fn any_text_of_a_syntax_error_makes_a_reply(text in "(?s).{0,100}") {
        let reply = SyntaxError::new(SyntaxErrorKind::Arguments, text).reply();
        let mut wire = BytesMut::new();
        reply.encode(&mut wire);
        let wire = std::str::from_utf8(&wire).expect("ASCII");
        prop_assert!(wire.starts_with("501"));
        prop_assert!(wire.split_terminator("\r\n").all(is_printable), "{wire:?}");
    }

    #[test]
    fn any_text_makes_a_capability_of_one_line(keyword in "(?s).{0,20}", arguments in vec("(?s).{0,20}", 0..4)) {
        let capability = arguments.iter().fold(Capability::new(keyword), |capability, argument| capability.argument(argument));
        let shown = capability.to_string();
        prop_assert!(is_printable(&shown), "{shown:?}");
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        prop_assert!(capability.keyword().bytes().all(allowed));
        prop_assert_eq!(shown.split(' ').next(), Some(capability.keyword()));
    }

    #[test]
    fn stuffed_content_is_read_as_it_was(content in content(), out in sizes(), back in sizes()) {
        let (mut wire, mut stuffing) = (BytesMut::new(), DotStuffing::default());
        for piece in cut(&content, &out) {
            stuffing.write(piece, &mut wire);
        }
        stuffing.finish(&mut wire);
        wire.extend_from_slice(b"NOOP\r\n.\r\n");
        let (mut events, rest) = decode(data_mode(), &wire, &back);
        prop_assert_eq!(rest, b"");
        let after = [Frame::EndOfData, Frame::Line("NOOP".into()), Frame::Line(".".into())];
        for frame in after.into_iter().rev() {
            prop_assert_eq!(events.pop(), Some(Event::Other(frame)));
        }
        let read = match events.pop() { Some(Event::Content(read)) => read, None => Vec::new(), other => panic!("{other:?}") };
        prop_assert_eq!(read, content);
        prop_assert!(events.is_empty());
    }

    #[test]
    fn where_the_input_is_cut_makes_no_difference(mut input in tricky(), first in sizes(), second in sizes()) {
        input.extend_from_slice(b"\r\n.\r\n");
        let strip = |(mut events, rest): (Vec<Event>, Vec<u8>)| {
            // Refused content is dropped from where the fault was found, which the cuts decide.
            if events.contains(&Event::Other(Frame::BareLineEnding)) {
                events.retain(|event| !matches!(event, Event::Content(_)));
            }
            (events, rest)
        };
        prop_assert_eq!(strip(decode(data_mode(), &input, &first)), strip(decode(data_mode(), &input, &second)));
    }

    #[test]
    fn what_is_made_whole_has_whole_lines_wherever_it_is_cut(
        mut input in tricky(), first in sizes(), second in sizes(), chunked in any::<bool>(),
    ) {
        if !chunked { input.extend_from_slice(b"\r\n.\r\n"); }
        let read = |sizes: &[usize]| {
            let mut codec = ServerCodec::default();
            if chunked {
                codec.start_chunks(input.len() as u64, true, Some(BareLineEndings::Normalise));
            } else {
                codec.start_data(BareLineEndings::Normalise);
            }
            decode(codec, &input, sizes)
        };
        let (events, rest) = read(&first);
        prop_assert_eq!(&read(&second), &(events, rest));
        let (events, _) = read(&first);
        prop_assert!(!events.contains(&Event::Other(Frame::BareLineEnding)));
        if let Some(Event::Content(content)) = events.first() {
            let pairs = content.windows(2).filter(|pair| pair == b"\r\n").count();
            for end in [b'\r', b'\n'] {
                prop_assert_eq!(content.iter().filter(|octet| **octet == end).count(), pairs);
            }
        }
    }

    #[test]
    fn octets_in_xtext_are_read_as_they_were(octets in vec(any::<u8>(), 0..60)) {
        let text = xtext::encode(&octets);
        prop_assert!(text.bytes().all(|octet| matches!(octet, b'!'..=b'~') && octet != b'='));
        prop_assert_eq!(xtext::decode(&text), Some(octets));
    }

    #[test]
    fn commands_with_parameters_are_read_as_they_are_written(
        sender in mailbox(), recipient in mailbox(),
        values in prop::collection::btree_map("[A-Z][A-Z0-9-]{0,8}", prop::option::of("[!-<>-~]{1,12}"), 0..5),
    ) {
        let parameters: String = values
            .iter()
            .map(|(keyword, value)| match value {
                Some(value) => format!(" {keyword}={value}"),
                None => format!(" {keyword}"),
            })
            .collect();
        // No capability claims them here: what is left is how they are read.
        let read = |line: String| {
            let mail = line.starts_with("MAIL");
            let request = request(&line, facts().session());
            match request.command {
                Command::Mail(read) if mail => (format!("<{}>", read.path.mailbox().expect("an address")), read.parameters),
                Command::Rcpt(read) if !mail => (format!("<{}>", read.path.mailbox().expect("an address")), read.parameters),
                other => panic!("{line}: {other:?}"),
            }
        };
        for (verb, address) in [("MAIL FROM", &sender), ("RCPT TO", &recipient)] {
            let (path, seen) = read(format!("{verb}:<{address}>{parameters}"));
            let shown: String = seen.iter().map(|parameter| format!(" {parameter}")).collect();
            prop_assert_eq!(&shown, &parameters);
            prop_assert_eq!(read(format!("{verb}:{path}{shown}")), (path, seen));
        }
    }

    #[test]
    fn chunks_are_passed_on_as_they_are(content in content(), sizes in sizes()) {
        let mut codec = ServerCodec::default();
        codec.start_chunks(content.len() as u64, true, Some(BareLineEndings::Reject));
        let mut input = content.clone();
        input.extend_from_slice(b"NOOP\r\n");
        let (mut events, rest) = decode(codec, &input, &sizes);
        prop_assert_eq!(rest, b"");
        prop_assert_eq!(events.pop(), Some(Event::Other(Frame::Line("NOOP".into()))));
        prop_assert_eq!(events.pop(), Some(Event::Other(Frame::EndOfChunk)));
        prop_assert_eq!(events.pop(), (!content.is_empty()).then_some(Event::Content(content)));
    }
}
