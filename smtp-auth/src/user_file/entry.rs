use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use smtp_core::Secret;
use zeroize::Zeroizing;

use super::error::Problem;
use crate::password::decode_argon2id;
use crate::saslprep::{prepare, prepare_secret};
use crate::scram::{ScramCost, ScramHash, ScramKeys};

/// What stands before a password that is kept as it is.
const SHARED_SECRET: &str = "{SHARED-SECRET}";

/// One user.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) hash: PasswordHash,
    keys: Vec<ScramKeys>,
    pub(super) shared_secret: Option<Secret>,
}

impl Entry {
    /// Reads a line; `None` if it is empty or a comment.
    pub(super) fn decode(line: &str) -> Option<Result<Self, Problem>> {
        (!is_comment(line)).then(|| Self::decode_fields(line))
    }

    fn decode_fields(line: &str) -> Result<Self, Problem> {
        let mut fields = line.trim_end().split(':');
        let mut field = || fields.next().ok_or(Problem::Fields);
        let (name, hash, first) = (field()?, field()?, field()?);
        match prepare_name(name)? {
            prepared if prepared == name => {}
            prepared => return Err(Problem::Unprepared { prepared }),
        }
        let hash = decode_argon2id(hash).ok_or(Problem::Hash)?;
        let mut entry = Self { name: name.to_owned(), hash, keys: Vec::new(), shared_secret: None };
        for field in std::iter::once(first).chain(fields) {
            entry.decode_field(field)?;
        }
        Ok(entry)
    }

    /// Each kind may stand there once.
    fn decode_field(&mut self, field: &str) -> Result<(), Problem> {
        if let Some(secret) = field.strip_prefix(SHARED_SECRET) {
            let secret = BASE64.decode(secret).ok().filter(|secret| !secret.is_empty());
            let replaced = self.shared_secret.replace(Secret::new(secret.ok_or(Problem::Keys)?));
            return if replaced.is_none() { Ok(()) } else { Err(Problem::Keys) };
        }
        let keys = ScramKeys::decode(field).ok_or(Problem::Keys)?;
        if self.keys(keys.hash()).is_some() {
            return Err(Problem::Keys);
        }
        self.keys.push(keys);
        Ok(())
    }

    pub(super) fn keys(&self, hash: ScramHash) -> Option<&ScramKeys> {
        self.keys.iter().find(|keys| keys.hash() == hash)
    }

    pub(super) fn costs(&self) -> impl Iterator<Item = ScramCost> {
        self.keys.iter().map(ScramKeys::cost)
    }

    /// Makes the line of a user.
    pub(super) fn encode(name: &str, password: &Secret) -> Result<Zeroizing<String>, Problem> {
        let password = prepare_secret(password).ok_or(Problem::Password)?;
        let hash: PasswordHash =
            Argon2::default().hash_password(password.expose()).map_err(|_| Problem::Hashing)?;
        let mut line = Zeroizing::new(format!("{name}:{hash}"));
        // One allocation, or pieces of it are left behind.
        line.reserve(1024);
        for hash in ScramHash::ALL {
            let keys = ScramKeys::generate(hash, &password, ScramCost::default()).ok_or(Problem::Password)?;
            line.push(':');
            line.push_str(&keys.encode());
        }
        Ok(line)
    }

    /// Adds the password as it is to a line.
    pub(super) fn add_shared_secret(line: &mut Zeroizing<String>, password: &Secret) -> Result<(), Problem> {
        let password = prepare_secret(password).ok_or(Problem::Password)?;
        let secret = Zeroizing::new(BASE64.encode(password.expose()));
        line.reserve(SHARED_SECRET.len() + secret.len() + 1);
        line.extend([":", SHARED_SECRET, &secret]);
        Ok(())
    }
}

/// Whether a password that is kept as it is stands in a line.
pub(super) fn has_shared_secret(line: &str) -> bool {
    line.split(':').any(|field| field.starts_with(SHARED_SECRET))
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
