use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher};
use smtp_core::Secret;
use zeroize::Zeroizing;

use super::error::Problem;
use crate::password::decode_argon2id;
use crate::saslprep::{prepare, prepare_secret};
use crate::scram::{ScramCost, ScramHash, ScramKeys};

/// One user.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) hash: PasswordHash,
    pub(super) keys: ScramKeys,
}

impl Entry {
    /// Reads a line; `None` if it is empty or a comment.
    pub(super) fn decode(line: &str) -> Option<Result<Self, Problem>> {
        (!is_comment(line)).then(|| Self::decode_fields(line))
    }

    fn decode_fields(line: &str) -> Result<Self, Problem> {
        let mut fields = line.trim_end().split(':');
        let mut field = || fields.next().ok_or(Problem::Fields);
        let (name, hash, keys) = (field()?, field()?, field()?);
        if fields.next().is_some() {
            return Err(Problem::Fields);
        }
        match prepare_name(name)? {
            prepared if prepared == name => {}
            prepared => return Err(Problem::Unprepared { prepared }),
        }
        Ok(Self {
            name: name.to_owned(),
            hash: decode_argon2id(hash).ok_or(Problem::Hash)?,
            keys: ScramKeys::decode(keys).ok_or(Problem::Keys)?,
        })
    }

    /// Makes the line of a user.
    pub(super) fn encode(name: &str, password: &Secret) -> Result<Zeroizing<String>, Problem> {
        let password = prepare_secret(password).ok_or(Problem::Password)?;
        let keys = ScramKeys::generate(ScramHash::Sha256, &password, ScramCost::default())
            .ok_or(Problem::Password)?;
        let hash: PasswordHash =
            Argon2::default().hash_password(password.expose()).map_err(|_| Problem::Hashing)?;
        Ok(Zeroizing::new(format!("{name}:{hash}:{}", *keys.encode())))
    }
}

/// The name that stands in a line, without a look at the rest.
pub(super) fn name_of(line: &str) -> Option<&str> {
    if is_comment(line) { None } else { line.split(':').next() }
}

/// The form in which a name stands in the file.
pub(super) fn prepare_name(name: &str) -> Result<String, Problem> {
    let fits =
        |name: &str| !name.contains([':', '\n']) && !name.starts_with(['#', ' ']) && name.trim_end() == name;
    prepare(name).filter(|name| fits(name)).map(|name| name.into_owned()).ok_or(Problem::Name)
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}
