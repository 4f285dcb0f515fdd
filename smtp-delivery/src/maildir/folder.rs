use std::fs;
use std::path::Path;

/// The folder of a mailbox that a detail names (RFC 5233), as the directory is called: `.lists` for
/// `lists`. Case makes no difference. `None` if there is no such folder.
///
/// The trash is none: what is in it counts towards no quota.
pub(super) fn find(mailbox: &Path, detail: &str) -> Option<String> {
    let is_folder = |name: &str| mailbox.join(name).join("cur").is_dir();
    if !is_name(detail) {
        return None;
    }
    let name = format!(".{detail}");
    if is_folder(&name) {
        return Some(name);
    }
    let entries = fs::read_dir(mailbox).ok()?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.into_iter().find(|other| other.eq_ignore_ascii_case(&name) && is_folder(other))
}

/// Whether this may be the name of a folder; names beyond ASCII are written otherwise in Maildir++, with
/// `&`.
fn is_name(detail: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'/' | b'&' | b'\\');
    detail.len() <= 64
        && detail.bytes().all(allowed)
        && detail.split('.').all(|part| !part.is_empty())
        && !detail.eq_ignore_ascii_case("Trash")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_that_are_there_are_found() {
        let mailbox = tempfile::tempdir().unwrap();
        for folder in [".Lists", ".lists.rust", ".a b", ".Trash", "plain", ".."] {
            fs::create_dir_all(mailbox.path().join(folder).join("cur")).unwrap();
        }
        fs::create_dir(mailbox.path().join(".empty")).unwrap();
        for (detail, expected) in [
            ("Lists", Some(".Lists")),
            ("lists", Some(".Lists")),
            ("LISTS.Rust", Some(".lists.rust")),
            ("a b", Some(".a b")),
            ("other", None),
            ("empty", None),
            ("", None),
            (".", None),
            ("..", None),
            ("./plain", None),
            ("./..", None),
            (".Lists", None),
            ("Lists.", None),
            ("trash", None),
            ("l\u{ef}sts", None),
        ] {
            assert_eq!(find(mailbox.path(), detail).as_deref(), expected, "{detail}");
        }
    }
}
