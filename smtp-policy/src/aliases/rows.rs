//! Aliases that are rows of a database.

use std::collections::BTreeMap;

/// More are a mistake of the query.
const MOST: usize = 1_000_000;
/// How many octets they may have, as many as files.
const MOST_OCTETS: usize = 64 << 20;

/// Rows of one name go together.
#[derive(Debug, Default)]
pub(super) struct Rows {
    aliases: BTreeMap<String, Vec<String>>,
    count: usize,
    octets: usize,
}

impl Rows {
    /// # Errors
    /// If a file could not have such a line, or has no room for it.
    pub(super) fn add(&mut self, name: &str, members: String) -> Result<(), String> {
        self.count += 1;
        if self.count > MOST {
            return Err(format!("there are more than {MOST} rows"));
        }
        self.octets += name.len() + members.len();
        if self.octets > MOST_OCTETS {
            return Err(format!("there are more than {} MiB", MOST_OCTETS >> 20));
        }
        // A row is a line, and no more.
        if name.contains(['\r', '\n']) || members.contains(['\r', '\n']) || name.trim().starts_with('#') {
            return Err(format!("the row of {name:?} would be several lines, or a comment"));
        }
        self.aliases.entry(name.trim().to_ascii_lowercase()).or_default().push(members);
        Ok(())
    }

    /// The same for the same rows, in whatever order they came.
    #[cfg(feature = "postgres")]
    pub(super) fn digest(&self) -> u64 {
        let rows = self.aliases.iter().flat_map(|(name, members)| members.iter().map(move |row| (name, row)));
        let digests = rows.map(|row| {
            let mut hasher = std::hash::DefaultHasher::new();
            std::hash::Hash::hash(&row, &mut hasher);
            std::hash::Hasher::finish(&hasher)
        });
        digests.fold(0, u64::wrapping_add)
    }

    /// The same as a file, a line for each name, in their order.
    pub(super) fn into_text(self) -> String {
        let lines = self.aliases.iter().map(|(name, members)| format!("{name}: {}\n", members.join(", ")));
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_end_to_rows() {
        let mut rows = Rows::default();
        rows.add("Sales ", "joe".to_owned()).unwrap();
        rows.add("sales", "ann".to_owned()).unwrap();
        for (name, members) in [("a\nb", "joe"), ("a", "joe\rb: ann"), ("#a", "joe"), (" #a", "joe")] {
            assert!(rows.add(name, members.to_owned()).is_err(), "{name:?}");
        }
        #[cfg(feature = "postgres")]
        {
            let mut others = Rows::default();
            others.add("sales", "ann".to_owned()).unwrap();
            assert_ne!(others.digest(), rows.digest());
            others.add("sales", "joe".to_owned()).unwrap();
            assert_eq!(others.digest(), rows.digest());
        }
        let error = rows.add("large", "x".repeat(MOST_OCTETS)).unwrap_err();
        assert!(error.contains("64 MiB"), "{error}");
        assert_eq!(rows.into_text(), "sales: joe, ann\n");
        let mut rows = Rows { count: MOST, ..Rows::default() };
        assert!(rows.add("one more", "joe".to_owned()).unwrap_err().contains("1000000 rows"));
    }
}
