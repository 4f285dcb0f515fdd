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

/// A bearer token (RFC 6750) that a client sent, and for whom.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenLogin {
    /// Who the client says that it is. RFC 7628 lets it say nothing: the token knows.
    pub name: Option<String>,
    /// The token, without a word before it: printable ASCII.
    pub token: Secret,
}

impl TokenLogin {
    /// Joins the two.
    pub fn new(name: Option<String>, token: Secret) -> Self {
        Self { name, token }
    }
}
