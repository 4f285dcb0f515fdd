//! From a line to a command: RFC 5321 section 4.1.1, strictly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Hello, Query, Unknown};
use crate::address::{AddressError, Cursor};
use crate::{ForwardPath, Leniency, Mail, Mailbox, Parameters, Recipient, ReversePath, Secret, SyntaxError};
use crate::{Route, SyntaxErrorKind as Kind};

/// A command as it stands in a line, before order and parameters are checked and handles are
/// joined to it.
#[derive(Debug, Clone)]
pub(crate) enum Parsed {
    Helo(Hello),
    Ehlo(Hello),
    Lhlo(Hello),
    StartTls,
    Auth {
        mechanism: String,
        initial_response: Option<Secret>,
    },
    Mail(Mail),
    Rcpt(Recipient),
    Data,
    /// `error` says what is wrong behind the size.
    Bdat {
        size: u64,
        last: bool,
        error: Option<SyntaxError>,
    },
    Rset,
    Vrfy(Query),
    Expn(Query),
    Help(Option<Query>),
    Noop,
    Quit,
    Other(Unknown),
}

/// Reads one command line, without its CRLF. With `utf8`, arguments that are addresses may be UTF-8.
pub(crate) fn parse(line: &[u8], leniency: &Leniency, utf8: bool) -> Result<Parsed, SyntaxError> {
    let text = printable(line)?;
    let grammar = Grammar { leniency, utf8 };
    let (verb, arguments) = match text.split_once(' ') {
        Some((verb, arguments)) => (verb, Some(arguments)),
        None => (text, None),
    };
    if verb.is_empty() || !verb.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(SyntaxError::new(Kind::Command, "not a command"));
    }
    let is = |name: &str| verb.eq_ignore_ascii_case(name);
    let none = |command| match arguments {
        Some(_) if !leniency.needless_arguments => Err(arguments_error("no argument allowed")),
        _ => Ok(command),
    };
    let takes_utf8 = || utf8 && ["MAIL", "RCPT", "VRFY", "EXPN"].into_iter().any(is);
    if !text.is_ascii() && !takes_utf8() {
        return Err(not_ascii());
    }
    // The most frequent verbs come first.
    if is("RCPT") {
        grammar.rcpt(required(arguments)?)
    } else if is("MAIL") {
        grammar.mail(required(arguments)?)
    } else if is("DATA") {
        none(Parsed::Data)
    } else if is("BDAT") {
        bdat(arguments.unwrap_or_default())
    } else if is("EHLO") {
        hello(required(arguments)?, true, leniency).map(Parsed::Ehlo)
    } else if is("HELO") {
        hello(required(arguments)?, false, leniency).map(Parsed::Helo)
    } else if is("LHLO") {
        hello(required(arguments)?, true, leniency).map(Parsed::Lhlo)
    } else if is("RSET") {
        none(Parsed::Rset)
    } else if is("QUIT") {
        none(Parsed::Quit)
    } else if is("NOOP") {
        Ok(Parsed::Noop)
    } else if is("AUTH") {
        auth(required(arguments)?)
    } else if is("STARTTLS") {
        none(Parsed::StartTls)
    } else if is("VRFY") {
        grammar.query(required(arguments)?).map(Parsed::Vrfy)
    } else if is("EXPN") {
        grammar.query(required(arguments)?).map(Parsed::Expn)
    } else if is("HELP") {
        Ok(Parsed::Help(arguments.and_then(|topic| Query::new(topic.trim()))))
    } else if ["GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT"].into_iter().any(is) {
        Err(SyntaxError::new(Kind::Foreign, "this is a mail server"))
    } else {
        Ok(Parsed::Other(Unknown::new(verb, arguments.unwrap_or_default())))
    }
}

/// The line as text, without the white space at its end (RFC 5321 section 4.1.1 lets it stand).
fn printable(line: &[u8]) -> Result<&str, SyntaxError> {
    let blank = line.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let text = std::str::from_utf8(&line[..line.len() - blank]).map_err(|_| not_ascii())?;
    let clean = if text.is_ascii() {
        text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    } else {
        !text.chars().any(char::is_control)
    };
    if clean { Ok(text) } else { Err(not_ascii()) }
}

