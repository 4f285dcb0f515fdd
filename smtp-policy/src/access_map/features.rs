use std::fmt;

use smtp_core::{Command, Reply};

const KNOWN: &str = "ABDELSVX";

/// What is taken away with a letter: what stands in the answer to EHLO, and the answer to who uses it all the
/// same.
const TAKEN: [Taken; 5] = [
    ('a', "AUTH", Some((503, "5.3.3 AUTH is not offered to you"))),
    // No command, and its parameters are nobody's then.
    ('d', "DSN", None),
    ('e', "ETRN", Some((502, "5.7.0 ETRN is not offered to you"))),
    ('s', "STARTTLS", Some((503, "5.5.0 STARTTLS is not offered to you"))),
    ('x', "EXPN", Some((502, "5.7.0 EXPN is not offered to you"))),
];

type Taken = (char, &'static str, Option<(u16, &'static str)>);

/// What is offered to a client, and demanded of it: the letters of `Srv_Features:`. A capital letter takes away,
/// a small one gives: `S` offers no STARTTLS, `v` asks for a certificate, `l` demands a login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features(Box<str>);

impl Features {
    /// Reads letters with blanks between them.
    ///
    /// # Errors
    /// Why the value cannot be taken, and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let letters: Option<String> = text
            .split([' ', '\t', ','])
            .filter(|word| !word.is_empty())
            .map(|word| word.parse().ok().filter(char::is_ascii_alphabetic))
            .collect();
        match letters {
            Some(letters) if !letters.is_empty() => {
                // One that is not heeded might be what keeps somebody out.
                match letters.chars().find(|letter| !KNOWN.contains(letter.to_ascii_uppercase())) {
                    None => Ok(Self(letters.into())),
                    Some(other) => Err(format!(
                        "the feature {other} cannot be given or taken here; there are A (AUTH), B (VERB, which \
                         is never there), D (DSN), E (ETRN), L (a login is demanded), S (STARTTLS), V (a \
                         certificate is asked for) and X (EXPN), take the other out"
                    )),
                }
            }
            _ => {
                Err("features are single letters; write them with blanks between them, such as V S"
                    .to_owned())
            }
        }
    }

    /// Whether the feature of this letter is given or taken; `None` if the entry says nothing of it.
    /// The last word on it counts.
    pub fn get(&self, letter: char) -> Option<bool> {
        let said = self.0.chars().rfind(|said| said.eq_ignore_ascii_case(&letter))?;
        Some(said.is_ascii_lowercase())
    }

    /// Takes out of the answer to EHLO what is not offered.
    pub(super) fn edit(&self, reply: &mut Reply) {
        for (letter, keyword, ..) in TAKEN {
            if self.get(letter) == Some(false) && reply.is_positive() {
                reply.capabilities_mut().remove(keyword);
            }
        }
    }

    /// The answer to a command that is not offered, or not to who did not log in.
    pub(super) fn refusal(&self, command: &Command, logged_in: bool) -> Option<Reply> {
        if matches!(command, Command::Mail(_)) && !logged_in && self.get('l') == Some(true) {
            return Some(Reply::new(530, "5.7.0 authentication required"));
        }
        let is_taken =
            |(letter, verb, _): &&Taken| *verb == command.verb() && self.get(*letter) == Some(false);
        let (_, _, answer) = TAKEN.iter().find(is_taken)?;
        answer.map(|(code, text)| Reply::new(code, text))
    }

    /// `V`, `v`: whether the client is asked for a certificate.
    pub fn asks_for_certificate(&self) -> Option<bool> {
        self.get('v')
    }

    /// `S`, `s`: whether STARTTLS is offered.
    pub fn offers_starttls(&self) -> Option<bool> {
        self.get('s')
    }

    /// `L`, `l`: whether the client has to log in.
    pub fn demands_login(&self) -> Option<bool> {
        self.get('l')
    }

    /// `A`, `a`: whether AUTH is offered.
    pub fn offers_auth(&self) -> Option<bool> {
        self.get('a')
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in self.0.chars().enumerate() {
            write!(f, "{}{letter}", if index > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}
