//! What stands behind the bar of an alias: words, which no shell divides.

/// Why a command cannot be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CommandError {
    #[error("a quote is not closed")]
    Quote,
    #[error(
        "no shell reads the command, so that {0:?} means nothing; quote it, or write a script that does it"
    )]
    Shell(char),
    #[error("there is no command")]
    Nothing,
}

/// What means something to a shell.
const OF_SHELLS: &str = ";&|<>()$`*?#~";

/// The program and its arguments. Quotes of both sorts, and backslashes outside of single ones, keep what they
/// have from being divided; nothing else means anything.
pub(super) fn words(command: &str) -> Result<Vec<String>, CommandError> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                // An empty argument is one, too.
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            (None, _) if OF_SHELLS.contains(character) => return Err(CommandError::Shell(character)),
            _ => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err(CommandError::Quote);
    }
    words.extend(word);
    if words.is_empty() { Err(CommandError::Nothing) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_divided_as_it_is_written() {
        for (command, expected) in [
            ("/usr/bin/procmail", &["/usr/bin/procmail"][..]),
            ("  /usr/bin/vacation  -a joe\tjoe ", &["/usr/bin/vacation", "-a", "joe", "joe"]),
            ("/bin/x 'a b' \"c 'd'\" e'f'g", &["/bin/x", "a b", "c 'd'", "efg"]),
            (
                "/bin/x '' \"\" a\\ b \\\"c\\\" \"d\\\"\" 'e\\'",
                &["/bin/x", "", "", "a b", "\"c\"", "d\"", "e\\"],
            ),
            ("/bin/x ';|$' {user}", &["/bin/x", ";|$", "{user}"]),
        ] {
            assert_eq!(words(command).unwrap(), expected, "{command}");
        }
    }

    #[test]
    fn what_only_a_shell_understands_is_refused() {
        for (command, expected) in [
            ("/bin/x 'a", CommandError::Quote),
            ("/bin/x > /tmp/x", CommandError::Shell('>')),
            ("/bin/x $HOME", CommandError::Shell('$')),
            ("/bin/x; /bin/y", CommandError::Shell(';')),
            (" ", CommandError::Nothing),
        ] {
            assert_eq!(words(command).unwrap_err(), expected, "{command}");
        }
    }
}
