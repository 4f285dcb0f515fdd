use std::collections::{HashMap, hash_map};
use std::hash::Hash;
use std::path::Path;

use argon2::password_hash::phc::PasswordHash;

use super::entry::Entry;
use super::error::{Problem, UserFileError};
use crate::password::decoy_argon2id;
use crate::scram::{ScramCost, ScramHash};

/// What the file says.
pub(super) struct Users {
    by_name: HashMap<String, Entry>,
    /// For which hashes each user has SCRAM keys.
    scram_hashes: Vec<ScramHash>,
    /// Whether any user's password is kept as it is.
    pub(super) has_shared_secrets: bool,
    /// What the SCRAM keys of most users cost.
    pub(super) scram_cost: ScramCost,
    /// A hash that costs what those of most users cost, and that no password has.
    pub(super) decoy_hash: PasswordHash,
}

impl Users {
    pub(super) fn decode(text: &str, path: &Path) -> Result<Self, UserFileError> {
        let mut by_name = HashMap::new();
        let mut lines = HashMap::new();
        for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
            let Some(entry) = Entry::decode(line) else { continue };
            let entry = entry.map_err(|problem| problem.in_line(path, number))?;
            match lines.entry(entry.name.clone()) {
                hash_map::Entry::Occupied(first) => {
                    return Err(Problem::Twice { first: *first.get() }.in_line(path, number));
                }
                hash_map::Entry::Vacant(vacant) => vacant.insert(number),
            };
            by_name.insert(entry.name.clone(), entry);
        }
        let costs = by_name.values().flat_map(Entry::costs).map(|cost| (cost.iterations, cost.salt));
        let params = by_name.values().map(|entry| entry.hash.params.as_str());
        let each_has = |hash: &ScramHash| by_name.values().all(|entry: &Entry| entry.keys(*hash).is_some());
        Ok(Self {
            scram_hashes: ScramHash::ALL.into_iter().filter(each_has).collect(),
            has_shared_secrets: by_name.values().any(|entry| entry.shared_secret.is_some()),
            scram_cost: most_frequent(costs)
                .map_or_else(ScramCost::default, |(iterations, salt)| ScramCost { iterations, salt }),
            decoy_hash: decoy_argon2id(most_frequent(params)),
            by_name,
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// A mechanism that is offered must work for each user: clients choose the one that they like best,
    /// and do not try another when it fails.
    pub(super) fn all_have_keys(&self, hash: ScramHash) -> bool {
        self.scram_hashes.contains(&hash)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name)
    }
}

/// Of several that are as frequent, the greatest: a decoy that changes with each reading of the file
/// would show that it is one.
fn most_frequent<T: Copy + Ord + Hash>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts = HashMap::<T, usize>::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(value, count)| (*count, *value)).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "{SCRAM-SHA-256}65536,W22ZaJ0SNY7soEs=,\
        WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    const HASH: &str = "$argon2id$v=19$m=8192,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA";

    fn users(names: &[&str]) -> Users {
        let text: String = names.iter().map(|name| format!("{name}:{HASH}:{KEYS}\n")).collect();
        Users::decode(&text, Path::new("users")).unwrap()
    }

    #[test]
    fn what_is_made_up_costs_what_is_usual_here() {
        let users = users(&["alice", "bob"]);
        assert_eq!(users.scram_cost, ScramCost { iterations: 65536, salt: 11 });
        assert_eq!(users.decoy_hash.params.as_str(), "m=8192,t=3,p=1");
        let empty = super::Users::decode("", Path::new("users")).unwrap();
        assert_eq!(empty.scram_cost, ScramCost::default());
        assert_eq!(empty.decoy_hash.params.as_str(), "m=19456,t=2,p=1");
    }

    #[test]
    fn what_is_made_up_is_the_same_at_each_reading() {
        let other_keys = KEYS.replace("65536", "4096");
        let text = format!("alice:{HASH}:{KEYS}\nbob:{}:{other_keys}\n", HASH.replace("t=3", "t=2"));
        for _ in 0..50 {
            let users = Users::decode(&text, Path::new("users")).unwrap();
            assert_eq!(users.scram_cost, ScramCost { iterations: 65536, salt: 11 });
            assert_eq!(users.decoy_hash.params.as_str(), "m=8192,t=3,p=1");
        }
    }
}