fn not_ascii() -> SyntaxError {
    SyntaxError::new(Kind::Command, "only printable ASCII may stand in a command")
}

fn arguments_error(text: &'static str) -> SyntaxError {
    SyntaxError::new(Kind::Arguments, text)
}

fn required(arguments: Option<&str>) -> Result<&str, SyntaxError> {
    arguments.ok_or_else(|| arguments_error("argument missing"))
}

fn hello(argument: &str, extended: bool, leniency: &Leniency) -> Result<Hello, SyntaxError> {
    Hello::parse(argument, extended, leniency)
        .ok_or_else(|| arguments_error("give a domain or an address literal"))
}

/// What may stand in an argument that is an address.
struct Grammar<'a> {
    leniency: &'a Leniency,
    utf8: bool,
}

impl Grammar<'_> {
    /// The argument of VRFY or EXPN. Where SMTPUTF8 is offered, it may have this word behind it (RFC
    /// 6531 section 3.7.4.2).
    fn query(&self, argument: &str) -> Result<Query, SyntaxError> {
        let missing = || arguments_error("argument missing");
        let argument = argument.trim();
        let word = argument.rsplit_once(' ').filter(|(_, word)| word.eq_ignore_ascii_case("SMTPUTF8"));
        if let Some((argument, _)) = word.filter(|_| self.utf8) {
            return Query::new(argument.trim_end()).map(Query::with_utf8).ok_or_else(missing);
        }
        if !argument.is_ascii() {
            return Err(SyntaxError::needs_utf8());
        }
        Query::new(argument).ok_or_else(missing)
    }

    fn mail(&self, arguments: &str) -> Result<Parsed, SyntaxError> {
        let mut cursor = self.cursor(arguments);
        if !cursor.eat_ignore_case(b"FROM:") {
            return Err(arguments_error("syntax: MAIL FROM:<address> [parameters]"));
        }
        let path =
            self.path(&mut cursor, ReversePath::parse).map_err(|error| path_error(Kind::Sender, error))?;
        let parameters = parameters(&mut cursor)?;
        Ok(Parsed::Mail(Mail { path, parameters }))
    }

    fn rcpt(&self, arguments: &str) -> Result<Parsed, SyntaxError> {
        let mut cursor = self.cursor(arguments);
        if !cursor.eat_ignore_case(b"TO:") {
            return Err(arguments_error("syntax: RCPT TO:<address> [parameters]"));
        }
        let path =
            self.path(&mut cursor, ForwardPath::parse).map_err(|error| path_error(Kind::Recipient, error))?;
        let parameters = parameters(&mut cursor)?;
        Ok(Parsed::Rcpt(Recipient { path, parameters, route: None::<Route> }))
    }

    fn cursor<'b>(&self, arguments: &'b str) -> Cursor<'b> {
        if self.utf8 { Cursor::utf8(arguments) } else { Cursor::new(arguments.as_bytes()) }
    }

    /// A path, or what may pass for one.
    fn path<T: From<Mailbox>>(
        &self,
        cursor: &mut Cursor<'_>,
        strict: impl Fn(&mut Cursor<'_>) -> Result<T, AddressError>,
    ) -> Result<T, AddressError> {
        if self.leniency.space_after_colon {
            cursor.take_while(|byte| byte == b' ');
        }
        if self.leniency.bare_addresses && cursor.peek() != Some(b'<') {
            return Mailbox::parse(cursor).map(T::from);
        }
        strict(cursor)
    }
}

fn path_error(kind: Kind, error: AddressError) -> SyntaxError {
    SyntaxError::new(kind, error.to_string())
}

fn parameters(cursor: &mut Cursor<'_>) -> Result<Parameters, SyntaxError> {
    Parameters::read(cursor).ok_or_else(|| arguments_error("malformed or repeated parameter"))
}

