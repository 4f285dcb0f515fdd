use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use super::doubt::doubt;
use super::rules::{AccessRules, Table};
use super::{Action, AuthInfo, Features, Key, SpamWish, Tag, TlsDemand};
use crate::file_error::Problems;

/// Reads the text of a map; problems are noted with their places.
pub(super) fn parse(text: &str, path: &Path, problems: &mut Problems) -> AccessRules {
    let mut rules = AccessRules::default();
    let mut lines = HashMap::new();
    let mut doubts = Problems::default();
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (noted, (at, what)) = match entry(line, number, &mut rules, &mut lines) {
            Ok(None) => continue,
            Ok(Some(doubt)) => (&mut doubts, doubt),
            Err(problem) => (&mut *problems, problem),
        };
        let column = line[..at].chars().count() + 1;
        noted.add(path, number, column, what);
    }
    rules.doubts = doubts.into_result(()).err();
    rules
}

type Lines = HashMap<(Tag, Key), usize>;

/// Takes a line in; gives where in the line what is strange.
///
/// # Errors
/// Where in the line what is wrong.
fn entry(
    line: &str,
    number: usize,
    rules: &mut AccessRules,
    lines: &mut Lines,
) -> Result<Option<(usize, String)>, (usize, String)> {
    let blank = |byte: char| byte == ' ' || byte == '\t';
    if line.starts_with(blank) {
        return Err((
            0,
            "the line begins with a blank; remove it, or put # in front of a comment".to_owned(),
        ));
    }
    let Some((left, rest)) = line.split_once(blank) else {
        return Err((line.len(), "there is no value; write one behind the key and a blank".to_owned()));
    };
    let value = rest.trim();
    let value_at = line.len() - rest.trim_start().len();
    if value.is_empty() {
        return Err((left.len(), "there is no value; write one behind the key and a blank".to_owned()));
    }
    let (tag, key_text) = Tag::split_from(left).map_err(|what| (0, what))?;
    let key_at = left.len() - key_text.len();
    let key = Key::parse(tag, key_text).map_err(|what| (key_at, what))?;
    match lines.entry((tag, key.clone())) {
        Entry::Occupied(first) => {
            let what = format!("this entry stands in line {} already; delete one of the two", first.get());
            return Err((0, what));
        }
        Entry::Vacant(vacant) => vacant.insert(number),
    };
    let doubt = insert(rules, tag, key, value).map_err(|what| (value_at, what))?;
    Ok(doubt.map(|what| (value_at, what)))
}

/// Gives what is strange about the value.
fn insert(rules: &mut AccessRules, tag: Tag, key: Key, value: &str) -> Result<Option<String>, String> {
    match tag {
        Tag::Untagged => return put_action(&mut rules.untagged, key, value),
        Tag::Connect => return put_action(&mut rules.connect, key, value),
        Tag::From => return put_action(&mut rules.from, key, value),
        Tag::To => return put_action(&mut rules.to, key, value),
        Tag::Spam => put(&mut rules.spam, key, SpamWish::parse(value)),
        Tag::TlsClt => put(&mut rules.tls_clt, key, TlsDemand::parse(value)),
        Tag::TlsSrv => put(&mut rules.tls_srv, key, TlsDemand::parse(value)),
        Tag::TlsRcpt => put(&mut rules.tls_rcpt, key, TlsDemand::parse(value)),
        Tag::TryTls => put(&mut rules.try_tls, key, yes_or_no(value)),
        Tag::SrvFeatures => put(&mut rules.srv_features, key, Features::parse(value)),
        Tag::AuthInfo => put(&mut rules.auth_info, key, AuthInfo::parse(value)),
        Tag::CertIssuer => put(&mut rules.cert_issuer, key, issuer(value)),
        Tag::CertSubject => put(&mut rules.cert_subject, key, subject(value)),
        Tag::GreetPause => put(&mut rules.greet_pause, key, count(value)),
        Tag::ClientRate => put(&mut rules.client_rate, key, count(value)),
        Tag::ClientConn => put(&mut rules.client_conn, key, count(value)),
    }
    .map(|()| None)
}

fn put_action(table: &mut Table<Action>, key: Key, value: &str) -> Result<Option<String>, String> {
    let action = Action::parse(value)?;
    let doubt = doubt(value, &action);
    put(table, key, Ok(action)).map(|()| doubt)
}

fn put<V>(table: &mut Table<V>, key: Key, value: Result<V, String>) -> Result<(), String> {
    table.insert(key.into_inner(), value?);
    Ok(())
}

fn yes_or_no(value: &str) -> Result<bool, String> {
    match value.to_ascii_uppercase().as_str() {
        "NO" => Ok(false),
        "YES" | "OK" => Ok(true),
        _ => Err("write NO or YES behind Try_TLS:".to_owned()),
    }
}

/// Whether the subject decides.
fn issuer(value: &str) -> Result<bool, String> {
    match value.to_ascii_uppercase().as_str() {
        "RELAY" => Ok(false),
        "SUBJECT" => Ok(true),
        _ => Err("write RELAY behind CERTIssuer:, or SUBJECT where CERTSubject: decides".to_owned()),
    }
}

fn subject(value: &str) -> Result<(), String> {
    if value.eq_ignore_ascii_case("RELAY") {
        Ok(())
    } else {
        Err("write RELAY behind CERTSubject:".to_owned())
    }
}

fn count(value: &str) -> Result<u32, String> {
    value.parse().map_err(|_| "no whole number; write one".to_owned())
}
