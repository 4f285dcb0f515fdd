use zeroize::Zeroizing;

use crate::password::StoredPassword;
use crate::scram::{ScramHash, ScramKeys};
use crate::store::Verdict;

/// Longer texts are no hash of any password.
const LONGEST_TEXT: usize = 4096;

/// What the database says of a user.
#[derive(Default)]
pub(super) struct Row {
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) scram: Option<Zeroizing<String>>,
    pub(super) disabled: bool,
    pub(super) expired: bool,
}

/// Where the columns stand that count.
pub(super) struct Columns {
    pub(super) password: Option<usize>,
    pub(super) scram: Option<usize>,
    pub(super) disabled: Option<usize>,
    pub(super) expired: Option<usize>,
}

impl Columns {
    /// Finds them; `None` if there is neither a password nor SCRAM keys.
    pub(super) fn find(names: &[&str]) -> Option<Self> {
        let find = |name| names.iter().position(|column| column.eq_ignore_ascii_case(name));
        let (password, scram) = (find("password"), find("scram"));
        password.or(scram)?;
        Some(Self { password, scram, disabled: find("disabled"), expired: find("expired") })
    }
}

/// A user, as understood.
#[derive(Default)]
pub(super) struct Account {
    pub(super) password: Option<StoredPassword>,
    pub(super) standing: Standing,
    keys: Vec<ScramKeys>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    #[default]
    Good,
    Disabled,
    Expired,
}

impl Standing {
    pub(super) fn verdict(self, matches: bool) -> Verdict {
        match self {
            Self::Good => Verdict::from(matches),
            Self::Expired if matches => Verdict::Expired,
            Self::Disabled | Self::Expired => Verdict::Refused,
        }
    }
}

impl Account {
    /// Reads the texts. One that is not understood is as good as none, which the log tells.
    pub(super) fn decode(name: &str, row: &Row) -> Self {
        let unknown = |column| tracing::error!(name, column, "a form that is neither Argon2id nor SCRAM");
        let mut password = None;
        if let Some(text) = &row.password {
            password = fits(text).and_then(StoredPassword::decode);
            if password.is_none() {
                unknown("password");
            }
        }
        let mut keys = Vec::new();
        for text in row.scram.as_deref().and_then(|text| fits(text)).unwrap_or_default().split_whitespace() {
            match ScramKeys::decode(text) {
                Some(decoded) => keys.push(decoded),
                None => unknown("scram"),
            }
        }
        let standing = match (row.disabled, row.expired) {
            (true, _) => Standing::Disabled,
            (false, true) => Standing::Expired,
            (false, false) => Standing::Good,
        };
        Self { password, standing, keys }
    }

    /// The keys for this hash, if the user may log in by them.
    pub(super) fn into_keys(self, hash: ScramHash) -> Option<ScramKeys> {
        let of_password = match self.password {
            Some(StoredPassword::Scram(keys)) => Some(keys),
            _ => None,
        };
        let keys = self.keys.into_iter().chain(of_password).find(|keys| keys.hash() == hash);
        keys.filter(|_| self.standing == Standing::Good)
    }
}

fn fits(text: &str) -> Option<&str> {
    (text.len() <= LONGEST_TEXT).then(|| text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,\
        WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    fn row(password: &str, scram: &str) -> Row {
        let text = |text: &str| Some(Zeroizing::new(text.to_owned()));
        Row { password: text(password), scram: text(scram), ..Row::default() }
    }

    fn keys(row: &Row) -> Option<ScramKeys> {
        Account::decode("alice", row).into_keys(ScramHash::Sha256)
    }

    #[test]
    fn keys_are_found_in_both_columns() {
        assert!(keys(&row("", KEYS)).is_some());
        assert!(keys(&row("", &format!("nonsense\n{KEYS}\n"))).is_some());
        assert!(keys(&row(KEYS, "")).is_some());
        assert!(keys(&row("", "")).is_none());
    }

    #[test]
    fn who_may_not_log_in_has_no_keys() {
        assert!(keys(&Row { disabled: true, ..row("", KEYS) }).is_none());
        assert!(keys(&Row { expired: true, ..row("", KEYS) }).is_none());
    }

    #[test]
    fn other_forms_are_no_password() {
        for text in ["", "pencil", "$2b$12$abcdefghijklmnopqrstuv", "{SSHA}abcd", &"x".repeat(5000)] {
            assert!(Account::decode("alice", &row(text, "")).password.is_none(), "{text}");
        }
        assert!(Account::decode("alice", &row(KEYS, "")).password.is_some());
    }

    #[test]
    fn columns_go_by_name() {
        let columns = Columns::find(&["id", "Expired", "PASSWORD", "scrams"]).unwrap();
        assert_eq!((columns.password, columns.expired), (Some(2), Some(1)));
        assert_eq!((columns.scram, columns.disabled), (None, None));
        assert!(Columns::find(&["id", "hash"]).is_none());
    }
}
