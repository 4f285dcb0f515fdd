//! Sendmail's programs, with a configuration of a test's own.

use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = "/opt/sendmail/usr";

/// Writes what a configuration needs into the folder; in the source `FOLDER` is that, and `WHO` who runs the test:
/// Sendmail starts for those whom it trusts alone.
pub(crate) fn configure(folder: &Path, source: &str) {
    let file = |name: &str| folder.join(name);
    fs::create_dir(file("queue")).unwrap();
    fs::write(file("switch"), "hosts files\n").unwrap();
    fs::write(file("hosts"), "127.0.0.1 server.example\n").unwrap();
    let source = source.replace("FOLDER", &folder.display().to_string()).replace("WHO", &user());
    fs::write(file("sendmail.mc"), source).unwrap();
    fs::write(file("sendmail.cf"), made_of(&file("sendmail.mc"))).unwrap();
    // The copy has not the rights of another group, with which no library could be loaded first.
    fs::copy(format!("{ROOT}/libexec/sendmail/sendmail"), file("sendmail")).unwrap();
}

/// Sendmail with the configuration in this folder, on a host of this name.
pub(crate) fn command(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(folder.join("sendmail"));
    command
        .arg(format!("-C{}", folder.join("sendmail.cf").display()))
        // It would wait for a minute for a name of its own with a dot.
        .env("LD_PRELOAD", "libnss_wrapper.so")
        .env("NSS_WRAPPER_HOSTS", folder.join("hosts"))
        .env("NSS_WRAPPER_HOSTNAME", name);
    command
}

/// Makes the database of an access map.
pub(crate) fn make_map(folder: &Path, text: &str) {
    let access = folder.join("access");
    fs::write(&access, text).unwrap();
    let mut makemap = Command::new(format!("{ROOT}/libexec/sendmail/makemap"));
    makemap.arg("-C").arg(folder.join("sendmail.cf")).arg("hash").arg(&access);
    let input = fs::File::open(access).unwrap();
    let status = makemap.stdin(input).status().expect("sendmail is missing; ci/test.sh installs it");
    assert!(status.success());
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn made_of(source: &Path) -> Vec<u8> {
    let library = format!("{ROOT}/share/sendmail/cf");
    let mut m4 = Command::new("m4");
    m4.arg(format!("-D_CF_DIR_={library}/")).arg(format!("{library}/m4/cf.m4")).arg(source);
    let output = m4.output().expect("m4 is missing; ci/test.sh installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