/// The size, which says how many octets to skip whatever else is wrong, and what stands behind it.
fn bdat(arguments: &str) -> Result<Parsed, SyntaxError> {
    const SYNTAX: &str = "syntax: BDAT size [LAST]";
    let (size, rest) = match arguments.split_once(' ') {
        None => (arguments, None),
        Some((size, rest)) => (size, Some(rest)),
    };
    let size = decimal(size).ok_or_else(|| SyntaxError::new(Kind::Chunk, SYNTAX))?;
    let last = rest.is_some_and(|rest| rest.eq_ignore_ascii_case("LAST"));
    let error = (rest.is_some() && !last).then(|| arguments_error(SYNTAX));
    Ok(Parsed::Bdat { size, last, error })
}

/// Digits alone, and no more octets than fit into 63 bits: those are nobody's message.
fn decimal(text: &str) -> Option<u64> {
    let value = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok());
    value.flatten().filter(|value| *value <= i64::MAX as u64)
}

fn auth(arguments: &str) -> Result<Parsed, SyntaxError> {
    let (mechanism, response) = match arguments.split_once(' ') {
        None => (arguments, None),
        Some((mechanism, response)) => (mechanism, Some(response)),
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !matches!(mechanism.len(), 1..=20) || !mechanism.bytes().all(allowed) {
        return Err(arguments_error("malformed mechanism name"));
    }
    Ok(Parsed::Auth {
        mechanism: mechanism.to_ascii_uppercase(),
        initial_response: response.map(initial_response).transpose()?,
    })
}

/// `=` stands for an empty initial response (RFC 4954 section 4).
fn initial_response(text: &str) -> Result<Secret, SyntaxError> {
    if text == "=" {
        return Ok(Secret::default());
    }
    match BASE64.decode(text) {
        Ok(octets) if !octets.is_empty() => Ok(Secret::new(octets)),
        _ => Err(SyntaxError::new(Kind::Encoding, "initial response is not base64")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each fault is refused by a strict parser, and by one that overlooks all but it; one that
    /// overlooks it alone takes it.
    fn check(lines: &[&str], quirk: fn(&mut Leniency) -> &mut bool) {
        let (mut only, mut all_but) = (Leniency::default(), Leniency::all());
        *quirk(&mut only) = true;
        *quirk(&mut all_but) = false;
        for line in lines {
            let parse = |leniency: &Leniency| parse(line.as_bytes(), leniency, false);
            assert!(parse(&Leniency::default()).is_err(), "{line}");
            assert!(parse(&all_but).is_err(), "{line}");
            assert!(parse(&only).is_ok(), "{line}");
        }
    }

    #[test]
    fn names_in_greetings() {
        check(&["EHLO my_host", "HELO host.", "LHLO [IPv6:fe80::1%eth0]", "EHLO -x"], |leniency| {
            &mut leniency.hello_names
        });
        let long = format!("EHLO {}_", "x".repeat(255));
        for line in ["EHLO a b", "EHLO a(b", "EHLO <a>", "EHLO a\\b", "EHLO", &long] {
            assert!(parse(line.as_bytes(), &Leniency::all(), false).is_err(), "{line}");
        }
        let Ok(Parsed::Ehlo(hello)) = parse(b"EHLO my_host", &Leniency::all(), false) else { panic!() };
        assert_eq!((hello.name(), &hello.host), ("my_host", &None));
    }

    #[test]
    fn spaces_behind_the_colon() {
        check(&["MAIL FROM: <a@b>", "RCPT TO:  <a@b>", "MAIL FROM: <>"], |leniency| {
            &mut leniency.space_after_colon
        });
    }

    #[test]
    fn addresses_without_brackets() {
        check(&["MAIL FROM:a@b", "RCPT TO:\"a b\"@c", "MAIL FROM:a@b SIZE=1"], |leniency| {
            &mut leniency.bare_addresses
        });
        for line in ["MAIL FROM:", "MAIL FROM:a", "RCPT TO:a@b>", "RCPT TO:<a@b", "RCPT TO:@c:a@b"] {
            assert!(parse(line.as_bytes(), &Leniency::all(), false).is_err(), "{line}");
        }
    }

    #[test]
    fn arguments_of_commands_that_have_none() {
        check(&["RSET now", "QUIT please", "DATA x", "STARTTLS x"], |leniency| {
            &mut leniency.needless_arguments
        });
    }
}
