use std::fmt;

/// What an entry of the map is about: the word in front of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tag {
    /// None: clients, senders and recipients alike.
    Untagged,
    /// `Connect:` a client.
    Connect,
    /// `From:` a sender.
    From,
    /// `To:` a recipient.
    To,
    /// `Spam:` a recipient's wish about checks, where they are delayed.
    Spam,
    /// `TLS_Clt:` what is demanded of TLS with a client.
    TlsClt,
    /// `TLS_Srv:` what is demanded of TLS with a next hop.
    TlsSrv,
    /// `TLS_Rcpt:` what is demanded of TLS with the next hop of a recipient.
    TlsRcpt,
    /// `Try_TLS:` whether TLS is tried with a next hop.
    TryTls,
    /// `Srv_Features:` what is offered to a client.
    SrvFeatures,
    /// `AuthInfo:` credentials for a next hop.
    AuthInfo,
    /// `CERTIssuer:` the issuer of a client's certificate.
    CertIssuer,
    /// `CERTSubject:` the subject of a client's certificate.
    CertSubject,
    /// `GreetPause:` for how long a client waits for the greeting.
    GreetPause,
    /// `ClientRate:` how often a client may connect.
    ClientRate,
    /// `ClientConn:` how many connections a client may have.
    ClientConn,
}

impl Tag {
    const ALL: [Self; 15] = [
        Self::Connect,
        Self::From,
        Self::To,
        Self::Spam,
        Self::TlsClt,
        Self::TlsSrv,
        Self::TlsRcpt,
        Self::TryTls,
        Self::SrvFeatures,
        Self::AuthInfo,
        Self::CertIssuer,
        Self::CertSubject,
        Self::GreetPause,
        Self::ClientRate,
        Self::ClientConn,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Untagged => "",
            Self::Connect => "Connect",
            Self::From => "From",
            Self::To => "To",
            Self::Spam => "Spam",
            Self::TlsClt => "TLS_Clt",
            Self::TlsSrv => "TLS_Srv",
            Self::TlsRcpt => "TLS_Rcpt",
            Self::TryTls => "Try_TLS",
            Self::SrvFeatures => "Srv_Features",
            Self::AuthInfo => "AuthInfo",
            Self::CertIssuer => "CERTIssuer",
            Self::CertSubject => "CERTSubject",
            Self::GreetPause => "GreetPause",
            Self::ClientRate => "ClientRate",
            Self::ClientConn => "ClientConn",
        }
    }

    /// Whether an entry without a key holds for all whom no other entry means.
    pub(super) fn has_default(self) -> bool {
        use Tag as T;
        !matches!(self, T::Untagged | T::Connect | T::From | T::To | T::Spam | T::CertIssuer | T::CertSubject)
    }

    /// Takes the tag off a key.
    ///
    /// # Errors
    /// Why the tag cannot be taken.
    pub(super) fn split_from(text: &str) -> Result<(Self, &str), String> {
        let Some((name, key)) = text.split_once(':') else { return Ok((Self::Untagged, text)) };
        if name.eq_ignore_ascii_case("ipv6") || name.starts_with('[') {
            return Ok((Self::Untagged, text));
        }
        if let Some(tag) = Self::ALL.into_iter().find(|tag| tag.name().eq_ignore_ascii_case(name)) {
            return Ok((tag, key));
        }
        if ["Clt_Features", "TLS_Srv_Features", "TLS_Clt_Features"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
        {
            return Err(format!(
                "{name}: cannot be taken, sessions of TLS and with next hops are configured elsewhere; remove \
                 the line"
            ));
        }
        let names = Self::ALL.map(Self::name).join(", ");
        Err(format!("this tag is not known; there are {names}"))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        f.write_str(if *self == Self::Untagged { "" } else { ":" })
    }
}
