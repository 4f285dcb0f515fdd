//! Values that Sendmail takes, and nobody means.

use super::Action;
use super::action::{code_of, strip_word, unquoted};

/// What stands at the beginning of a value that is no text.
const KNOWN: [&str; 7] = ["OK", "RELAY", "REJECT", "DISCARD", "SKIP", "QUARANTINE:", "ERROR:"];
/// The longest word that may be one of them, misspelt.
const LONGEST: usize = 16;

/// What is to be said of a value that is taken for the text of a refusal, though it is not marked as one: a
/// misspelt `OK` refuses.
pub(super) fn doubt(value: &str, action: &Action) -> Option<String> {
    let is_text = matches!(action, Action::Refuse(_)) && strip_word(value, "ERROR:").is_none();
    if !is_text || code_of(&unquoted(value)).is_some() {
        return None;
    }
    let remedy = match nearest(value) {
        Some(known) => format!("did you mean {known}?"),
        None => format!("write one of {}, or a code in front of the text", KNOWN.join(" ")),
    };
    Some(format!("no known value, so that it is the text of a refusal with 553; {remedy}"))
}

/// The known value that is almost this one.
fn nearest(value: &str) -> Option<&'static str> {
    let word = value.split_inclusive(':').next().unwrap_or_default().to_ascii_uppercase();
    // Texts of several words are meant as such.
    if word.len() > LONGEST || word.contains(char::is_whitespace) {
        return None;
    }
    let near = KNOWN.into_iter().map(|known| (strsim::osa_distance(&word, known), known));
    // A third of the letters: NO is not almost OK.
    near.filter(|(distance, known)| *distance <= known.len() / 3).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_may_be_misspelt_words_are_doubted() {
        let general = "write one of OK RELAY REJECT DISCARD SKIP QUARANTINE: ERROR:, or a code";
        for (value, expected) in [
            ("OK", None),
            ("ok", None),
            ("Reject", None),
            ("QUARANTINE:virus", None),
            ("ERROR:REJCT", None),
            ("ERROR:5.7.1:550 no", None),
            ("550 We do not want it", None),
            ("\"550 quoted\"", None),
            ("550", None),
            ("REJCT", Some("did you mean REJECT?")),
            ("rejected", Some("did you mean REJECT?")),
            ("REALY", Some("did you mean RELAY?")),
            ("DISCRAD", Some("did you mean DISCARD?")),
            ("ERORR:550 no", Some("did you mean ERROR:?")),
            ("QUARANTINE", Some("did you mean QUARANTINE:?")),
            ("OKAY", Some(general)),
            ("NO", Some(general)),
            ("RELAY for our friends", Some(general)),
            ("5500 x", Some(general)),
            ("\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}", Some(general)),
        ] {
            let said = doubt(value, &Action::parse(value).unwrap());
            assert_eq!(said.is_some(), expected.is_some(), "{value}: {said:?}");
            let said = said.unwrap_or_default();
            assert!(said.contains(expected.unwrap_or_default()), "{value}: {said}");
        }
    }
}
