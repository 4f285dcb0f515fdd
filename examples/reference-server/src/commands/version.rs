//! What the program was built with.

use smtp_server::auth::Mechanism;

const FEATURES: [(&str, bool); 6] = [
    ("ldap", cfg!(feature = "ldap")),
    ("pam", cfg!(feature = "pam")),
    ("sqlite", cfg!(feature = "sqlite")),
    ("postgres", cfg!(feature = "postgres")),
    ("http", cfg!(feature = "http")),
    ("oauth", cfg!(feature = "oauth")),
];
/// What EHLO may offer, and what has no keyword there.
const EXTENSIONS: [&str; 20] = [
    "8BITMIME",
    "AUTH",
    "BINARYMIME",
    "CHUNKING",
    "DELIVERBY",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "ETRN",
    "EXPN",
    "FUTURERELEASE",
    "HELP",
    "LIMITS",
    "LMTP",
    "MT-PRIORITY",
    "PIPELINING",
    "REQUIRETLS",
    "SIZE",
    "SMTPUTF8",
    "STARTTLS",
    "VRFY",
];

pub(super) fn print(verbose: bool) {
    println!("smtpd {}", env!("CARGO_PKG_VERSION"));
    if !verbose {
        return;
    }
    let features = |built_in: bool| {
        let features = FEATURES.into_iter().filter(|(_, is_in)| *is_in == built_in).map(|(name, _)| name);
        let features: Vec<&str> = features.collect();
        if features.is_empty() { "none".to_owned() } else { features.join(" ") }
    };
    let mechanisms: Vec<&str> = Mechanism::ALL.iter().map(|mechanism| mechanism.name()).collect();
    println!("features: {}", features(true));
    println!("left out: {}", features(false));
    println!("TLS: 1.2 and 1.3, by rustls with aws-lc-rs; ACME, DANE, MTA-STS");
    println!("mechanisms: {}", mechanisms.join(" "));
    println!("extensions: {}", EXTENSIONS.join(" "));
    println!("queue: SQLite{}", if cfg!(feature = "postgres") { ", PostgreSQL" } else { "" });
}
