//! The values and the contract that every part of the framework shares: commands, replies,
//! addresses, sessions, the two tiers of services, the wire codec and the protocol's state.
//!
//! No runtime, no TLS and no SASL library is named here. Applications mostly use this crate
//! through `smtp-server`, which re-exports it.
//!
//! # The two tiers
//!
//! In the *session tier* each command of a client is one [`Request`], answered with one
//! [`Reply`]: see [`SmtpService`]. In the *delivery tier* each received [`Message`] has its
//! [`Outcomes`]: see [`DeliveryService`]. Both are plain tower services, so that layers of tower
//! and of this framework stack freely.
//!
//! Two things are not request and response, and are handles within a request: the content of a
//! message ([`Body`]) and the exchange of an AUTH command ([`Dialogue`]).

mod address;
mod body;
mod capability;
pub mod client;
pub mod codec;
mod command;
mod dialogue;
mod envelope;
mod expansion;
pub mod extension;
mod identity;
mod layer_future;
mod leniency;
mod message;
mod optional;
mod parameter;
pub mod protocol;
mod reply;
mod secret;
mod service;
mod session;
mod spool;
pub mod state;
mod syntax;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
mod transport;

pub use address::{
    AddressError, AddressLiteral, Domain, ForwardPath, Host, LocalPart, MAX_DOMAIN, MAX_LOCAL_PART, MAX_PATH,
    Mailbox, ReversePath,
};
pub use body::{Body, BodyError, BodyErrorKind, BodyWriter, Demand};
pub use capability::{Capabilities, Capability};
pub use command::{Auth, Command, Hello, Query, Request, Unknown};
pub use dialogue::{Dialogue, DialogueError, DialogueServer};
pub use envelope::{Envelope, Mail, Recipient, Route};
pub use expansion::{Expanded, Expansion};
pub use identity::{Identity, Strength};
pub use layer_future::LayerFuture;
pub use leniency::Leniency;
pub use message::{Message, Outcomes};
pub use optional::OptionalLayer;
pub use parameter::{Parameter, Parameters};
pub use reply::{
    Acceptance, Effects, EnhancedStatus, Remote, Reply, ReplyCode, ReplyParser, Severity, UpgradeFn,
};
pub use secret::Secret;
pub use service::{BoxDelivery, BoxError, BoxFuture, BoxSmtpService, DeliveryService, SmtpService, release};
pub use session::{ConnectionInfo, Dialect, Extensions, Peer, Proxied, ProxiedTls, Session, SessionFacts};
pub use spool::{Replay, Spool};
pub use syntax::{SyntaxError, SyntaxErrorKind};
pub use tls::{
    CertificateProblem, ChannelBinding, DistinguishedName, Fingerprint, PeerCertificate, SubjectName,
    TlsInfo, Verify,
};
pub use transport::{Transport, Upgrade, Upgraded};
