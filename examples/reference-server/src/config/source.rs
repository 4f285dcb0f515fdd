use std::fmt;
use std::io;
use std::path::Path;

use super::Config;
use super::check::Check;
use super::problem::Problem;

/// Why a configuration cannot be used. Prints each problem with its place in the file, and what to
/// do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) struct ConfigError(String);

impl ConfigError {
    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        let help = match error.kind() {
            io::ErrorKind::NotFound => "name another file with --config, or start without one",
            io::ErrorKind::InvalidData => "save it as UTF-8",
            _ => "give the account that runs the server access to it",
        };
        Self(format!("{}: cannot be read: {error}\nhelp: {help}\n", path.display()))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end())
    }
}

/// Reads `text` and checks what it says. Relative paths in it begin at `folder`.
pub(super) fn check(
    name: &str,
    text: &str,
    folder: &Path,
    data_dir: Option<&Path>,
) -> Result<Config, ConfigError> {
    let render = |problems: &[Problem]| {
        let shown: Vec<String> = problems.iter().map(|problem| problem.render(name, text)).collect();
        ConfigError(shown.join("\n"))
    };
    let file = toml::from_str(text).map_err(|error| render(&[of_toml(&error)]))?;
    Check::new(folder, data_dir).config(file).map_err(|problems| render(&problems))
}

/// The library's message names what it would have taken; that is the help.
fn of_toml(error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or_default();
    let message = without_value(error.message()).trim_end().replace('\n', ", ");
    match message.split_once(", expected ") {
        Some((what, expected)) => Problem::new(span, what, format!("expected is {}", plain(expected))),
        None if message == "wanted string or table" => {
            Problem::new(span, "this is no word in quotes", "write one of those that this key may have")
        }
        None if message.starts_with("missing field") => Problem::new(span, message, "add it"),
        None => Problem::new(span, message, "correct or remove it"),
    }
}

/// The library names types of the code.
fn plain(expected: &str) -> &str {
    match expected {
        "u16" | "u32" | "u64" | "usize" => "a whole number, such as 20",
        "a boolean" => "true or false",
        "path string" => "a path, in quotes",
        "a sequence" => "a list, such as [\"a\", \"b\"]",
        expected if expected.starts_with("struct ") => "a table, such as { name = \"value\" }",
        expected => expected,
    }
}

/// Of a text in the place of something else, what it was: it may be a password.
fn without_value(message: &str) -> String {
    let Some((what, value)) = message.split_once("invalid type: string \"") else {
        return message.to_owned();
    };
    let expected = value.rfind("\", expected ").map_or("", |end| &value[end + 1..]);
    format!("{what}invalid type: string{expected}")
}
