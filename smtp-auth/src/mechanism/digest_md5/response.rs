//! `digest-response` of RFC 2831 section 2.1.2.

use std::borrow::Cow;

use super::directives::{self, Directive};
use crate::mechanism::{Violation, hexadecimal};
use crate::saslprep::prepare;

/// What the client answers to the challenge.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response<'a> {
    /// The name, in the form that SASLprep gives.
    pub(super) name: String,
    /// The name as it is digested.
    pub(super) username: Vec<u8>,
    /// For whom the client wants to act; empty if it does not say so.
    pub(super) acts_for: String,
    pub(super) realm: Cow<'a, [u8]>,
    pub(super) cnonce: Cow<'a, [u8]>,
    pub(super) digest_uri: Cow<'a, [u8]>,
    /// `response-value`.
    pub(super) digest: [u8; 16],
}

/// What the server said and the client has to repeat.
pub(super) struct Expected<'a> {
    pub(super) nonce: &'a str,
    pub(super) realm: &'a str,
    /// The kind of service for which the client must have meant its response.
    pub(super) service: &'a str,
}

impl<'a> Response<'a> {
    pub(super) fn parse(message: &'a [u8], expected: &Expected<'_>) -> Result<Self, Violation> {
        let mut directives = Directives(directives::parse(message)?);
        let utf8 = match directives.take("charset")?.as_deref() {
            None => false,
            Some(b"utf-8") => true,
            Some(_) => return Err(Violation::Grammar),
        };
        let username = directives.need("username")?;
        let name = decode(&username, utf8)?;
        let realm = directives.take("realm")?;
        let authzid = directives.take("authzid")?.filter(|authzid| !authzid.is_empty());
        let response = Self {
            username: if utf8 { narrow(&name) } else { username.into_owned() },
            name: prepare(&name).ok_or(Violation::Grammar)?.into_owned(),
            acts_for: authzid.map(|authzid| decode(&authzid, true)).transpose()?.unwrap_or_default(),
            realm: realm.unwrap_or_default(),
            cnonce: directives.need("cnonce")?,
            digest_uri: directives.need("digest-uri")?,
            digest: directives.digest()?,
        };
        let nonce = directives.need("nonce")?;
        let count = directives.need("nc")?;
        let quality = directives.take("qop")?;
        let realm_is_ours = response.realm.is_empty() || response.realm == expected.realm.as_bytes();
        // A nonce serves once, so its count is that of the first use.
        if nonce != expected.nonce.as_bytes()
            || &*count != b"00000001"
            || quality.is_some_and(|quality| &*quality != b"auth")
            || !realm_is_ours
            || !names_service(&response.digest_uri, expected.service)
        {
            return Err(Violation::Mismatch);
        }
        Ok(response)
    }
}

struct Directives<'a>(Vec<Directive<'a>>);

impl<'a> Directives<'a> {
    /// The value of a directive, which may stand there once.
    fn take(&mut self, name: &str) -> Result<Option<Cow<'a, [u8]>>, Violation> {
        let position = |directives: &[Directive<'_>]| {
            directives.iter().position(|(keyword, _)| keyword.eq_ignore_ascii_case(name))
        };
        let Some(at) = position(&self.0) else { return Ok(None) };
        let (_, value) = self.0.swap_remove(at);
        match position(&self.0) {
            None => Ok(Some(value)),
            Some(_) => Err(Violation::Grammar),
        }
    }

    fn need(&mut self, name: &str) -> Result<Cow<'a, [u8]>, Violation> {
        self.take(name)?.filter(|value| !value.is_empty()).ok_or(Violation::Grammar)
    }

    fn digest(&mut self) -> Result<[u8; 16], Violation> {
        let digest = self.need("response")?;
        std::str::from_utf8(&digest).ok().and_then(hexadecimal).ok_or(Violation::Grammar)
    }
}

/// ISO 8859-1, unless the client said that it writes UTF-8.
fn decode(octets: &[u8], utf8: bool) -> Result<String, Violation> {
    if utf8 {
        return std::str::from_utf8(octets).map(str::to_owned).map_err(|_| Violation::Grammar);
    }
    Ok(octets.iter().copied().map(char::from).collect())
}

