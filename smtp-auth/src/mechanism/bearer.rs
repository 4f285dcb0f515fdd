//! What the mechanisms for bearer tokens (RFC 6750) have in common.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use rsasl::mechanism::{Authentication, Demand, DemandReply, MechanismData, Provider};
use rsasl::prelude::{MessageSent, SessionError, State};
use rsasl::property::AuthzId;

use super::Violation;
use crate::sasl::Token;

/// For whom a client comes, and its token.
pub(super) type Message<'a> = (Cow<'a, str>, &'a str);

struct Presented<'a> {
    acts_for: &'a str,
    token: &'a str,
}

impl<'a> Provider<'a> for Presented<'a> {
    fn provide(&self, demand: &mut Demand<'a>) -> DemandReply<()> {
        demand.provide_ref::<AuthzId>(self.acts_for)?.provide_ref::<Token>(self.token.as_bytes())?.done()
    }
}

/// The server's side, with how a mechanism writes the only message. Whether the token is good is seen
/// elsewhere.
pub(super) struct Bearer {
    pub(super) read: fn(&str) -> Result<Message<'_>, Violation>,
}

impl Authentication for Bearer {
    fn step(
        &mut self,
        session: &mut MechanismData<'_, '_>,
        input: Option<&[u8]>,
        _: &mut dyn io::Write,
    ) -> Result<State, SessionError> {
        let input = input.ok_or(SessionError::InputDataRequired)?;
        let message = std::str::from_utf8(input).map_err(|_| Violation::Grammar)?;
        let (acts_for, token) = (self.read)(message)?;
        session.validate(&Presented { acts_for: &acts_for, token })?;
        Ok(State::Finished(MessageSent::No))
    }
}

/// Where a client whose token was refused gets a better one.
#[derive(Debug, Clone, Default)]
pub(crate) struct TokenHints {
    pub(crate) scope: Option<String>,
    pub(crate) openid_configuration: Option<String>,
}

impl TokenHints {
    /// The object in JSON that tells it.
    pub(super) fn encode(&self, status: &str) -> String {
        let hints = [
            ("status", Some(status)),
            ("schemes", Some("bearer")),
            ("scope", self.scope.as_deref()),
            ("openid-configuration", self.openid_configuration.as_deref()),
        ];
        let mut text = String::new();
        for (name, value) in hints.iter().filter_map(|(name, value)| value.map(|value| (name, value))) {
            text.push(if text.is_empty() { '{' } else { ',' });
            let _ = write!(text, "\"{name}\":");
            push_string(&mut text, value);
        }
        text.push('}');
        text
    }
}

/// RFC 8259 section 7.
fn push_string(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\0'..='\x1f' => {
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
}

/// Pairs of a key and a value with 0x01 behind each, and one more behind the last.
pub(super) fn pairs(text: &str) -> Result<Vec<(&str, &str)>, Violation> {
    let text = text.strip_suffix("\x01\x01").ok_or(Violation::Grammar)?;
    text.split('\x01').map(pair).collect()
}

/// `kvpair` of RFC 7628 section 3.1.
fn pair(text: &str) -> Result<(&str, &str), Violation> {
    let (key, value) = text.split_once('=').ok_or(Violation::Grammar)?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_value = value.bytes().all(|byte| byte.is_ascii_graphic() || b" \t\r\n".contains(&byte));
    if is_key && is_value { Ok((key, value)) } else { Err(Violation::Grammar) }
}

/// The value of a key that stands there once.
pub(super) fn value_of<'a>(pairs: &[(&'a str, &'a str)], key: &str) -> Result<&'a str, Violation> {
    let mut values = pairs.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Ok(value),
        _ => Err(Violation::Grammar),
    }
}

/// The token in `Bearer b64token` (RFC 6750 section 2.1).
pub(super) fn token(authorization: &str) -> Result<&str, Violation> {
    let (scheme, token) = authorization.split_once(' ').ok_or(Violation::Grammar)?;
    let token = token.trim_matches(' ');
    let characters = token.trim_end_matches('=');
    let is_token = !characters.is_empty()
        && characters.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
    if scheme.eq_ignore_ascii_case("Bearer") && is_token { Ok(token) } else { Err(Violation::Grammar) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_json() {
        assert_eq!(TokenHints::default().encode("401"), r#"{"status":"401","schemes":"bearer"}"#);
        let hints = TokenHints {
            scope: Some("a\"b\\\n".to_owned()),
            openid_configuration: Some("https://op.example/".to_owned()),
        };
        let expected = r#"{"status":"x","schemes":"bearer","scope":"a\"b\\\u000a","openid-configuration":"https://op.example/"}"#;
        assert_eq!(hints.encode("x"), expected);
    }

    #[test]
    fn a_token_is_what_the_rfc_says() {
        assert_eq!(token("Bearer abc.-_~+/1=="), Ok("abc.-_~+/1=="));
        assert_eq!(token("bearer  abc "), Ok("abc"));
        for text in
            ["", "Bearer", "Bearer ", "Bearer ==", "Bearer a b", "Bearer a=b", "Basic abc", "Bearer \u{e9}"]
        {
            assert!(token(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pairs_end_twice() {
        assert_eq!(pairs("a=b=c\x01d=\x01\x01"), Ok(vec![("a", "b=c"), ("d", "")]));
        for text in
            ["", "\x01", "\x01\x01", "a=b\x01", "a\x01\x01", "=b\x01\x01", "a1=b\x01\x01", "a=\0\x01\x01"]
        {
            assert!(pairs(text).is_err(), "{text:?}");
        }
        assert_eq!(value_of(&[("a", "b"), ("c", "d")], "A"), Ok("b"));
        assert!(value_of(&[("a", "b"), ("a", "b")], "a").is_err());
    }
}
