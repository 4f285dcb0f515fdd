//! STARTTLS from the client's side (RFC 3207).

use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand, TlsOutcome};
use smtp_core::{Host, Reply, Upgrade, Verify};
use tokio::time::timeout;

use super::Timeouts;
use super::connection::Connection;
use super::{failure, hello};

/// TLS towards one destination, decided.
pub(super) struct Tls<'a> {
    destination: &'a Destination,
    policy: &'a dyn ClientTls,
    demand: TlsDemand,
    decision: TlsDecision,
}

impl<'a> Tls<'a> {
    pub(super) async fn decide(
        destination: &'a Destination,
        policy: &'a dyn ClientTls,
        demand: TlsDemand,
        timeouts: Timeouts,
    ) -> Result<Self, Reply> {
        let decision = match timeout(timeouts.tls_policy, policy.decide(destination, demand)).await {
            Ok(Ok(decision)) => decision,
            Ok(Err(error)) => {
                tracing::warn!(%error, "there is no telling whether TLS is required");
                return Err(failure::tls(error));
            }
            Err(_) => {
                tracing::warn!("to tell whether TLS is required takes too long");
                return Err(failure::tls_failed());
            }
        };
        Ok(Self { destination, policy, demand, decision })
    }

    /// TLS on a connection over which nothing was said yet, where it begins so.
    pub(super) async fn begin(&self, connection: &mut Connection) -> Result<(), Reply> {
        match &self.decision {
            TlsDecision::Implicit(upgrade) => self.handshake(connection, upgrade).await,
            _ => Ok(()),
        }
    }

    /// STARTTLS behind the first EHLO, and EHLO again.
    pub(super) async fn start(&self, connection: &mut Connection, name: &Host) -> Result<(), Reply> {
        let (upgrade, required) = match &self.decision {
            TlsDecision::IfOffered(upgrade) => (upgrade, false),
            TlsDecision::Required(upgrade) => (upgrade, true),
            TlsDecision::Never | TlsDecision::Implicit(_) => return self.check(connection),
            // What is not known here could be anything but permission.
            _ => return Err(failure::tls_failed()),
        };
        if connection.offers.has("STARTTLS") {
            let limit = connection.timeouts.tls;
            let answer = connection.command("STARTTLS", limit).await?;
            if answer.code() != 220 {
                tracing::warn!(%answer, "next hop offers STARTTLS and refuses it");
                self.tell(TlsOutcome::Refused(&answer));
                return Err(failure::tls_failed());
            }
            self.handshake(connection, upgrade).await?;
            hello::hello(connection, name).await?;
        } else {
            self.tell(TlsOutcome::NotOffered);
            if required {
                tracing::warn!("next hop offers no STARTTLS, which is required");
                let refusal = self.policy.not_offered(self.destination);
                return Err(refusal.unwrap_or_else(failure::tls_not_offered));
            }
        }
        self.check(connection)
    }

    async fn handshake(&self, connection: &mut Connection, upgrade: &dyn Upgrade) -> Result<(), Reply> {
        match connection.upgrade(upgrade).await {
            Ok(info) => {
                tracing::debug!(version = %info.version, cipher = %info.cipher, verify = %info.verify, "TLS");
                self.tell(TlsOutcome::Established(&info));
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "no TLS with the next hop");
                self.tell(TlsOutcome::Failed(&*error));
                Err(failure::tls(error))
            }
        }
    }

    /// Whether the message has what it demands (RFC 8689 section 4.2.1).
    fn check(&self, connection: &Connection) -> Result<(), Reply> {
        if self.demand == TlsDemand::None
            || connection.tls.as_ref().is_some_and(|tls| tls.verify == Verify::Ok)
        {
            return Ok(());
        }
        tracing::warn!("message demands TLS with a verified server, which the next hop is not");
        Err(failure::lacking(&connection.offers, failure::not_verified()))
    }

    fn tell(&self, outcome: TlsOutcome<'_>) {
        self.policy.outcome(self.destination, outcome);
    }
}
