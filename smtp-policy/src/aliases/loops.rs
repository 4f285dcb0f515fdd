//! Names that lead back to themselves.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::file::Alias;
use super::member::Member;
use crate::file_error::Problems;

/// Notes each name of a loop over other names. `joe: joe, ann` is none: it means the user too.
pub(super) fn find(aliases: &HashMap<String, Alias>, path: &Path, problems: &mut Problems) {
    let mut done = HashSet::new();
    let mut names: Vec<_> = aliases.iter().map(|(name, alias)| (alias.line, name.as_str())).collect();
    names.sort_unstable();
    for (_, name) in names {
        walk(aliases, name, &mut done, path, problems);
    }
}

/// Follows all ways from a name, without a stack of its own that a file could exhaust.
fn walk<'a>(
    aliases: &'a HashMap<String, Alias>,
    start: &'a str,
    done: &mut HashSet<&'a str>,
    path: &Path,
    problems: &mut Problems,
) {
    let mut way: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut on_way = HashSet::new();
    if done.insert(start) {
        on_way.insert(start);
        way.push((start, next(aliases, start)));
    }
    while let Some((name, open)) = way.last_mut() {
        let name = *name;
        let Some(member) = open.pop() else {
            on_way.remove(name);
            way.pop();
            continue;
        };
        if member == name {
            continue;
        }
        if on_way.contains(member) {
            let through: Vec<&str> =
                way.iter().map(|(name, _)| *name).skip_while(|name| *name != member).collect();
            let line = aliases.get(member).map_or(1, |alias| alias.line);
            let what = format!("{member} leads back to itself, over {}; break the loop", through.join(", "));
            problems.add(path, line, 1, what);
        } else if done.insert(member) {
            on_way.insert(member);
            way.push((member, next(aliases, member)));
        }
    }
}

/// The names that an alias leads to and that are aliases.
fn next<'a>(aliases: &'a HashMap<String, Alias>, name: &str) -> Vec<&'a str> {
    let Some(alias) = aliases.get(name) else { return Vec::new() };
    let key = |member: &Member| match member {
        Member::Name(name) => Some(name.unquoted().to_ascii_lowercase()),
        Member::Address(mailbox) => {
            let domain = mailbox.domain()?.to_ascii();
            Some(format!("{}@{domain}", mailbox.local_part().unquoted()).to_ascii_lowercase())
        }
        Member::User(_) | Member::Include(_) | Member::Target(_) => None,
    };
    let found = alias.members.iter().filter_map(key).filter_map(|key| aliases.get_key_value(&key));
    found.map(|(key, _)| key.as_str()).collect()
}
