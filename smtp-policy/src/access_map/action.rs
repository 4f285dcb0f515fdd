use std::fmt;

use smtp_core::{EnhancedStatus, Reply};

/// What becomes of whom a `Connect:`, `From:`, `To:` or untagged entry means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// `OK`: accepted, whatever a wider entry says.
    Ok,
    /// `RELAY`: accepted, and relayed for or to.
    Relay,
    /// `REJECT`: refused.
    Reject,
    /// `DISCARD`: accepted and thrown away.
    Discard,
    /// `SKIP`: as if neither this entry nor a wider one were there.
    Skip,
    /// `QUARANTINE:reason`: accepted and held back.
    Quarantine(Box<str>),
    /// `ERROR:..`: refused in these words.
    Refuse(Refusal),
}

/// A reply of the site's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: u16,
    status: EnhancedStatus,
    text: Box<str>,
}

impl Refusal {
    /// The reply.
    pub fn reply(&self) -> Reply {
        Reply::new(self.code, self.text.to_string()).with_status(self.status)
    }

    /// Its code: 4xx or 5xx.
    pub fn code(&self) -> u16 {
        self.code
    }
}

impl Action {
    /// Reads a value.
    ///
    /// Without a code a text is refused with `553 5.3.0`, a code without a status has `5.0.0`, as
    /// Sendmail has it.
    ///
    /// # Errors
    /// Why the value cannot be taken, and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let keywords = [
            ("OK", Self::Ok),
            ("RELAY", Self::Relay),
            ("REJECT", Self::Reject),
            ("DISCARD", Self::Discard),
            ("SKIP", Self::Skip),
        ];
        let known = keywords.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        if let Some((_, action)) = known {
            return Ok(action);
        }
        if let Some(reason) = strip_word(text, "QUARANTINE:") {
            let reason = unquoted(reason);
            return if reason.is_empty() {
                Err("QUARANTINE: lacks a reason; write one behind the colon".to_owned())
            } else {
                Ok(Self::Quarantine(reason.into()))
            };
        }
        if ["SPAMFRIEND", "SPAMHATER", "FRIEND", "HATER"].iter().any(|word| word.eq_ignore_ascii_case(text)) {
            return Err(
                "recipients are friends or haters by the tag Spam:; write Spam:user@domain FRIEND or \
                        Spam:user@domain HATER"
                    .to_owned(),
            );
        }
        match strip_word(text, "ERROR:") {
            None => refusal(None, text),
            Some(error) => {
                match error.split_once(':').and_then(|(status, text)| Some((numbers(status)?, text))) {
                    Some((status, text)) => refusal(Some(status), text),
                    None => refusal(None, error),
                }
            }
        }
        .map(Self::Refuse)
    }
}

/// The rest of `text` behind a word, whatever its case.
pub(super) fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let start = text.get(..word.len())?;
    start.eq_ignore_ascii_case(word).then(|| &text[word.len()..])
}

pub(super) fn unquoted(text: &str) -> String {
    text.replace('"', "").trim().to_owned()
}

/// `5.7.1`
fn numbers(text: &str) -> Option<EnhancedStatus> {
    let mut numbers = text.trim().split('.').map(|number| {
        let digits = matches!(number.len(), 1..=3) && number.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| number.parse::<u16>().ok()).flatten()
    });
    // The class is that of the code.
    let (_, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then(|| EnhancedStatus::new(subject, detail))
}

fn refusal(status: Option<EnhancedStatus>, text: &str) -> Result<Refusal, String> {
    let text = unquoted(text);
    if text.chars().any(char::is_control) {
        return Err("a control character in the text; write one line of text".to_owned());
    }
    let Some((code, rest)) = code_of(&text) else {
        if text.is_empty() {
            return Err("no text behind ERROR:; write a code and a text".to_owned());
        }
        return Ok(Refusal { code: 553, status: EnhancedStatus::new(3, 0), text: text.into() });
    };
    if !(400..600).contains(&code) {
        return Err(format!("{code} refuses nothing; write a code from 400 to 599"));
    }
    let status = status.unwrap_or(EnhancedStatus::new(0, 0));
    Ok(Refusal { code, status, text: rest.into() })
}

/// The code at the beginning of a text, and the rest.
pub(super) fn code_of(text: &str) -> Option<(u16, &str)> {
    let digits = text.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
    let rest = &text[3..];
    (rest.is_empty() || rest.starts_with(' ')).then_some((digits.parse().ok()?, rest.trim()))
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Relay => "RELAY",
            Self::Reject => "REJECT",
            Self::Discard => "DISCARD",
            Self::Skip => "SKIP",
            Self::Quarantine(reason) => return write!(f, "QUARANTINE:{reason}"),
            Self::Refuse(Refusal { code, status, text }) => {
                let (class, subject, detail) = (code / 100, status.subject(), status.detail());
                return write!(f, "ERROR:{class}.{subject}.{detail}:{code} {text}");
            }
        })
    }
}

/// What a recipient wishes where checks are delayed: `Spam:user@domain FRIEND`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpamWish {
    /// `FRIEND`: mail from everybody.
    Friend,
    /// `HATER`: mail that was checked.
    Hater,
}

impl SpamWish {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            _ if text.eq_ignore_ascii_case("FRIEND") => Ok(Self::Friend),
            _ if text.eq_ignore_ascii_case("HATER") => Ok(Self::Hater),
            _ => Err("write FRIEND or HATER behind Spam:".to_owned()),
        }
    }
}
