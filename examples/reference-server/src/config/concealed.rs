//! What a line of the file must not show to whoever reads an error: passwords and keys.

/// Words in the names of keys whose values are secrets.
const SECRETS: [&str; 6] = ["password", "passwd", "secret", "bearer", "signing_key", "token"];
/// Where the value names a file, the secret is in there.
const OF_FILES: &str = "_file";
/// What takes the place of what is concealed.
const CONCEALED: &str = "...";
/// What begins and ends texts of several lines.
const FENCES: [&str; 2] = ["\"\"\"", "'''"];

/// Line `number` of the file, from zero, as it may be shown: whole, or as much of it as stands before a
/// secret.
pub(super) fn line(text: &str, number: usize) -> String {
    let mut fence = None;
    for (at, line) in text.lines().enumerate() {
        let inside = fence.is_some();
        let shown = if inside { Some(0) } else { before_secret(line) };
        if at == number {
            return shown.map_or_else(|| line.to_owned(), |shown| format!("{}{CONCEALED}", &line[..shown]));
        }
        // A secret may go on over several lines.
        fence = match (fence, shown) {
            (Some(fence), _) => Some(fence).filter(|fence: &&str| !line.contains(fence)),
            (None, Some(shown)) => opened(&line[shown..]),
            (None, None) => None,
        };
    }
    String::new()
}

/// What a text begins with that does not end here.
fn opened(value: &str) -> Option<&'static str> {
    FENCES
        .into_iter()
        .find(|fence| value.trim_start().starts_with(fence) && value.matches(fence).count() == 1)
}

/// How much of the line may be shown, if not all of it.
fn before_secret(line: &str) -> Option<usize> {
    let keys = line.match_indices('=').find(|(at, _)| is_secret(&line[..*at], &line[at + 1..]));
    let keys = keys.map(|(at, sign)| at + sign.len());
    keys.into_iter().chain(before_user_info(line)).min()
}

/// Whether what ends here is the key of a secret: of a table, or in an address of a database.
fn is_secret(before: &str, value: &str) -> bool {
    let key = before.trim_end().trim_end_matches(['"', '\'']);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let key = key[key.trim_end_matches(is_part).len()..].to_ascii_lowercase();
    let key = key.rsplit('.').next().unwrap_or_default();
    let is_text = value.trim_start().starts_with(['"', '\'']);
    match key {
        // Addresses of databases have passwords in them; what to log in with is a table.
        "postgres" => true,
        "auth" => is_text,
        key => !key.ends_with(OF_FILES) && SECRETS.iter().any(|secret| key.contains(secret)),
    }
}

/// Where the name and the password of an address begin, as in `postgres://joe:secret@localhost/mail`.
fn before_user_info(line: &str) -> Option<usize> {
    let begins = |(at, mark): (usize, &str)| {
        let begin = at + mark.len();
        let host = line[begin..].split(['/', '"', '\'']).next().unwrap_or_default();
        host.contains('@').then_some(begin)
    };
    line.match_indices("://").find_map(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_secret_is_shown() {
        for shown in [
            "hostname = \"mail.example.org\"",
            "auth = { name = \"joe\", password_file = \"next-hop\" }",
            "bearer_file = \"accounts-secret\"",
            "client_secret_file = \"secret\"",
            "postgres_file = \"queue-database\"",
            "url = \"https://accounts.example.org/smtp-login\"",
            "query = \"SELECT hash AS password FROM users WHERE name = $1\"",
            "",
        ] {
            assert_eq!(line(&format!("a = 1\n{shown}\n"), 1), shown);
        }
        assert_eq!(line("a = 1\n", 7), "");
    }

    #[test]
    fn secrets_are_concealed() {
        for (written, shown) in [
            ("postgres = \"host=db password=hunter2\"", "postgres =..."),
            ("postgres=hunter2", "postgres=..."),
            ("auth.sql.postgres = 'hunter2", "auth.sql.postgres =..."),
            ("\"postgres\" = \"hunter2\"", "\"postgres\" =..."),
            ("sqlite = \"host=db password=hunter2\"", "sqlite = \"host=db password=..."),
            ("postgres_file = \"postgres://joe:hunter2@db/mail\"", "postgres_file = \"postgres://..."),
            ("auth = { name = \"joe\", password = \"hunter2\" }", "auth = { name = \"joe\", password =..."),
            ("auth = \"joe:hunter2\"", "auth =..."),
            ("Client_Secret = \"hunter2\"", "Client_Secret =..."),
            ("m\u{fc}ll = 1, password = hunter2", "m\u{fc}ll = 1, password =..."),
        ] {
            assert_eq!(line(&format!("a = 1\n{written}\nb = 2"), 1), shown);
        }
    }

    #[test]
    fn secrets_of_several_lines_are_concealed() {
        let text = "password = '''\nhunter2\nhunter2''' # end\nb = 1\nquery = \"\"\"\nSELECT\n\"\"\"\n";
        let shown: Vec<String> = (0..7).map(|number| line(text, number)).collect();
        assert_eq!(shown, ["password =...", "...", "...", "b = 1", "query = \"\"\"", "SELECT", "\"\"\""]);
    }
}
