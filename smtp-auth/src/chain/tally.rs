use crate::store::{BoxCredentialStore, CredentialStore as _, StoreError, Verdict};

/// What the stores said that were asked so far, none of which said yes.
#[derive(Default)]
pub(super) struct Tally {
    expired: bool,
    search: Search,
}

impl Tally {
    /// Notes what a store said, and gives it back if it decides.
    pub(super) fn note(
        &mut self,
        store: &BoxCredentialStore,
        answer: Result<Verdict, StoreError>,
    ) -> Option<Verdict> {
        let verdict = self.search.note(store, answer.map(Some))?;
        match verdict {
            Verdict::Accepted | Verdict::AcceptedAs(_) => return Some(verdict),
            Verdict::Expired => self.expired = true,
            Verdict::Refused => {}
        }
        None
    }

    /// What it comes to if no store decides.
    pub(super) fn conclude(self) -> Result<Verdict, StoreError> {
        self.search.conclude(if self.expired { Verdict::Expired } else { Verdict::Refused })
    }
}

/// Looks for something that stores may have, one of which may be away.
#[derive(Default)]
pub(super) struct Search {
    away: Option<StoreError>,
}

impl Search {
    /// Notes what a store said, and gives back what it has.
    pub(super) fn note<T>(
        &mut self,
        store: &BoxCredentialStore,
        answer: Result<Option<T>, StoreError>,
    ) -> Option<T> {
        match answer {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(store = %store.name(), %error, "the other stores of the chain are asked alone");
                self.away.get_or_insert(error);
                None
            }
        }
    }

    /// `nothing`, if all were there to say so.
    pub(super) fn conclude<T>(self, nothing: T) -> Result<T, StoreError> {
        self.away.map_or(Ok(nothing), Err)
    }
}
