use std::fmt;

/// What is offered to a client: the letters of `Srv_Features:`. A capital letter takes away, a small one
/// gives: `S` offers no STARTTLS, `v` asks for a certificate.
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
            Some(letters) if !letters.is_empty() => Ok(Self(letters.into())),
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

    /// `V`, `v`: whether the client is asked for a certificate.
    pub fn asks_for_certificate(&self) -> Option<bool> {
        self.get('v')
    }

    /// `S`, `s`: whether STARTTLS is offered.
    pub fn offers_starttls(&self) -> Option<bool> {
        self.get('s')
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
