/// What a store says of a login.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The client is who it says that it is. If it does not say who, nobody is accepted.
    Accepted,
    /// The client is the user of this name, whatever it says: the store spells the name in this way,
    /// or the token or the certificate tells it. If the client claims to be somebody else, it needs
    /// to be one who [may act for](super::CredentialStore::may_act_for) that user.
    AcceptedAs(String),
    /// It is not, or there is no such user.
    Refused,
    /// What it showed is right, but no longer enough: the password has to be changed, or the account
    /// is closed. The client hears so (525 5.7.13, RFC 5248), which is why a store never says it of
    /// credentials that are wrong.
    Expired,
}

impl From<bool> for Verdict {
    /// `true` is [`Accepted`](Self::Accepted).
    fn from(accepted: bool) -> Self {
        if accepted { Self::Accepted } else { Self::Refused }
    }
}
