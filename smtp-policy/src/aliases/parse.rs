use std::collections::HashMap;
use std::path::Path;

use smtp_core::{Domain, LocalPart, Mailbox};

use super::AliasOptions;
use super::file::{Alias, Aliases};
use super::included;
use super::loops;
use super::member::{Member, split};
use crate::file_error::Problems;
use crate::watched_file::Files;

/// Files that include each other deeper are a mistake.
const DEEPEST: usize = 10;
/// How many files are included in all: whoever keeps a list must not keep the server busy.
const MOST_INCLUDED: usize = 1000;

/// Reads the file and what it includes.
pub(super) fn load(
    files: &mut Files,
    path: &Path,
    options: AliasOptions,
    problems: &mut Problems,
) -> Aliases {
    match files.read(path) {
        Ok(text) => parse(&text, path, options, files, problems),
        Err(error) => {
            problems.add_unreadable(path, &error);
            Aliases::default()
        }
    }
}

pub(super) fn parse(
    text: &str,
    path: &Path,
    options: AliasOptions,
    files: &mut Files,
    problems: &mut Problems,
) -> Aliases {
    let mut reader =
        Reader { path, options, files, problems, aliases: HashMap::new(), included: 0, gave_up: false };
    let mut current: Option<String> = None;
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            match &current {
                Some(key) => reader.members(key, line, 0, number),
                None => {
                    let what = "the line belongs to no name; remove the blank in front, or put # there";
                    reader.problems.add(path, number, 1, what);
                }
            }
            continue;
        }
        current = reader.name(line, number);
    }
    let aliases = reader.aliases;
    loops::find(&aliases, path, problems);
    Aliases(aliases)
}

struct Reader<'a> {
    path: &'a Path,
    options: AliasOptions,
    files: &'a mut Files,
    problems: &'a mut Problems,
    aliases: HashMap<String, Alias>,
    included: usize,
    gave_up: bool,
}

impl Reader<'_> {
    /// Takes `name: members`; gives the name for lines that go on.
    fn name(&mut self, line: &str, number: usize) -> Option<String> {
        let Some(colon) = colon(line) else {
            let what = "there is no colon; write a name, a colon and its members";
            self.problems.add(self.path, number, 1, what);
            return None;
        };
        let Some(key) = key(line[..colon].trim()) else {
            let what = "no name that can have mail; write name, user@domain or @domain in front of the colon";
            self.problems.add(self.path, number, 1, what);
            return None;
        };
        if let Some(first) = self.aliases.get(&key) {
            let what = format!("this name stands in line {} already; delete one of the two", first.line);
            self.problems.add(self.path, number, 1, what);
            return None;
        }
        self.aliases.insert(key.clone(), Alias { line: number, members: Vec::new() });
        self.members(&key, line, colon + 1, number);
        Some(key)
    }

    /// Takes the members behind `start` of a line.
    fn members(&mut self, key: &str, line: &str, start: usize, number: usize) {
        for (at, text) in split(&line[start..]) {
            match Member::parse(text, self.options) {
                Ok(Member::Include(file)) => {
                    let place = (self.path.to_owned(), number, column(line, start + at));
                    let members = self.include(Path::new(&file), &place, 1);
                    self.add(key, members);
                }
                Ok(member) => self.add(key, vec![member]),
                Err(what) => self.problems.add(self.path, number, column(line, start + at), what),
            }
        }
    }

    fn add(&mut self, key: &str, members: Vec<Member>) {
        if let Some(alias) = self.aliases.get_mut(key) {
            alias.members.extend(members);
        }
    }

    /// The members in an included file.
    fn include(
        &mut self,
        file: &Path,
        place: &(std::path::PathBuf, usize, usize),
        depth: usize,
    ) -> Vec<Member> {
        let (from, line, column_) = place;
        // Where files include each other, there may be no end of it.
        if self.gave_up {
            return Vec::new();
        }
        self.included += 1;
        if depth > DEEPEST || self.included > MOST_INCLUDED {
            self.gave_up = true;
            let what = if depth > DEEPEST {
                "files include each other too deeply; does one include itself?"
            } else {
                "too many files are included"
            };
            self.problems.add(from, *line, *column_, what);
            return Vec::new();
        }
        let text = match self.files.read_with(file, included::open) {
            Ok(text) => text,
            Err(error) => {
                self.problems.add(
                    from,
                    *line,
                    *column_,
                    format!("{} cannot be read: {error}", file.display()),
                );
                return Vec::new();
            }
        };
        let mut members = Vec::new();
        for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
            if line.trim_start().starts_with('#') {
                continue;
            }
            for (at, text) in split(line) {
                // Others may keep the list.
                match Member::parse(text, AliasOptions::default()) {
                    Ok(Member::Include(inner)) => {
                        let place = (file.to_owned(), number, column(line, at));
                        members.extend(self.include(Path::new(&inner), &place, depth + 1));
                    }
                    Ok(member) => members.push(member),
                    Err(what) => self.problems.add(file, number, column(line, at), what),
                }
            }
        }
        members
    }
}

fn column(line: &str, at: usize) -> usize {
    line[..at].chars().count() + 1
}

/// Where the colon behind the name is: not within its quotes.
fn colon(line: &str) -> Option<usize> {
    let mut quoted = false;
    line.char_indices().find_map(|(at, character)| match character {
        '"' => {
            quoted = !quoted;
            None
        }
        ':' if !quoted => Some(at),
        _ => None,
    })
}

/// The name in the form in which it is looked up.
fn key(text: &str) -> Option<String> {
    if let Some(domain) = text.strip_prefix('@') {
        return Domain::from_utf8(domain)
            .ok()
            .map(|domain| format!("@{}", domain.to_ascii()).to_ascii_lowercase());
    }
    if let Ok(name) = text.parse::<LocalPart>() {
        return Some(name.unquoted().to_ascii_lowercase());
    }
    let mailbox = Mailbox::from_utf8(text).ok()?;
    let domain = mailbox.domain()?.to_ascii().to_owned();
    Some(format!("{}@{domain}", mailbox.local_part().unquoted()).to_ascii_lowercase())
}
