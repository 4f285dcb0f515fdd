//! Files of Sendmail's that are read as they are.

use std::path::{Path, PathBuf};

use smtp_server::policy::{AccessMap, AliasFile, FileError, TrustedDomains};
use toml::Spanned;

use super::check::Check;

impl Check<'_> {
    pub(super) fn access_map(&mut self, path: Option<&Spanned<PathBuf>>) -> Option<AccessMap> {
        self.sendmail_file(path, "access map", |path| AccessMap::open(path))
    }

    pub(super) fn aliases(&mut self, path: Option<&Spanned<PathBuf>>) -> Option<AliasFile> {
        self.sendmail_file(path, "aliases", |path| AliasFile::open(path))
    }

    pub(super) fn trusted_domains(
        &mut self,
        path: Option<&Spanned<PathBuf>>,
        client_names: bool,
    ) -> Option<TrustedDomains> {
        if let Some(path) = path.filter(|_| !client_names) {
            let what = "nobody is of a trusted domain, as clients have no names";
            self.refuse(path, what, "add client_names = true, or leave the line out");
        }
        self.sendmail_file(path, "trusted domains", |path| TrustedDomains::open(path))
    }

    fn sendmail_file<T>(
        &mut self,
        path: Option<&Spanned<PathBuf>>,
        what: &str,
        open: impl FnOnce(&Path) -> Result<T, FileError>,
    ) -> Option<T> {
        let path = path?;
        match open(&self.folder.join(path.get_ref())) {
            Ok(file) => Some(file),
            Err(error) => {
                self.refuse(path, format!("the {what} cannot be used"), &error.to_string());
                None
            }
        }
    }
}
