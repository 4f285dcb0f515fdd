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
    let message = error.message().trim_end().replace('\n', ", ");
    match message.split_once(", expected ") {
        Some((what, expected)) => Problem::new(span, what, format!("expected is {expected}")),
        None => Problem::new(span, message, "correct or remove it"),
    }
}