/// What has only characters of ISO 8859-1 is digested in it, everything else in UTF-8 (RFC 2831
/// section 2.1.2.1).
pub(super) fn narrow(text: &str) -> Vec<u8> {
    let narrow: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
    narrow.unwrap_or_else(|| text.as_bytes().to_vec())
}

/// Whether `smtp/mail.example.org` is meant for this kind of service. Its host is not looked at: a
/// server has more names than it knows of.
fn names_service(digest_uri: &[u8], service: &str) -> bool {
    let Some(slash) = digest_uri.iter().position(|byte| *byte == b'/') else { return false };
    digest_uri[..slash].eq_ignore_ascii_case(service.as_bytes()) && slash + 1 < digest_uri.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"username="chris",realm="r",nonce="n",nc=00000001,cnonce="c",qop=auth,digest-uri="smtp/h",response=d388dad90d4bbd760a152321f2143af7,charset=utf-8"#;

    fn parse(text: &str) -> Result<Response<'_>, Violation> {
        Response::parse(text.as_bytes(), &Expected { nonce: "n", realm: "r", service: "smtp" })
    }

    #[test]
    fn reads_what_the_grammar_allows() {
        let response = parse(GOOD).unwrap();
        assert_eq!((response.name.as_str(), response.acts_for.as_str()), ("chris", ""));
        assert_eq!((&*response.digest_uri, response.digest[0]), (b"smtp/h".as_slice(), 0xd3));
        assert_eq!(parse(&format!("{GOOD},authzid=\"\"")).unwrap().acts_for, "");
        assert_eq!(parse(&format!("{GOOD},authzid=\"o\",maxbuf=65536,x=y")).unwrap().acts_for, "o");
        assert!(parse(&GOOD.replace(",realm=\"r\"", "")).unwrap().realm.is_empty());
        assert!(parse(&GOOD.replace(",qop=auth", "")).is_ok());
    }

    #[test]
    fn knows_two_character_sets() {
        let utf8 = parse(&GOOD.replace("chris", "andr\u{e9}")).map(|response| response.username);
        assert_eq!(utf8.unwrap(), b"andr\xe9");
        let wide = parse(&GOOD.replace("chris", "\u{141}uk")).map(|response| response.username);
        assert_eq!(wide.unwrap(), "\u{141}uk".as_bytes());
        let narrow = GOOD.replace(",charset=utf-8", "").replace("chris", "andr?");
        let narrow: Vec<u8> = narrow.bytes().map(|byte| if byte == b'?' { 0xe9 } else { byte }).collect();
        let expected = Expected { nonce: "n", realm: "r", service: "smtp" };
        let response = Response::parse(&narrow, &expected).unwrap();
        assert_eq!(
            (response.name.as_str(), response.username.as_slice()),
            ("andr\u{e9}", b"andr\xe9".as_slice())
        );
    }

    #[test]
    fn refuses_everything_else() {
        use Violation::{Grammar, Mismatch};
        let table = [
            ("username=\"chris\"", "username=\"\"", Grammar),
            ("username=\"chris\",", "", Grammar),
            ("username=\"chris\"", "username=\"a\x07\"", Grammar),
            ("username=\"chris\"", "username=\"chris\",username=\"root\"", Grammar),
            ("cnonce=\"c\",", "", Grammar),
            ("charset=utf-8", "charset=latin1", Grammar),
            ("response=d388", "response=d38", Grammar),
            ("response=d388", "response=g388", Grammar),
            ("nc=00000001", "nc=00000002", Mismatch),
            ("nc=00000001", "nc=1", Mismatch),
            ("nonce=\"n\"", "nonce=\"m\"", Mismatch),
            ("realm=\"r\"", "realm=\"s\"", Mismatch),
            ("qop=auth", "qop=auth-conf", Mismatch),
            ("smtp/h", "imap/h", Mismatch),
            ("smtp/h", "smtp/", Mismatch),
            ("smtp/h", "smtp", Mismatch),
        ];
        for (from, to, violation) in table {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD);
            assert_eq!(parse(&text), Err(violation), "{text}");
        }
    }
}
