//! As whom programs run.

use std::fs;
use std::path::PathBuf;

use rustix::process::geteuid;

use super::Programs;

/// Where the accounts of this computer are.
const ACCOUNTS: &str = "/etc/passwd";

/// A user, by its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
    pub(crate) home: Option<PathBuf>,
}

impl Account {
    /// Reads `name`, an account of this computer, or `USER:GROUP` in numbers; why it cannot be used, and what to
    /// write.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let account = match name.split_once(':') {
            Some((user, group)) => user.parse().ok().zip(group.parse().ok()).map(Self::of_numbers),
            None => {
                let accounts = fs::read_to_string(ACCOUNTS);
                let accounts = accounts.map_err(|error| format!("{ACCOUNTS} cannot be read: {error}"))?;
                find(&accounts, name)
            }
        };
        let account = account.ok_or(format!("there is no account {name:?} in {ACCOUNTS}"))?;
        if account.user == 0 || account.group == 0 {
            return Err("programs are not run as root, nor with its group".to_owned());
        }
        Ok(account)
    }

    fn of_numbers((user, group): (u32, u32)) -> Self {
        Self { user, group, home: None }
    }

    /// Why this process cannot run programs as it is told to.
    pub(crate) fn obstacle(programs: &Programs) -> Option<String> {
        let own = geteuid();
        match &programs.account {
            None if own.is_root() => Some(
                "[local] programs are not run as root: name another account as programs_as, or start the server \
                 as another user"
                    .to_owned(),
            ),
            Some(account) if !own.is_root() && account.user != own.as_raw() => Some(
                "[local] programs_as names another account than the server's own, as which root alone can run \
                 programs: leave it out, or start the server as root"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// The account to change to, which only root has to.
    pub(super) fn to_change_to(&self) -> Option<&Self> {
        geteuid().is_root().then_some(self)
    }
}

fn find(accounts: &str, name: &str) -> Option<Account> {
    let mut lines = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find_map(|fields| match fields[..] {
        [found, _, user, group, _, home, ..] if found == name => {
            let home = Some(home).filter(|home| home.starts_with('/')).map(PathBuf::from);
            Some(Account { user: user.parse().ok()?, group: group.parse().ok()?, home })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_name_and_by_number() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nmail:x:8:12:mail:/var/mail:/bin/false\nbroken:x:8\n";
        let mail = Account { user: 8, group: 12, home: Some("/var/mail".into()) };
        assert_eq!(find(accounts, "mail"), Some(mail));
        assert_eq!(find(accounts, "broken"), None);
        assert_eq!(find(accounts, "x"), None);
        let by_number = Account { user: 1000, group: 1001, home: None };
        assert_eq!(Account::parse("1000:1001").unwrap(), by_number);
        for (name, why) in [
            ("root", "not run as root"),
            ("0:1000", "not run as root"),
            ("1000:0", "not run as root"),
            ("nobody-there", "no account \"nobody-there\""),
            ("1000:x", "no account"),
        ] {
            assert!(Account::parse(name).unwrap_err().contains(why), "{name}");
        }
    }
}
