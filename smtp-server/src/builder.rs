use tower::ServiceBuilder;
use tower::layer::util::Stack;

/// The framework's layers as methods of tower's [`ServiceBuilder`].
///
/// ```
/// # #[cfg(feature = "policy")]
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use smtp_core::testing::{RecordingDelivery, facts, request};
/// use smtp_server::{Deliver, Recipient, Reply, ServiceBuilderExt, Session};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// let stack = ServiceBuilder::new()
///     .policy(|recipient: Recipient, _: Session| async move {
///         if recipient.path.to_string().starts_with("<spam") { Err(Reply::new(550, "5.7.1 no")) } else { Ok(()) }
///     })
///     .relay(["example.org".parse().unwrap()])
///     .service(Deliver::new(RecordingDelivery::new()));
/// let facts = facts();
/// let rcpt = |line| stack.clone().oneshot(request(line, facts.session()));
/// assert_eq!(rcpt("RCPT TO:<joe@example.org>").await.unwrap().code(), 250);
/// assert_eq!(rcpt("RCPT TO:<spam@example.org>").await.unwrap().code(), 550);
/// assert_eq!(rcpt("RCPT TO:<joe@example.net>").await.unwrap().code(), 550);
/// # });
/// ```
pub trait ServiceBuilderExt<L>: Sized {
    /// Adds any layer; what the other methods are made of.
    fn add<T>(self, layer: T) -> ServiceBuilder<Stack<T, L>>;

    /// Adds a layer of the session tier if there is one. Unlike tower's `option_layer` it does not double the
    /// type of the stack.
    fn optional<T>(self, layer: Option<T>) -> ServiceBuilder<Stack<smtp_core::OptionalLayer<T>, L>> {
        self.add(smtp_core::OptionalLayer::new(layer))
    }

    /// An ESMTP extension of MAIL and RCPT (RFC 5321 section 2.2), `extension::SmtpUtf8` for example.
    fn extension<E: smtp_core::extension::Extension>(
        self,
        extension: E,
    ) -> ServiceBuilder<Stack<smtp_core::extension::ExtensionLayer<E>, L>> {
        self.add(smtp_core::extension::ExtensionLayer::new(extension))
    }

    /// STARTTLS (RFC 3207), with a handshake by `upgrade`.
    #[cfg(feature = "tls")]
    fn start_tls<U: smtp_core::Upgrade + Clone>(
        self,
        upgrade: U,
    ) -> ServiceBuilder<Stack<smtp_tls::StartTlsLayer<U>, L>> {
        self.add(smtp_tls::StartTlsLayer::new(upgrade))
    }

    /// AUTH (RFC 4954) with the credentials in `store`.
    #[cfg(feature = "auth")]
    fn auth<C: smtp_auth::CredentialStore>(
        self,
        store: C,
    ) -> ServiceBuilder<Stack<smtp_auth::AuthLayer<C>, L>> {
        self.add(smtp_auth::AuthLayer::new(store))
    }

    /// Routes for recipients in `local_domains`; to all others for authenticated clients only.
    #[cfg(feature = "policy")]
    fn relay(
        self,
        local_domains: impl IntoIterator<Item = smtp_policy::DomainPattern>,
    ) -> ServiceBuilder<Stack<smtp_policy::RelayLayer, L>> {
        self.add(smtp_policy::RelayLayer::new().local_domains(local_domains))
    }

    /// VRFY and EXPN over `directory`, for authenticated clients.
    #[cfg(feature = "policy")]
    fn expand<D: smtp_policy::Directory>(
        self,
        directory: D,
    ) -> ServiceBuilder<Stack<smtp_policy::ExpandLayer<D>, L>> {
        self.add(smtp_policy::ExpandLayer::new(directory))
    }

    /// A policy as an async function; the type of its first argument picks the command.
    #[cfg(feature = "policy")]
    fn policy<F, A, Fut>(self, policy: F) -> ServiceBuilder<Stack<smtp_policy::PolicyLayer<F, A>, L>>
    where
        A: smtp_policy::Stage,
        F: Fn(A, smtp_core::Session) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: smtp_policy::policy_fn::IntoDecision> + Send + 'static,
    {
        self.add(smtp_policy::policy_fn(policy))
    }

    /// The `Received` field of RFC 5321 section 4.4, in front of a delivery.
    #[cfg(feature = "delivery")]
    fn received(self) -> ServiceBuilder<Stack<smtp_delivery::ReceivedLayer, L>> {
        self.add(smtp_delivery::ReceivedLayer::new())
    }

    /// The `Return-Path` field of RFC 5321 section 4.4, in front of a final delivery.
    #[cfg(feature = "delivery")]
    fn return_path(self) -> ServiceBuilder<Stack<smtp_delivery::ReturnPathLayer, L>> {
        self.add(smtp_delivery::ReturnPathLayer::new())
    }

    /// `Date` and `Message-ID` where they lack, and no `Bcc` (RFC 6409 section 8), in front of the delivery
    /// of what users submit.
    #[cfg(feature = "delivery")]
    fn submission(self) -> ServiceBuilder<Stack<smtp_delivery::SubmissionLayer, L>> {
        self.add(smtp_delivery::SubmissionLayer::new())
    }

    /// The `Delivered-To` field, in front of a final delivery, and an end of loops that it shows.
    #[cfg(feature = "delivery")]
    fn delivered_to(self) -> ServiceBuilder<Stack<smtp_delivery::DeliveredToLayer, L>> {
        self.add(smtp_delivery::DeliveredToLayer::new())
    }
}

impl<L> ServiceBuilderExt<L> for ServiceBuilder<L> {
    fn add<T>(self, layer: T) -> ServiceBuilder<Stack<T, L>> {
        self.layer(layer)
    }
}
