//! Which crate may know which: arrows point down only, and each foreign protocol library has one
//! owner.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

const MIDDLE: [&str; 4] = ["smtp-tls", "smtp-auth", "smtp-policy", "smtp-delivery"];

/// The programs that tests start.
const PEERS: &str = "peers";

/// A dependency of one of our packages, as its manifest names it.
struct Arrow {
    from: String,
    to: String,
    kind: Kind,
    optional: bool,
    features: BTreeSet<String>,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Normal,
    Build,
    Dev,
}

impl Arrow {
    fn new(from: &str, dependency: &Value) -> Self {
        Self {
            from: from.to_owned(),
            to: text(&dependency["name"]),
            kind: match dependency["kind"].as_str() {
                Some("dev") => Kind::Dev,
                Some("build") => Kind::Build,
                _ => Kind::Normal,
            },
            optional: dependency["optional"] == true,
            features: list(&dependency["features"]).iter().map(text).collect(),
        }
    }

    fn is_from(&self, packages: &[&str]) -> bool {
        packages.contains(&self.from.as_str())
    }

    fn is_to(&self, packages: &[&str]) -> bool {
        packages.contains(&self.to.as_str())
    }
}

/// The packages of the workspace, and all that they depend on.
fn workspace() -> (Vec<String>, Vec<Arrow>) {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = list(&metadata["packages"]);
    let arrows = packages
        .iter()
        .flat_map(|package| {
            let from = text(&package["name"]);
            list(&package["dependencies"]).iter().map(move |to| Arrow::new(&from, to))
        })
        .collect();
    (packages.iter().map(|package| text(&package["name"])).collect(), arrows)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Fails with each arrow for which `is_wrong` holds.
fn refuse(rule: &str, is_wrong: impl Fn(&Arrow) -> bool) {
    let (_, arrows) = workspace();
    let wrong: Vec<String> = arrows
        .iter()
        .filter(|arrow| is_wrong(arrow))
        .map(|arrow| format!("{} -> {}", arrow.from, arrow.to))
        .collect();
    assert!(wrong.is_empty(), "{rule}: {}", wrong.join(", "));
}

#[test]
fn the_crates_that_the_rules_name_exist() {
    let (packages, arrows) = workspace();
    for name in MIDDLE.iter().chain(&["smtp-core", "smtp-server", PEERS]) {
        assert!(packages.iter().any(|package| package == name), "{name}");
    }
    // A rule over arrows that nobody draws would hold whatever happens.
    for (from, to) in [("smtp-tls", "rustls"), ("smtp-auth", "rsasl"), ("smtp-core", "tokio")] {
        assert!(arrows.iter().any(|arrow| arrow.from == from && arrow.to == to), "{from} -> {to}");
    }
}

#[test]
fn peers_are_for_tests() {
    let (packages, _) = workspace();
    refuse("nothing but a test starts other programs", |arrow| {
        arrow.to == PEERS && arrow.kind != Kind::Dev || arrow.from == PEERS && packages.contains(&arrow.to)
    });
}

#[test]
fn smtp_core_depends_on_none_of_ours() {
    let (packages, _) = workspace();
    refuse("smtp-core is at the bottom", |arrow| arrow.from == "smtp-core" && packages.contains(&arrow.to));
}

#[test]
fn smtp_core_names_no_runtime() {
    let runtime = ["full", "fs", "net", "process", "rt", "rt-multi-thread", "signal", "time"];
    refuse("smtp-core takes only tokio's traits", |arrow| {
        arrow.from == "smtp-core"
            && arrow.to == "tokio"
            && arrow.kind != Kind::Dev
            && runtime.iter().any(|&feature| arrow.features.contains(feature))
    });
}

#[test]
fn the_middle_crates_do_not_see_each_other() {
    let (packages, _) = workspace();
    refuse("of ours, a middle crate sees smtp-core alone", |arrow| {
        arrow.is_from(&MIDDLE) && packages.contains(&arrow.to) && !arrow.is_to(&["smtp-core", PEERS])
    });
}

#[test]
fn smtp_server_looks_down_only() {
    let (packages, _) = workspace();
    refuse("smtp-server sees smtp-core and the middle crates", |arrow| {
        arrow.from == "smtp-server"
            && packages.contains(&arrow.to)
            && !arrow.is_to(&["smtp-core", PEERS])
            && !arrow.is_to(&MIDDLE)
    });
}

#[test]
fn rustls_is_named_in_smtp_tls_alone() {
    refuse("TLS of mail goes through smtp-tls", |arrow| {
        arrow.is_to(&["rustls", "tokio-rustls", "rustls-pki-types", "webpki-roots"])
            && arrow.kind != Kind::Dev
            // The benchmarks measure what rustls costs by itself.
            && !arrow.is_from(&["smtp-tls", "benches"])
            // Credential stores speak TLS with databases and web services; who wants none, has none.
            && !(arrow.from == "smtp-auth" && arrow.optional)
    });
}

#[test]
fn rsasl_is_named_in_smtp_auth_alone() {
    refuse("SASL goes through smtp-auth", |arrow| {
        arrow.to == "rsasl" && arrow.kind != Kind::Dev && arrow.from != "smtp-auth"
    });
}
