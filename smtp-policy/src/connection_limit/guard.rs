use ipnet::IpNet;
use smtp_core::{Command, Extensions, Identity, Reply, Session};

use super::open::{Open, Places};
use crate::AccessMap;
use crate::access_map::Remote;
use crate::client_network::{contains, of_client, spell};
use crate::guard::{Event, Guard};
use crate::rate_limit::By;

/// What a [`ConnectionLimitLayer`](super::ConnectionLimitLayer) goes by.
#[derive(Debug, Clone, Default)]
pub struct ConnectionGuard {
    pub(super) limits: Vec<(By, u32)>,
    pub(super) map: Option<AccessMap>,
    pub(super) exempt: Vec<IpNet>,
    open: Open,
}

impl ConnectionGuard {
    fn check(&self, session: &Session) -> Result<(), Reply> {
        for &(by, most) in &self.limits {
            let subject = match by {
                By::Sender => None,
                by => by.subject(session, None),
            };
            if let Some(subject) = subject {
                self.enter(session, by, &subject, most)?;
            }
        }
        Ok(())
    }

    fn enter(&self, session: &Session, by: By, subject: &str, most: u32) -> Result<(), Reply> {
        // Who logged in is forgotten by STARTTLS, and where the client comes from is not.
        let kept_in = if by == By::Account { session.connection() } else { session.held() };
        // Names of accounts may look like addresses.
        if self.has_place(kept_in, &format!("{by:?} {subject}"), most) {
            return Ok(());
        }
        let what = format!("4.7.0 too many connections from {subject} at once: {most} at most");
        Err(Reply::new(421, what))
    }

    /// Who just logged in is somebody from the next command on; it counts now.
    fn check_login(&self, session: &Session, identity: &Identity) -> Result<(), Reply> {
        let mut limits = self.limits.iter().filter(|(by, _)| *by == By::Account);
        limits.try_for_each(|&(by, most)| self.enter(session, by, identity.name(), most))
    }

    async fn check_map(&self, session: &Session) -> Result<(), Reply> {
        let Some(map) = &self.map else { return Ok(()) };
        let most = map.rules().await.client_connections(&Remote::client(session)).filter(|most| *most > 0);
        match (most, session.peer_ip()) {
            (Some(most), Some(address))
                if !self.has_place(session.held(), &format!("map {}", spell(of_client(address))), most) =>
            {
                Err(Reply::new(421, "4.3.2 too many open connections"))
            }
            _ => Ok(()),
        }
    }

    fn has_place(&self, kept_in: &Extensions, subject: &str, most: u32) -> bool {
        kept_in.with(|places: &mut Places| places.take(&self.open, subject, most))
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl Guard for ConnectionGuard {
    const NAME: &'static str = "connection limit";

    fn watches(&self, command: &Command) -> bool {
        use Command as C;
        matches!(command, C::Connect | C::Helo(_) | C::Ehlo(_) | C::Lhlo(_) | C::Auth(_) | C::Mail(_))
    }

    async fn before(&self, _: &Event, session: &Session) -> Result<(), Reply> {
        if contains(&self.exempt, session.peer_ip()) {
            return Ok(());
        }
        self.check_map(session).await?;
        self.check(session)
    }

    async fn after(&self, event: &Event, session: &Session, reply: &Reply) -> Result<(), Reply> {
        let identity = reply.effects().and_then(|effects| effects.identity.as_ref());
        match (event, identity.filter(|identity| !identity.is_anonymous())) {
            (Event::Auth, Some(identity)) if !contains(&self.exempt, session.peer_ip()) => {
                self.check_login(session, identity)
            }
            _ => Ok(()),
        }
    }
}
