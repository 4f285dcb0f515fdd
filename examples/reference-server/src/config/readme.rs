//! The README and the code know the same keys.

use std::path::Path;

use super::source;

const README: &str = include_str!("../../README.md");
/// Where keys are, as they are written.
const TABLES: [&str; 25] = [
    "",
    "[[listener]]",
    "[tls]",
    "[[tls.certificates]]",
    "[tls.acme]",
    "[auth]",
    "[auth.saslauthd]",
    "[auth.dovecot]",
    "[auth.ldap]",
    "[auth.pam]",
    "[auth.sql]",
    "[auth.http]",
    "[auth.oauth]",
    "[local]",
    "[directory]",
    "[access]",
    "[relay]",
    "[relay.tls]",
    "[queue]",
    "[dns]",
    "[smtp]",
    "[limits]",
    "[log]",
    "[abuse]",
    "[[abuse.dns_lists]]",
];

/// What a table may have, by what is said of a key that is none.
fn keys(table: &str) -> Vec<String> {
    let text = format!("{table}\nno_key_at_all = 1\n");
    let shown = source::check("smtpd.toml", &text, Path::new(""), None).unwrap_err().to_string();
    assert!(shown.contains("unknown field"), "{shown}");
    let help = shown.lines().find(|line| line.starts_with("help: ")).unwrap();
    help.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The tables of the rows about keys, and the keys that their first cells name.
fn rows() -> Vec<(String, Vec<String>)> {
    let mut table = String::new();
    let about_keys = README.split("\n\n").filter(|part| part.starts_with("| Key"));
    let cells =
        about_keys.flat_map(str::lines).filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
    cells
        .map(|(cell, _)| {
            let mut keys = Vec::new();
            for word in cell.split(['`', ' ', ',']).filter(|word| !word.is_empty()) {
                match word.starts_with('[') {
                    true => word.clone_into(&mut table),
                    false => keys.push(word.to_owned()),
                }
            }
            (table.clone(), keys)
        })
        .collect()
}

/// What stores have in common is said once for all of them.
fn is_said_of(row: &str, table: &str) -> bool {
    row == table || [row, table].iter().all(|name| name.starts_with("[auth."))
}

/// `[[tls.certificates]]` is `tls.certificates`.
fn bare(table: &str) -> &str {
    table.trim_matches(['[', ']'])
}

#[test]
fn each_key_of_the_code_is_in_the_readme() {
    let rows = rows();
    for table in TABLES {
        for key in keys(table) {
            let inner = format!("{}.{key}", bare(table));
            let is_table = TABLES.iter().any(|table| bare(table) == inner.trim_start_matches('.'));
            let is_said = rows.iter().any(|(row, keys)| is_said_of(row, table) && keys.contains(&key));
            assert!(is_said || is_table, "{key} of {table} is not in the README");
        }
    }
    // What to log in with at the next hop has one row.
    for key in keys("[relay.auth]") {
        let row = README.lines().find(|line| line.starts_with("| `[relay]` `auth`")).unwrap();
        assert!(row.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn each_key_of_the_readme_is_one() {
    let known = TABLES.map(|table| (table, keys(table)));
    for (row, named) in rows() {
        for key in named {
            let is_one = known.iter().any(|(table, keys)| is_said_of(&row, table) && keys.contains(&key));
            assert!(is_one, "{key} of {row} is in the README, but not in the code");
        }
    }
}
