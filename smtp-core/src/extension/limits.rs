use crate::{Capabilities, Capability};

/// A limit of the LIMITS extension (RFC 9422).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// How many transactions one session may have.
    MailMax,
    /// How many recipients one transaction may have.
    RcptMax,
    /// How many domains the recipients of one session may have.
    RcptDomainMax,
}

impl Limit {
    /// The limit's registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::MailMax => "MAILMAX",
            Self::RcptMax => "RCPTMAX",
            Self::RcptDomainMax => "RCPTDOMAINMAX",
        }
    }

    /// Whether a value can be told: one to six digits, not beginning with zero.
    fn takes(value: u32) -> bool {
        matches!(value, 1..=999_999)
    }
}

impl Capabilities {
    /// Tells clients of a limit (RFC 9422). Of several layers that do, the strictest one counts.
    /// What the extension cannot express, zero or more than 999,999, is not told.
    ///
    /// ```
    /// use smtp_core::Capabilities;
    /// use smtp_core::extension::Limit;
    ///
    /// let mut capabilities = Capabilities::new();
    /// capabilities.limit(Limit::RcptMax, 100);
    /// capabilities.limit(Limit::MailMax, 50);
    /// capabilities.limit(Limit::RcptMax, 20);
    /// assert_eq!(capabilities.get("LIMITS").unwrap().to_string(), "LIMITS MAILMAX=50 RCPTMAX=20");
    /// assert_eq!(capabilities.limit_of(Limit::RcptMax), Some(20));
    /// ```
    pub fn limit(&mut self, limit: Limit, value: u32) {
        if !Limit::takes(value) {
            return;
        }
        let all = [Limit::MailMax, Limit::RcptMax, Limit::RcptDomainMax].map(|each| {
            let present = self.limit_of(each);
            let told = if each == limit {
                present.map_or(value, |present| present.min(value)).into()
            } else {
                present
            };
            told.map(|value| format!("{}={value}", each.name()))
        });
        let limits = all.into_iter().flatten();
        self.insert(limits.fold(Capability::new("LIMITS"), |limits, one| limits.argument(&one)));
    }

    /// The limit, if one is told.
    pub fn limit_of(&self, limit: Limit) -> Option<u32> {
        let mut told = self.get("LIMITS")?.arguments().split(' ').filter_map(|limit| limit.split_once('='));
        let (_, value) = told.find(|(name, _)| name.eq_ignore_ascii_case(limit.name()))?;
        value.parse().ok().filter(|&value| Limit::takes(value))
    }
}
