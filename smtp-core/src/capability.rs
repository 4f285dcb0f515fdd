//! What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1).

use std::borrow::Cow;

/// The longest capability, so that no line of the reply is broken.
const MAX_LINE: usize = 480;

/// One line of the EHLO reply, and the MAIL and RCPT parameters that come with it.
///
/// Who advertises a keyword claims its parameters: the driver refuses every parameter that no
/// capability of the current session claims with 555.
///
/// ```
/// use smtp_core::Capability;
///
/// let size = Capability::new("SIZE").argument("1000").mail_parameters(&["SIZE"]);
/// assert_eq!(size.to_string(), "SIZE 1000");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    keyword: Cow<'static, str>,
    arguments: Cow<'static, str>,
    mail_parameters: &'static [&'static str],
    rcpt_parameters: &'static [&'static str],
    line_allowance: usize,
}

impl Capability {
    /// A capability without arguments that claims no parameter.
    ///
    /// What is not a letter, a digit or a hyphen is left out of the keyword.
    pub fn new(keyword: impl Into<Cow<'static, str>>) -> Self {
        let mut keyword = keyword.into();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !keyword.chars().all(|c| allowed(c) && !c.is_ascii_lowercase()) {
            let cleaned: String = keyword.chars().filter(|&c| allowed(c)).collect();
            keyword = cleaned.to_ascii_uppercase().into();
        }
        Self {
            keyword,
            arguments: Cow::Borrowed(""),
            mail_parameters: &[],
            rcpt_parameters: &[],
            line_allowance: 0,
        }
    }

    /// Adds an argument behind those that are there. What is not printable ASCII is left out, and so
    /// is what makes the line longer than a reply's may be.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        let divider = if self.arguments.is_empty() { "" } else { " " };
        let present = self.keyword.len() + 1 + self.arguments.len() + divider.len();
        if let Some(room) = MAX_LINE.checked_sub(present) {
            let arguments = self.arguments.to_mut();
            arguments.push_str(divider);
            arguments.extend(argument.chars().filter(|c| matches!(c, ' '..='~')).take(room));
        }
        self
    }

    /// Claims these parameters of MAIL, named in upper case.
    #[must_use]
    pub fn mail_parameters(mut self, keywords: &'static [&'static str]) -> Self {
        self.mail_parameters = keywords;
        self
    }

    /// Claims these parameters of RCPT, named in upper case.
    #[must_use]
    pub fn rcpt_parameters(mut self, keywords: &'static [&'static str]) -> Self {
        self.rcpt_parameters = keywords;
        self
    }

    /// Allows MAIL and RCPT lines to be longer than 512 octets by this many, as the extension's
    /// specification says.
    #[must_use]
    pub fn line_allowance(mut self, octets: usize) -> Self {
        self.line_allowance = octets;
        self
    }

    /// The keyword in upper case.
    pub fn keyword(&self) -> &str {
        &self.keyword
    }

    /// What stands behind the keyword.
    pub fn arguments(&self) -> &str {
        &self.arguments
    }
}

impl std::fmt::Display for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.keyword)?;
        if !self.arguments.is_empty() {
            write!(f, " {}", self.arguments)?;
        }
        Ok(())
    }
}

/// The capabilities of a session, ordered, each keyword once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<Capability>);

impl Capabilities {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one at the end, or in the place of one with the same keyword. One without a keyword is
    /// none.
    pub fn insert(&mut self, capability: Capability) {
        if capability.keyword.is_empty() {
            return;
        }
        match self.0.iter_mut().find(|present| present.keyword == capability.keyword) {
            Some(present) => *present = capability,
            None => self.0.push(capability),
        }
    }

    /// Adds one before all others, in the place of one with the same keyword.
    pub fn insert_first(&mut self, capability: Capability) {
        if capability.keyword.is_empty() {
            return;
        }
        self.0.retain(|present| present.keyword != capability.keyword);
        self.0.insert(0, capability);
    }

    /// Takes the one with this keyword away.
    pub fn remove(&mut self, keyword: &str) -> Option<Capability> {
        let index = self.0.iter().position(|present| present.keyword.eq_ignore_ascii_case(keyword))?;
        Some(self.0.remove(index))
    }

    /// The one with this keyword, whatever its case.
    pub fn get(&self, keyword: &str) -> Option<&Capability> {
        self.0.iter().find(|present| present.keyword.eq_ignore_ascii_case(keyword))
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &Capability> {
        self.0.iter()
    }

    pub(crate) fn line_allowance(&self) -> usize {
        self.0.iter().map(|capability| capability.line_allowance).sum()
    }

    pub(crate) fn claims_mail_parameter(&self, keyword: &str) -> bool {
        self.0.iter().any(|capability| capability.mail_parameters.contains(&keyword))
    }

    pub(crate) fn claims_rcpt_parameter(&self, keyword: &str) -> bool {
        self.0.iter().any(|capability| capability.rcpt_parameters.contains(&keyword))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_keyword_stands_once_where_it_was_put() {
        let mut capabilities = Capabilities::new();
        capabilities.insert(Capability::new("SIZE"));
        capabilities.insert(Capability::new("DSN"));
        capabilities.insert(Capability::new("SIZE").argument("1000"));
        let shown = |capabilities: &Capabilities| -> Vec<String> {
            capabilities.iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown(&capabilities), ["SIZE 1000", "DSN"]);
        capabilities.insert_first(Capability::new("DSN"));
        capabilities.insert_first(Capability::new("HELP"));
        assert_eq!(shown(&capabilities), ["HELP", "DSN", "SIZE 1000"]);
        capabilities.insert(Capability::new("()"));
        capabilities.insert_first(Capability::new(""));
        assert_eq!(shown(&capabilities).len(), 3);
    }

    #[test]
    fn no_capability_is_longer_than_a_line() {
        let long = "x".repeat(300);
        let capability = Capability::new("X-LONG").argument(&long).argument(&long).argument("y");
        assert!(capability.to_string().len() <= MAX_LINE, "{}", capability.to_string().len());
    }
}
