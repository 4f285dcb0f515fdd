//! `[local] programs`: which members of aliases may be programs.

use std::path::PathBuf;

use smtp_server::policy::AliasFile;
use smtp_server::policy::aliases::Target;
use toml::Spanned;

use super::check::Check;
use crate::programs::{Account, Programs};

impl Check<'_> {
    pub(super) fn programs(
        &mut self,
        names: &[Spanned<PathBuf>],
        account: Option<&Spanned<String>>,
    ) -> Option<Programs> {
        for name in names {
            if !name.get_ref().is_absolute() || !name.get_ref().is_file() {
                let what = format!("there is no program {}", name.get_ref().display());
                self.refuse(name, what, "write the whole path of one, such as \"/usr/bin/procmail\"");
            }
        }
        if names.is_empty() {
            if let Some(account) = account {
                self.refuse(account, "no programs run as anybody", "add programs, or leave the line out");
            }
            return None;
        }
        let account = account.and_then(|name| {
            Account::parse(name.get_ref())
                .map_err(|what| {
                    let help = "name an account of this computer that has no other rights, or write its numbers, \
                                such as \"1001:1001\"";
                    self.refuse(name, what, help);
                })
                .ok()
        });
        let allowed = names.iter().map(|name| name.get_ref().clone()).collect();
        Some(Programs { allowed, account })
    }
}

/// Why the members of these aliases that are programs cannot be followed.
pub(super) fn problems(aliases: &AliasFile, programs: &Programs) -> Vec<String> {
    let why = |(line, target): (usize, Target)| {
        let what = match &target {
            Target::Program(command) => programs.words(command).err()?,
            _ => return None,
        };
        Some(format!("{}:{line}: {what}", aliases.path().display()))
    };
    aliases.last_targets().into_iter().filter_map(why).collect()
}
