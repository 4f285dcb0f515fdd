//! Files of Sendmail's that are read as they are.

use std::path::{Path, PathBuf};

use smtp_server::policy::{AccessMap, AliasFile, AliasOptions, TrustedDomains};
use toml::Spanned;

use super::check::Check;
use super::programs;
use crate::programs::Programs;

impl Check<'_> {
    pub(super) fn access_map(&mut self, path: Option<&Spanned<PathBuf>>) -> Option<AccessMap> {
        self.sendmail_file(path, "access map", |path| {
            AccessMap::open(path).map_err(|error| error.to_string())
        })
    }

    pub(super) fn aliases(
        &mut self,
        path: Option<&Spanned<PathBuf>>,
        programs: Option<&Programs>,
    ) -> Option<AliasFile> {
        let with_programs = AliasOptions::default().allow_programs();
        let Some(programs) = programs else {
            return self.sendmail_file(path, "aliases", |path| {
                AliasFile::open(path).map_err(|error| match AliasFile::open_with(path, with_programs) {
                    Ok(_) => {
                        format!("{error}\nor name the programs in [local] programs, so that they are run")
                    }
                    Err(_) => error.to_string(),
                })
            });
        };
        self.sendmail_file(path, "aliases", |path| {
            let aliases = AliasFile::open_with(path, with_programs).map_err(|error| error.to_string())?;
            match programs::problems(&aliases, programs) {
                problems if problems.is_empty() => Ok(aliases),
                problems => Err(problems.join("\n")),
            }
        })
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
        self.sendmail_file(path, "trusted domains", |path| {
            TrustedDomains::open(path).map_err(|error| error.to_string())
        })
    }

    fn sendmail_file<T>(
        &mut self,
        path: Option<&Spanned<PathBuf>>,
        what: &str,
        open: impl FnOnce(&Path) -> Result<T, String>,
    ) -> Option<T> {
        let path = path?;
        match open(&self.folder.join(path.get_ref())) {
            Ok(file) => Some(file),
            Err(error) => {
                self.refuse(path, format!("the {what} cannot be used"), &error);
                None
            }
        }
    }
}
