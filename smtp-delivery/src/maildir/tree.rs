use std::fmt::Write as _;
use std::path::PathBuf;

use smtp_core::{ForwardPath, Mailbox, Recipient};

use super::Mailboxes;

/// Mailboxes at `root/domain/local-part`, both in lower case.
///
/// Every recipient with a domain has one: who is known here was decided when the recipient was
/// accepted. Characters of the local part other than letters, digits and `.`, `_`, `+`, `-`
/// are written as `%` and two hexadecimal digits, a leading dot too, so that different addresses
/// have different directories, and none lies outside its domain's.
///
/// ```
/// use std::path::Path;
/// use smtp_core::testing::recipient;
/// use smtp_delivery::maildir::{Mailboxes, MailboxTree};
///
/// let tree = MailboxTree::new("/var/mail").detail_separator('+');
/// let mailbox = tree.mailbox(&recipient("Joe+lists@Example.org")).unwrap();
/// assert_eq!(mailbox, Path::new("/var/mail/example.org/joe"));
/// let mailbox = tree.mailbox(&recipient(r#""../joe"@example.org"#)).unwrap();
/// assert_eq!(mailbox, Path::new("/var/mail/example.org/%2e.%2fjoe"));
/// ```
#[derive(Debug, Clone)]
pub struct MailboxTree {
    root: PathBuf,
    detail_separator: Option<char>,
    postmaster: Option<Mailbox>,
}

impl MailboxTree {
    /// The mailboxes below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), detail_separator: None, postmaster: None }
    }

    /// Ignores what follows the first `separator` in local parts (RFC 5233): `joe+lists` is
    /// `joe`.
    #[must_use]
    pub fn detail_separator(mut self, separator: char) -> Self {
        self.detail_separator = Some(separator);
        self
    }

    /// Whose mailbox is that of `<postmaster>` without a domain. Until somebody's is named, it is
    /// `root/%postmaster`: mail for it must go somewhere (RFC 5321 section 4.5.1).
    #[must_use]
    pub fn postmaster(mut self, mailbox: Mailbox) -> Self {
        self.postmaster = Some(mailbox);
        self
    }

    fn directory(&self, mailbox: &Mailbox) -> Option<PathBuf> {
        let domain = mailbox.domain()?.to_ascii().to_ascii_lowercase();
        let local_part = mailbox.local_part().unquoted();
        let user = match self.detail_separator.and_then(|separator| local_part.split_once(separator)) {
            Some((user, _)) if !user.is_empty() => user,
            _ => &*local_part,
        };
        let name = file_name(user)?;
        Some(self.root.join(domain).join(name))
    }
}

impl Mailboxes for MailboxTree {
    fn mailbox(&self, recipient: &Recipient) -> Option<PathBuf> {
        match &recipient.path {
            ForwardPath::Mailbox(mailbox) => self.directory(mailbox),
            ForwardPath::Postmaster => match &self.postmaster {
                Some(mailbox) => self.directory(mailbox),
                // No domain has a name like this.
                None => Some(self.root.join("%postmaster")),
            },
        }
    }
}

fn file_name(local_part: &str) -> Option<String> {
    let mut name = String::with_capacity(local_part.len());
    for byte in local_part.bytes().map(|byte| byte.to_ascii_lowercase()) {
        match byte {
            b'.' if name.is_empty() => name.push_str("%2e"),
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'+' | b'-' => name.push(char::from(byte)),
            _ => {
                // Writing into a string cannot fail.
                let _ = write!(name, "%{byte:02x}");
            }
        }
    }
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use smtp_core::testing::recipient;

    use super::*;

    #[test]
    fn every_local_part_has_a_safe_name_of_its_own() {
        let tree = MailboxTree::new("/m");
        for (local_part, name) in [
            ("joe", "joe"),
            ("JOE", "joe"),
            ("joe+x", "joe+x"),
            ("a-b_c.d", "a-b_c.d"),
            ("a/b", "a%2fb"),
            ("a%b", "a%25b"),
            (r#"".""#, "%2e"),
            (r#""..""#, "%2e."),
            (r#"".joe""#, "%2ejoe"),
            (r#""/etc/passwd""#, "%2fetc%2fpasswd"),
            (r#""a b\"c\\d""#, "a%20b%22c%5cd"),
            (r#""%2e""#, "%252e"),
            ("~root", "%7eroot"),
        ] {
            let mailbox = tree.mailbox(&recipient(&format!("{local_part}@Example.ORG")));
            assert_eq!(mailbox.as_deref(), Some(Path::new("/m/example.org").join(name).as_path()));
        }
    }

    #[test]
    fn a_domain_has_one_folder_in_unicode_and_in_ascii() {
        let tree = MailboxTree::new("/m");
        for address in ["joe@B\u{fc}cher.example", "joe@xn--bcher-kva.example"] {
            let mailbox = tree.directory(&Mailbox::from_utf8(address).unwrap());
            assert_eq!(mailbox.as_deref(), Some(Path::new("/m/xn--bcher-kva.example/joe")));
        }
    }

    #[test]
    fn some_addresses_have_no_mailbox() {
        let tree = MailboxTree::new("/m");
        for address in [r#"""@example.org"#, "joe@[192.0.2.1]"] {
            let path = format!("<{address}>").parse().unwrap();
            assert_eq!(tree.mailbox(&Recipient::new(path)), None, "{address}");
        }
    }

    #[test]
    fn details_are_ignored_where_that_is_wanted() {
        let tree = MailboxTree::new("/m").detail_separator('+');
        for (local_part, name) in [("joe+a+b", "joe"), ("joe+", "joe"), ("+joe", "+joe"), ("joe", "joe")] {
            let mailbox = tree.mailbox(&recipient(&format!("{local_part}@x")));
            assert_eq!(mailbox.as_deref(), Some(Path::new("/m/x").join(name).as_path()));
        }
    }

    #[test]
    fn the_postmaster_is_somebody() {
        let tree = MailboxTree::new("/m");
        assert_eq!(tree.mailbox(&recipient("postmaster")).as_deref(), Some(Path::new("/m/%postmaster")));
        let tree = tree.postmaster("joe@example.org".parse().unwrap());
        let mailbox = tree.mailbox(&Recipient::new(ForwardPath::Postmaster));
        assert_eq!(mailbox.as_deref(), Some(Path::new("/m/example.org/joe")));
    }
}
