//! ESMTP extensions whose business is parameters of MAIL and RCPT: what a server offers, how the
//! parameters are written, and what they mean.
//!
//! An [`Extension`] says what it offers in a session and checks the parameters that come with it;
//! an [`ExtensionLayer`] brings it into a stack. Each extension here is one file with the values of
//! its parameters, which the services further down read with
//! [`Parameters::typed`](crate::Parameters::typed).
//!
//! Offering an extension promises what its RFC asks for: put into a stack those that the deliveries
//! below keep.
//!
//! ```
//! use std::time::Duration;
//! use smtp_core::extension::{DeliverBy, DeliverByTime, ExtensionLayer};
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Command, Reply, Request};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(ExtensionLayer::new(DeliverBy::new().at_least(Duration::from_secs(60))))
//!     .service(service_fn(|request: Request| async move {
//!         if let Command::Mail(mail) = request.command {
//!             let by = mail.parameters.typed::<DeliverByTime>().unwrap().unwrap();
//!             assert_eq!(by.seconds(), 600);
//!         }
//!         Ok::<_, BoxError>(Reply::new(250, "2.0.0 OK"))
//!     }));
//! let facts = facts();
//! let mut reply = stack.clone().oneshot(request("EHLO client.example", facts.session())).await?;
//! assert_eq!(reply.capabilities_mut().get("DELIVERBY").unwrap().to_string(), "DELIVERBY 60");
//! let reply = stack.clone().oneshot(request("MAIL FROM:<> BY=600;R", facts.session())).await?;
//! assert_eq!(reply.code(), 250);
//! let reply = stack.oneshot(request("MAIL FROM:<> BY=soon", facts.session())).await?;
//! assert_eq!(reply.to_string(), "501 5.5.4 malformed BY");
//! # Ok(())
//! # }
//! ```

mod body_type;
mod deliver_by;
mod dsn;
mod future_release;
mod layer;
mod limits;
mod mt_priority;
mod require_tls;
mod service;
mod size;
mod smtputf8;
mod typed;
pub mod xtext;

pub use body_type::{BinaryMime, BodyType, EightBitMime};
pub use deliver_by::{ByMode, DeliverBy, DeliverByTime};
pub use dsn::{Dsn, EnvelopeId, Notify, OriginalRecipient, Ret};
pub use future_release::{FutureRelease, HoldFor, HoldUntil};
pub use layer::ExtensionLayer;
pub use limits::Limit;
pub use mt_priority::{MtPriority, Priority};
pub use require_tls::{RequireTls, RequireTlsOption};
pub use service::ExtensionService;
pub use size::{DeclaredSize, Size};
pub use smtputf8::{SmtpUtf8, SmtpUtf8Option};
pub use typed::{ParameterError, TypedParameter};

use crate::{Capability, Mail, Recipient, Reply, Session};

/// An ESMTP extension (RFC 5321 section 2.2) that adds parameters to MAIL and RCPT.
///
/// Only what a session was offered reaches the checks: parameters that no capability claims are
/// refused with 555 before.
///
/// One of an application's own, for clients that say which tenant a message belongs to:
///
/// ```
/// use smtp_core::extension::{Extension, TypedParameter};
/// use smtp_core::{Capability, Mail, Reply, Session};
///
/// #[derive(Clone)]
/// struct Tenants;
///
/// struct Tenant(u32);
///
/// impl TypedParameter for Tenant {
///     const KEYWORD: &'static str = "X-TENANT";
///
///     fn from_value(value: Option<&str>) -> Option<Self> {
///         value?.parse().ok().map(Self)
///     }
///
///     fn to_value(&self) -> Option<String> {
///         Some(self.0.to_string())
///     }
/// }
///
/// impl Extension for Tenants {
///     fn capability(&self, session: &Session) -> Option<Capability> {
///         session.identity()?;
///         Some(Capability::new("X-TENANT").mail_parameters(&["X-TENANT"]).line_allowance(20))
///     }
///
///     fn check_mail(&self, mail: &Mail, _: &Session) -> Result<(), Reply> {
///         match mail.parameters.typed::<Tenant>() {
///             Ok(Some(Tenant(0))) => Err(Reply::new(550, "5.7.1 tenant 0 sends no mail")),
///             Ok(_) => Ok(()),
///             Err(error) => Err(error.reply()),
///         }
///     }
/// }
/// ```
pub trait Extension: Clone + Send + Sync + 'static {
    /// What is offered in this session, with the parameters that come with it; `None` if it is not.
    fn capability(&self, session: &Session) -> Option<Capability>;

    /// Checks the parameters of a MAIL command.
    ///
    /// # Errors
    /// The refusal.
    fn check_mail(&self, mail: &Mail, session: &Session) -> Result<(), Reply> {
        let _ = (mail, session);
        Ok(())
    }

    /// Checks the parameters of a RCPT command.
    ///
    /// # Errors
    /// The refusal.
    fn check_rcpt(&self, recipient: &Recipient, session: &Session) -> Result<(), Reply> {
        let _ = (recipient, session);
        Ok(())
    }
}
