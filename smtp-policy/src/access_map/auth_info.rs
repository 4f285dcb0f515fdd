use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smtp_core::Secret;

/// Credentials for a next hop: `"U:user" "I:auth" "P:password" "R:realm" "M:DIGEST-MD5 PLAIN"`; with `=`
/// in the place of the colon a value is in base64.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct AuthInfo {
    /// `U:` on whose behalf the server acts there (the authorization identity).
    pub user: Option<String>,
    /// `I:` whose credentials it has (the authentication identity).
    pub authentication: Option<String>,
    /// `P:` the password.
    pub password: Option<Secret>,
    /// `R:` the realm. Only DIGEST-MD5 has such; an entry with one has to name other mechanisms, as that one is
    /// not spoken towards next hops.
    pub realm: Option<String>,
    /// `M:` the mechanisms that may be used; those that are configured if there are none.
    pub mechanisms: Vec<String>,
}

const FORM: &str = "write \"U:user\" \"I:user\" \"P:password\", each in quotes and once; \"R:realm\" and \
                    \"M:mechanisms\" may follow";

impl AuthInfo {
    /// Reads a value.
    ///
    /// # Errors
    /// Why the value cannot be taken, without a word of it, and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut info = Self::default();
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(format!("no credentials; {FORM}"));
        }
        while !rest.is_empty() {
            let (item, behind) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or(format!("a quote is not closed; {FORM}"))?,
                None => rest.split_once([' ', '\t']).unwrap_or((rest, "")),
            };
            info.take(item)?;
            rest = behind.trim_start();
        }
        let with_digest = info.mechanisms.iter().any(|mechanism| mechanism == "DIGEST-MD5");
        if info.realm.is_some() && (with_digest || info.mechanisms.is_empty()) {
            return Err(
                "R: is the realm of DIGEST-MD5, which is not spoken towards next hops; take it out, or name \
                 mechanisms without realms by M:, \"M:PLAIN LOGIN\" for example"
                    .to_owned(),
            );
        }
        Ok(info)
    }

    /// Whose credentials they are: of `I:`, or of `U:` if there is no other.
    pub fn name(&self) -> Option<&str> {
        self.authentication.as_deref().or(self.user.as_deref())
    }

    fn take(&mut self, item: &str) -> Result<(), String> {
        let (Some(letter), Some(mark)) = (item.get(..1), item.get(1..2)) else {
            return Err(format!("an item that is too short; {FORM}"));
        };
        let value = match mark {
            ":" => item.as_bytes()[2..].to_vec(),
            "=" => STANDARD
                .decode(item[2..].trim())
                .map_err(|_| format!("the value of {letter}= is not in base64; {FORM}"))?,
            _ => return Err(format!("neither : nor = behind the letter; {FORM}")),
        };
        if letter.eq_ignore_ascii_case("P") {
            return match self.password.replace(Secret::new(value)) {
                None => Ok(()),
                Some(_) => Err(format!("P stands there twice; {FORM}")),
            };
        }
        let text =
            String::from_utf8(value).map_err(|_| format!("the value of {letter} is no UTF-8; {FORM}"))?;
        if letter.eq_ignore_ascii_case("M") && self.mechanisms.is_empty() {
            self.mechanisms = text.split_whitespace().map(str::to_ascii_uppercase).collect();
            return Ok(());
        }
        let place = match letter {
            "U" | "u" => &mut self.user,
            "I" | "i" => &mut self.authentication,
            "R" | "r" => &mut self.realm,
            _ => {
                return Err(format!("an item with a letter that is not known or stands there twice; {FORM}"));
            }
        };
        match place.replace(text) {
            None => Ok(()),
            Some(_) => Err(format!("{letter} stands there twice; {FORM}")),
        }
    }
}

impl fmt::Debug for AuthInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthInfo").field("name", &self.name()).finish_non_exhaustive()
    }
}
