//! Texts with a place for the name of a user.

use std::borrow::Cow;

use super::error::LdapTemplateError;

/// A text with `{name}`, `{user}` or `{domain}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// All of it.
    Name,
    /// What is before the last `@`, or all of it.
    User,
    /// What is behind the last `@`, or nothing.
    Domain,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, LdapTemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            parts.push(Part::Text(rest[..at].to_owned()));
            let placeholders = [("{name}", Part::Name), ("{user}", Part::User), ("{domain}", Part::Domain)];
            let found = placeholders.into_iter().find(|(word, _)| rest[at..].starts_with(word));
            let (word, part) = found.ok_or_else(|| LdapTemplateError::Placeholder(text.to_owned()))?;
            parts.push(part);
            rest = &rest[at + word.len()..];
        }
        parts.push(Part::Text(rest.to_owned()));
        if parts.contains(&Part::Name) || parts.contains(&Part::User) {
            Ok(Self(parts))
        } else {
            Err(LdapTemplateError::NoName(text.to_owned()))
        }
    }

    /// The text for a user, whose name is escaped by `escape`.
    pub(super) fn fill(&self, name: &str, escape: impl for<'a> Fn(&'a str) -> Cow<'a, str>) -> String {
        let (user, domain) = name.rsplit_once('@').unwrap_or((name, ""));
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => Cow::Borrowed(&**text),
            Part::Name => escape(name),
            Part::User => escape(user),
            Part::Domain => escape(domain),
        });
        parts.collect()
    }
}

#[cfg(test)]
mod tests {
    use ldap3::{dn_escape, ldap_escape};

    use super::*;

    fn fill(template: &str, name: &str) -> String {
        Template::parse(template).unwrap().fill(name, |value| dn_escape(value))
    }

    #[test]
    fn names_have_their_places() {
        let name = "joe@example.org";
        for (template, expected) in [
            ("{name}", "joe@example.org"),
            ("uid={user},ou=people", "uid=joe,ou=people"),
            ("uid={user},o={domain}", "uid=joe,o=example.org"),
            ("{user}{user}", "joejoe"),
        ] {
            assert_eq!(fill(template, name), expected);
        }
        assert_eq!(fill("uid={user},o={domain}", "joe"), "uid=joe,o=");
        assert_eq!(fill("{user}|{domain}", "a@b@c"), "a@b|c");
    }

    #[test]
    fn a_name_stays_a_value() {
        assert_eq!(fill("uid={name},o=x", "joe,o=y"), "uid=joe\\2co\\3dy,o=x");
        assert_eq!(fill("uid={name},o=x", " #joe+cn=y "), "uid=\\20#joe\\2bcn\\3dy\\20,o=x");
        let filter = Template::parse("(uid={name})").unwrap();
        assert_eq!(filter.fill("*)(uid=\\", |value| ldap_escape(value)), "(uid=\\2a\\29\\28uid=\\5c)");
        // What a name looks like does not matter.
        assert_eq!(fill("{name}", "{user}"), "{user}");
    }

    #[test]
    fn what_is_no_template_is_told_of() {
        for text in ["uid={login}", "uid={name", "uid=name}", "{", "{{name}}", "{}"] {
            assert!(matches!(Template::parse(text), Err(LdapTemplateError::Placeholder(_))), "{text}");
        }
        for text in ["", "uid=joe", "o={domain}"] {
            assert!(matches!(Template::parse(text), Err(LdapTemplateError::NoName(_))), "{text}");
        }
    }
}
