use smtp_core::Secret;

/// A name and the password that a client sent with it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PasswordLogin {
    /// The name.
    pub name: String,
    /// The password: UTF-8.
    pub password: Secret,
}

impl PasswordLogin {
    /// Joins the two.
    pub fn new(name: impl Into<String>, password: Secret) -> Self {
        Self { name: name.into(), password }
    }
}

/// What a store says of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The password is that of the name.
    Accepted,
    /// It is not, or there is no such name.
    Refused,
}

impl From<bool> for Verdict {
    /// `true` is [`Accepted`](Self::Accepted).
    fn from(accepted: bool) -> Self {
        if accepted { Self::Accepted } else { Self::Refused }
    }
}
