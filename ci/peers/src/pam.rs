//! PAM with services and users of a folder, by cwrap's `pam_wrapper`: nothing of the system's own
//! PAM is touched, and nobody has to be root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lets a program take its PAM from this folder.
pub fn preload(command: &mut Command, folder: &Path) {
    command
        .env("LD_PRELOAD", "libpam_wrapper.so")
        .env("PAM_WRAPPER", "1")
        .env("PAM_WRAPPER_SERVICE_DIR", folder.join("pam.d"));
}

/// Each service and the users that it has, and what it does before it looks for them.
pub type Service<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

/// Writes their files.
pub fn services(folder: &Path, services: &[Service<'_>]) {
    let module = matrix();
    let services_folder = folder.join("pam.d");
    fs::create_dir(&services_folder).expect("a folder");
    for (service, users, before) in services.iter().chain(&[("other", &[][..], "")]) {
        let passwords = folder.join(format!("passwords-{service}"));
        let lines = users.iter().map(|(name, password)| format!("{name}:{password}:{service}\n"));
        fs::write(&passwords, lines.collect::<String>()).expect("a file");
        let (module, passwords) = (module.display(), passwords.display());
        let text = format!(
            "{before}auth required {module} passdb={passwords}\n\
             account required {module} passdb={passwords}\n"
        );
        fs::write(services_folder.join(service), text).expect("a file");
    }
}

/// Where the distribution put the module that comes with the wrapper.
fn matrix() -> PathBuf {
    let folders = ["/usr/lib", "/usr/lib64"].map(PathBuf::from).into_iter();
    let architectures = fs::read_dir("/usr/lib").expect("a folder").flatten().map(|entry| entry.path());
    folders
        .chain(architectures)
        .map(|folder| folder.join("pam_wrapper/pam_matrix.so"))
        .find(|module| module.exists())
        .expect("pam_matrix.so is missing; ci/test.sh installs it (libpam-wrapper)")
}
