//! A network that only one test sees, for programs that ask the resolver of `/etc/resolv.conf` at port 53.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;

use peers::{Daemon, program};

/// Tells a test that it is there.
const INSIDE: &str = "SMTPD_TEST_NETWORK";

/// `trust-ad`: the resolver is on this computer, so what it says of DNSSEC is believed.
const RESOLV_CONF: &str = "nameserver 127.0.0.1\noptions edns0 trust-ad\n";

/// Runs the test of this name once more, in namespaces of its own (network, mounts and processes), all of
/// which end with it; `test` is what it does there.
pub(crate) fn in_a_network_of_its_own(name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let folder = tempfile::tempdir().unwrap();
    let resolv_conf = folder.path().join("resolv.conf");
    fs::write(&resolv_conf, RESOLV_CONF).unwrap();
    let output = program("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["sh", "-c", "ip link set lo up && mount --bind \"$0\" /etc/resolv.conf && exec \"$@\""])
        .arg(resolv_conf)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "yes")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("unshare is missing ({error}); ci/test.sh installs it"));
    let printed = [output.stdout, output.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned());
    assert!(output.status.success(), "{}", printed.concat());
    // A name that no test has would succeed, too.
    assert!(printed[0].contains("1 passed"), "{}", printed.concat());
}

/// Unbound as that resolver, which validates what one name server says.
pub(crate) struct Resolver {
    _folder: TempDir,
    _daemon: Daemon,
}

impl Resolver {
    /// `anchors` are the keys of the root. The name server has the root and these domains.
    pub(crate) fn start(port: u16, anchors: &Path, domains: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = format!(
            "server:\n interface: 127.0.0.1\n port: 53\n do-ip6: no\n do-not-query-localhost: no\n \
             module-config: \"validator iterator\"\n trust-anchor-file: {anchors:?}\n username: \"\"\n \
             chroot: \"\"\n directory: {:?}\n pidfile: \"\"\n use-syslog: no\nremote-control:\n \
             control-enable: no\n",
            folder.path()
        );
        for domain in ["."].iter().chain(domains) {
            config += &format!("stub-zone:\n name: \"{domain}\"\n stub-addr: 127.0.0.1@{port}\n");
        }
        let file = folder.path().join("unbound.conf");
        fs::write(&file, config).unwrap();
        let daemon = Daemon::start(program("unbound").args(["-d", "-c"]).arg(&file), "start of service");
        Self { _folder: folder, _daemon: daemon }
    }
}
