use std::path::Path;

use smtp_core::{LocalPart, Mailbox};

use super::{AliasOptions, Target};

/// What an alias leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Member {
    /// A name here, which may be an alias in turn.
    Name(LocalPart),
    /// `\name`: the user, whatever the aliases say.
    User(LocalPart),
    /// An address, here or elsewhere.
    Address(Mailbox),
    /// `:include:`: the addresses in this file.
    Include(String),
    /// A program or a file.
    Target(Target),
}

const HELP: &str = "write names, addresses or :include:/path/of/a/list, with commas between them";

impl Member {
    /// # Errors
    /// Why it cannot be taken, and what to write.
    pub(super) fn parse(text: &str, allowed: AliasOptions) -> Result<Self, String> {
        let text = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            // A local part in quotes, and nothing else, keeps them.
            Some(inner) if inner.starts_with(['|', '/', ':', '\\']) => inner.trim(),
            _ => text,
        };
        // Joe Doe <joe@example.org>
        let text = match text.rsplit_once('<') {
            // A command may have brackets of its own.
            _ if text.starts_with('|') => text,
            Some((_, address)) => address.strip_suffix('>').ok_or(format!("a < without its >; {HELP}"))?,
            None => text,
        };
        if let Some(command) = text.strip_prefix('|') {
            if allowed.programs && !command.trim().is_empty() {
                return Ok(Self::Target(Target::Program(command.trim().into())));
            }
            return Err(
                "programs are not run from here; remove the member, or deliver by LMTP to a program \
                        that is a server"
                    .to_owned(),
            );
        }
        if text.starts_with('/') {
            if allowed.files {
                return Ok(Self::Target(Target::File(Path::new(text).into())));
            }
            return Err("files are not written from here; remove the member, or name a user, who has a \
                        mailbox"
                .to_owned());
        }
        if let Some(path) = text.get(..9).filter(|start| start.eq_ignore_ascii_case(":include:")) {
            if allowed.no_includes {
                return Err("lists are not included from here; write their members instead".to_owned());
            }
            let path = text[path.len()..].trim();
            return if path.starts_with('/') {
                Ok(Self::Include(path.to_owned()))
            } else {
                Err("the path of an included file begins with /; write it so".to_owned())
            };
        }
        if let Some(user) = text.strip_prefix('\\') {
            return user.parse().map(Self::User).map_err(|_| format!("no name behind the backslash; {HELP}"));
        }
        if let Ok(name) = text.parse() {
            return Ok(Self::Name(name));
        }
        Mailbox::from_utf8(text)
            .map(Self::Address)
            .map_err(|error| format!("neither a name nor an address ({error}); {HELP}"))
    }
}

/// Divides at commas outside of quotes and brackets; each part comes with where it begins.
pub(super) fn split(text: &str) -> Vec<(usize, &str)> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push((start, &text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push((start, &text[start..]));
    let begin = |(start, part): (usize, &str)| start + part.len() - part.trim_start().len();
    parts.into_iter().map(|part| (begin(part), part.1.trim())).filter(|(_, part)| !part.is_empty()).collect()
}
