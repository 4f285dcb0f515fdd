//! PAM with services and users of a folder, by cwrap's `pam_wrapper`: nothing of the system's own
//! PAM is touched, and nobody has to be root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lets a program take its PAM from this folder.
pub(crate) fn preload(command: &mut Command, folder: &Path) {
    command
        .env("LD_PRELOAD", "libpam_wrapper.so")
        .env("PAM_WRAPPER", "1")
        .env("PAM_WRAPPER_SERVICE_DIR", folder.join("pam.d"));
}

/// Writes services for which the users have `name:password:service` lines. What a service is given is
/// put before what it would do by itself.
pub(crate) fn services(folder: &Path, users: &str, services: &[(&str, &str)]) {
    let (passwords, folder) = (folder.join("passwords"), folder.join("pam.d"));
    fs::write(&passwords, users).unwrap();
    fs::create_dir(&folder).unwrap();
    let module = matrix();
    for (name, before) in services.iter().chain(&[("other", "auth required pam_deny.so\n")]) {
        let (module, passwords) = (module.display(), passwords.display());
        let text = format!(
            "{before}auth required {module} passdb={passwords}\n\
             account required {module} passdb={passwords}\n"
        );
        fs::write(folder.join(name), text).unwrap();
    }
}

/// Where the distribution put the module that comes with the wrapper.
fn matrix() -> PathBuf {
    let folders = ["/usr/lib", "/usr/lib64"].map(PathBuf::from).into_iter();
    let architectures = fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path());
    folders
        .chain(architectures)
        .map(|folder| folder.join("pam_wrapper/pam_matrix.so"))
        .find(|module| module.exists())
        .expect("pam_matrix.so is missing; ci/test.sh installs it (libpam-wrapper)")
}
