use std::fmt;

use crate::{Parameter, Parameters, Reply};

/// The meaning of one parameter of MAIL or RCPT.
pub trait TypedParameter: Sized {
    /// The keyword in upper case.
    const KEYWORD: &'static str;

    /// Reads the value behind the `=`, or its absence; `None` if it is malformed.
    fn from_value(value: Option<&str>) -> Option<Self>;

    /// The value to be written behind the `=`, if there is one: what may stand there (RFC 5321
    /// section 4.1.2, `esmtp-value`).
    fn to_value(&self) -> Option<String>;
}

/// A parameter whose value does not have the form that its extension defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterError {
    keyword: &'static str,
}

impl ParameterError {
    /// The parameter's keyword.
    pub fn keyword(&self) -> &'static str {
        self.keyword
    }

    /// What the client is told: 501 5.5.4.
    pub fn reply(&self) -> Reply {
        Reply::new(501, format!("5.5.4 malformed {}", self.keyword))
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {}", self.keyword)
    }
}

impl std::error::Error for ParameterError {}

impl Parameters {
    /// Reads the parameter of this type.
    ///
    /// ```
    /// use smtp_core::extension::DeclaredSize;
    /// use smtp_core::{Parameter, Parameters};
    ///
    /// let mut parameters = Parameters::default();
    /// assert_eq!(parameters.typed::<DeclaredSize>(), Ok(None));
    /// parameters.insert(Parameter::parse("size=1000").unwrap());
    /// assert_eq!(parameters.typed(), Ok(Some(DeclaredSize(1000))));
    /// parameters.insert(Parameter::parse("SIZE=1e3").unwrap());
    /// assert!(parameters.typed::<DeclaredSize>().is_err());
    /// ```
    ///
    /// # Errors
    /// If it is there and malformed.
    pub fn typed<T: TypedParameter>(&self) -> Result<Option<T>, ParameterError> {
        let Some(parameter) = self.get(T::KEYWORD) else { return Ok(None) };
        T::from_value(parameter.value()).map(Some).ok_or(ParameterError { keyword: T::KEYWORD })
    }

    /// Adds the parameter of this type, in the place of one that is there.
    ///
    /// ```
    /// use smtp_core::Parameters;
    /// use smtp_core::extension::BodyType;
    ///
    /// let mut parameters = Parameters::default();
    /// parameters.set(&BodyType::EightBitMime);
    /// assert_eq!(parameters.get("BODY").unwrap().to_string(), "BODY=8BITMIME");
    /// ```
    pub fn set<T: TypedParameter>(&mut self, value: &T) {
        self.insert(Parameter::from_typed(value));
    }
}
