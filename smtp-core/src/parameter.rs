//! Parameters of MAIL and RCPT (RFC 5321 section 4.1.2, `esmtp-param`).

use std::fmt;

use crate::address::Cursor;
use crate::extension::TypedParameter;

/// One `KEYWORD` or `KEYWORD=value` behind the path of MAIL or RCPT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    keyword: Box<str>,
    value: Option<Box<str>>,
}

impl Parameter {
    /// The keyword in upper case.
    pub fn keyword(&self) -> &str {
        &self.keyword
    }

    /// The text behind the `=`, if there is one. It is never empty.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Whether it may be sent to whom does not know UTF-8.
    pub fn is_ascii(&self) -> bool {
        self.value().is_none_or(str::is_ascii)
    }

    /// Reads one parameter; `None` if it breaks the grammar.
    ///
    /// ```
    /// # use smtp_core::Parameter;
    /// let size = Parameter::parse("size=1000").unwrap();
    /// assert_eq!((size.keyword(), size.value()), ("SIZE", Some("1000")));
    /// assert_eq!(Parameter::parse("SIZE="), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        Self::whole(Cursor::new(text.as_bytes()))
    }

    /// Reads one parameter whose value may be in UTF-8 (RFC 6531 section 3.3); `None` if it breaks the
    /// grammar.
    pub fn from_utf8(text: &str) -> Option<Self> {
        Self::whole(Cursor::utf8(text))
    }

    fn whole(mut cursor: Cursor<'_>) -> Option<Self> {
        let parameter = Self::read(&mut cursor)?;
        cursor.is_empty().then_some(parameter)
    }

    /// The parameter in its written form. What no value may consist of, which no type of this crate
    /// writes, is left out.
    pub(crate) fn from_typed<T: TypedParameter>(typed: &T) -> Self {
        let mut value = typed.to_value();
        if let Some(value) = &mut value {
            value.retain(|character| matches!(character, '!'..='<' | '>'..='~'));
        }
        Self { keyword: T::KEYWORD.into(), value: value.filter(|value| !value.is_empty()).map(Into::into) }
    }

    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let keyword = cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !keyword.first()?.is_ascii_alphanumeric() {
            return None;
        }
        let value = if cursor.eat(b'=') {
            let value = cursor.take_text(|byte| matches!(byte, 33..=60 | 62..=126));
            if value.is_empty() {
                return None;
            }
            Some(std::str::from_utf8(value).ok()?.into())
        } else {
            None
        };
        let keyword = std::str::from_utf8(keyword).ok()?.to_ascii_uppercase();
        Some(Self { keyword: keyword.into(), value })
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            None => f.write_str(&self.keyword),
            Some(value) => write!(f, "{}={value}", self.keyword),
        }
    }
}

/// The parameters of one MAIL or RCPT, in the order in which they came, each keyword once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<Parameter>);

impl Parameters {
    /// The parameter with this keyword, whatever its case.
    pub fn get(&self, keyword: &str) -> Option<&Parameter> {
        self.0.iter().find(|parameter| parameter.keyword.eq_ignore_ascii_case(keyword))
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one, in the place of one with the same keyword if there is such.
    pub fn insert(&mut self, parameter: Parameter) {
        match self.0.iter_mut().find(|present| present.keyword == parameter.keyword) {
            Some(present) => *present = parameter,
            None => self.0.push(parameter),
        }
    }

    /// Removes the one with this keyword, whatever its case.
    pub fn remove(&mut self, keyword: &str) -> Option<Parameter> {
        let at = self.0.iter().position(|parameter| parameter.keyword.eq_ignore_ascii_case(keyword))?;
        Some(self.0.remove(at))
    }

    /// Reads ` PARAM PARAM ...` to the end of the line.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let mut parameters = Vec::new();
        while !cursor.is_empty() {
            if !cursor.eat(b' ') {
                return None;
            }
            let parameter = Parameter::read(cursor)?;
            if parameters.iter().any(|present: &Parameter| present.keyword == parameter.keyword) {
                return None;
            }
            parameters.push(parameter);
        }
        Some(Self(parameters))
    }
}
