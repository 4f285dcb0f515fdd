use super::{Extension, TypedParameter};
use crate::{Capability, Mail, Reply, Session};

/// MT-PRIORITY (RFC 6710): how urgent a message is, from -9 to 9.
///
/// Its promise is kept by a queue that delivers in this order. Who may ask for which priority is a
/// policy of the site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MtPriority {
    profile: Option<&'static str>,
}

impl MtPriority {
    /// Takes priorities, and names no profile.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the registered profile, `STANAG4406` for example, that says what the priorities mean.
    #[must_use]
    pub fn profile(mut self, name: &'static str) -> Self {
        self.profile = Some(name);
        self
    }
}

impl Extension for MtPriority {
    fn capability(&self, _: &Session) -> Option<Capability> {
        let capability = Capability::new("MT-PRIORITY").mail_parameters(&["MT-PRIORITY"]).line_allowance(15);
        Some(match self.profile {
            None => capability,
            Some(profile) => capability.argument(profile),
        })
    }

    fn check_mail(&self, mail: &Mail, _: &Session) -> Result<(), Reply> {
        mail.parameters.typed::<Priority>().map(drop).map_err(|error| error.reply())
    }
}

/// `MT-PRIORITY=` of MAIL: -9 is the lowest, 9 the highest, and 0 what a message has that does not
/// say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(i8);

impl Priority {
    /// A priority between -9 and 9.
    pub fn new(priority: i8) -> Option<Self> {
        matches!(priority, -9..=9).then_some(Self(priority))
    }

    /// The number.
    pub fn get(self) -> i8 {
        self.0
    }
}

impl TypedParameter for Priority {
    const KEYWORD: &'static str = "MT-PRIORITY";

    fn from_value(value: Option<&str>) -> Option<Self> {
        let value = value?;
        let digit = value.strip_prefix('-').unwrap_or(value);
        let one_digit = digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit();
        value.parse().ok().filter(|_| one_digit && value != "-0").and_then(Self::new)
    }

    fn to_value(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}
