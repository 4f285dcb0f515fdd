//! Secrets that are in files of their own, so that the configuration may be read by others.

use std::path::Path;

use smtp_server::{BoxError, Secret};

/// The first line of the file.
pub(crate) fn read(file: &Path) -> Result<Secret, BoxError> {
    let failed = |what: &str| format!("{}: {what}", file.display());
    let text = std::fs::read(file).map_err(|error| failed(&format!("cannot be read: {error}")))?;
    let text = Secret::new(text);
    let line = text.expose_str().and_then(|text| text.lines().next());
    match line.filter(|line| !line.is_empty()) {
        Some(line) => Ok(line.into()),
        None => Err(failed("the first line should be a secret, and is empty or no text").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let written = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            read(&path)
        };
        for text in ["a b", "a b\n", "a b\r\nmore\n"] {
            assert_eq!(written(text.as_bytes()).unwrap().expose(), b"a b");
        }
        for text in [&b""[..], b"\n", b"\nx\n", b"\xff"] {
            assert!(written(text).unwrap_err().to_string().contains("the first line"), "{text:?}");
        }
        assert!(read(&folder.path().join("none")).unwrap_err().to_string().contains("cannot be read"));
    }
}
