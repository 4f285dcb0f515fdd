//! Changes of the file, line by line, so that comments and order stay.

use std::path::Path;

use smtp_core::Secret;
use zeroize::Zeroizing;

use super::entry::{Entry, has_shared_secret, name_of, prepare_name};
use super::error::{Problem, UserFileError};
use super::users::Users;
use super::write::Folder;

pub(super) fn set(path: &Path, name: &str, password: &Secret, share: bool) -> Result<(), UserFileError> {
    let in_file = |problem: Problem| problem.in_file(path);
    let name = prepare_name(name).map_err(in_file)?;
    // Before the lock: it takes its time.
    let mut new = Entry::encode(&name, password).map_err(in_file)?;
    let folder = Folder::lock(path)?;
    let text = read(path)?;
    let mut lines: Vec<&str> = text.lines().collect();
    let old = lines.iter().position(|line| name_of(line) == Some(&name));
    // Who needed it before needs it still.
    if share || old.is_some_and(|at| has_shared_secret(lines[at])) {
        Entry::add_shared_secret(&mut new, password).map_err(in_file)?;
    }
    match old {
        Some(at) => lines[at] = &new,
        None => lines.push(&new),
    }
    folder.write(&join(&lines))
}

pub(super) fn remove(path: &Path, name: &str) -> Result<bool, UserFileError> {
    let name = prepare_name(name).map_err(|problem| problem.in_file(path))?;
    let folder = Folder::lock(path)?;
    let text = read(path)?;
    let kept: Vec<&str> = text.lines().filter(|line| name_of(line) != Some(&name)).collect();
    if kept.len() == text.lines().count() {
        return Ok(false);
    }
    folder.write(&join(&kept))?;
    Ok(true)
}

pub(super) fn names(path: &Path) -> Result<Vec<String>, UserFileError> {
    let text = read(path)?;
    Users::decode(&text, path)?;
    Ok(text.lines().filter_map(name_of).map(str::to_owned).collect())
}

fn read(path: &Path) -> Result<Zeroizing<String>, UserFileError> {
    let text = std::fs::read_to_string(path);
    text.map(Zeroizing::new).map_err(|error| Problem::Io { what: "read", error }.in_file(path))
}

fn join(lines: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(lines.iter().map(|line| line.len() + 1).sum()));
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}
