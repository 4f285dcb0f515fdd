//! The same access map towards a next hop: Sendmail as a client, and `AccessTls`.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;

use smtp_core::client::{ClientTls as _, Destination, TlsDecision, TlsDemand};
use smtp_core::testing::recipient;
use smtp_core::{BoxError, Reply, TlsInfo, Transport, Upgrade, Upgraded, Verify};
use smtp_policy::AccessMap;
use smtp_policy::access_map::{AccessTls, Remote};
use tempfile::TempDir;

use crate::daemon::Sendmail;
use crate::program;

/// What became of a message, and how: 2 if it was sent, 4 if it waits, 5 if it is returned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    class: u16,
    within_tls: bool,
    logs_in: bool,
}

/// To whom it goes.
const TO: &str = "root@local.example";

/// Sendmail, which sends to another.
pub(crate) struct Sender {
    folder: TempDir,
}

impl Sender {
    pub(crate) fn new(to: &Sendmail) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = include_str!("client.mc").replace("PORT", &to.address.port().to_string());
        program::configure(folder.path(), &source.replace("SERVER", &to.folder.path().display().to_string()));
        Self { folder }
    }

    /// Sends a message with this access map; from an address to which the server offers TLS, or not.
    pub(crate) fn send(&self, map: &str, offered: bool) -> Outcome {
        let folder = self.folder.path();
        program::make_map(folder, map);
        let from = if offered { "127.0.40.1" } else { "127.0.33.1" };
        let mut child = program::command(folder, "client.example")
            .arg(format!("-OClientPortOptions=Family=inet,Addr={from}"))
            .args(["-v", "-odi", "-oep", "-f", "stranger@example.com", TO])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sendmail is missing; ci/test.sh installs it");
        child.stdin.take().unwrap().write_all(b"Subject: x\n\nx\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let became = |outcome: &str| said.contains(&format!("{TO}... {outcome}"));
        let class = match (became("Sent"), became("Deferred")) {
            (true, false) => 2,
            (false, true) => 4,
            (false, false) if !output.status.success() => 5,
            _ => panic!("{map}{offered} {:?}: {said}", output.status),
        };
        Outcome { class, within_tls: said.contains(">>> STARTTLS"), logs_in: said.contains(">>> AUTH ") }
    }
}

/// What becomes of it by our reading of the map, where TLS verifies the server with 256 bits.
pub(crate) async fn ours(map: &str, offered: bool) -> Outcome {
    let map = AccessMap::from_text(map).unwrap_or_else(|error| panic!("{error}"));
    let handshake: Arc<dyn Upgrade> = Arc::new(|transport: Transport| async move {
        let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
        tls.verify = Verify::Ok;
        Ok::<_, BoxError>(Upgraded { transport, tls: Arc::new(tls) })
    });
    let tls = AccessTls::new(map.clone(), TlsDecision::IfOffered(handshake));
    let destination = Destination::new("127.0.0.1", 25);
    let logs_in = map.last_rules().auth_info(&Remote::server(&destination)).is_some();
    let (mut within_tls, mut outcome) = (false, Ok(None));
    match tls.decide(&destination, TlsDemand::None).await {
        Ok(TlsDecision::IfOffered(upgrade) | TlsDecision::Required(upgrade)) if offered => {
            within_tls = true;
            let shaken = upgrade.upgrade(Transport::new(tokio::io::empty())).await;
            outcome = shaken.map(|upgraded| Some(upgraded.tls)).map_err(reply);
        }
        Ok(TlsDecision::Required(_)) => outcome = Err(tls.not_offered(&destination).expect("an outcome")),
        Ok(_) => {}
        Err(error) => outcome = Err(reply(error)),
    }
    let outcome = outcome.and_then(|info| tls.check_recipient(&destination, &recipient(TO), info.as_deref()));
    let class = outcome.map_or_else(|reply| reply.code().get() / 100, |()| 2);
    Outcome { class, within_tls, logs_in }
}

fn reply(error: BoxError) -> Reply {
    *error.downcast::<Reply>().expect("the map knows the outcome")
}
