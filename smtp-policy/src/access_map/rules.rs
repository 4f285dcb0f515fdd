use std::collections::HashMap;

use smtp_core::{ForwardPath, Host, Mailbox, TlsInfo};

use super::{Action, AuthInfo, Features, Remote, SpamWish, Tag, TlsDemand, search};
use crate::FileError;

/// Values by what stands behind the tag.
pub(super) type Table<V> = HashMap<Box<str>, V>;

/// What the access map says at a moment: typed values, and the order in which they are looked up.
///
/// The closest entry counts: an address before its domain, a domain before the one above it, an address
/// of a host before its networks; with the tag before without. `SKIP` ends the search.
#[derive(Debug, Default)]
pub struct AccessRules {
    pub(super) connect: Table<Action>,
    pub(super) from: Table<Action>,
    pub(super) to: Table<Action>,
    pub(super) untagged: Table<Action>,
    pub(super) spam: Table<SpamWish>,
    pub(super) tls_clt: Table<TlsDemand>,
    pub(super) tls_srv: Table<TlsDemand>,
    pub(super) tls_rcpt: Table<TlsDemand>,
    pub(super) try_tls: Table<bool>,
    pub(super) srv_features: Table<Features>,
    pub(super) auth_info: Table<AuthInfo>,
    /// Whether the subject decides.
    pub(super) cert_issuer: Table<bool>,
    pub(super) cert_subject: Table<()>,
    pub(super) greet_pause: Table<u32>,
    pub(super) client_rate: Table<u32>,
    pub(super) client_conn: Table<u32>,
    pub(super) doubts: Option<FileError>,
}

impl AccessRules {
    /// What whoever wrote the file should look at again, with the places: values that are the text of a refusal,
    /// as Sendmail has it, for want of a known word or a code.
    pub fn doubts(&self) -> Option<&FileError> {
        self.doubts.as_ref()
    }

    /// Whether there are entries with this tag.
    pub fn has(&self, tag: Tag) -> bool {
        !match tag {
            Tag::Untagged => self.untagged.is_empty(),
            Tag::Connect => self.connect.is_empty(),
            Tag::From => self.from.is_empty(),
            Tag::To => self.to.is_empty(),
            Tag::Spam => self.spam.is_empty(),
            Tag::TlsClt => self.tls_clt.is_empty(),
            Tag::TlsSrv => self.tls_srv.is_empty(),
            Tag::TlsRcpt => self.tls_rcpt.is_empty(),
            Tag::TryTls => self.try_tls.is_empty(),
            Tag::SrvFeatures => self.srv_features.is_empty(),
            Tag::AuthInfo => self.auth_info.is_empty(),
            Tag::CertIssuer => self.cert_issuer.is_empty(),
            Tag::CertSubject => self.cert_subject.is_empty(),
            Tag::GreetPause => self.greet_pause.is_empty(),
            Tag::ClientRate => self.client_rate.is_empty(),
            Tag::ClientConn => self.client_conn.is_empty(),
        }
    }

    /// What becomes of a client: `Connect:` and untagged entries, by its name, then by its address.
    pub fn client(&self, client: &Remote) -> Option<&Action> {
        let by_name = self.action(&self.connect, search::domain(&client.name()));
        by_name.or_else(|| self.client_address(client))
    }

    fn client_address(&self, client: &Remote) -> Option<&Action> {
        self.action(&self.connect, client.ip().map(search::address)?)
    }

    /// What becomes of a sender: `From:` and untagged entries, by address, `user@`, and domain.
    pub fn sender(&self, sender: &Mailbox) -> Option<&Action> {
        let (user, host) = search::parts(sender);
        let keys = [search::full(&user, &host), search::full(&user, ""), search::domain(&host)];
        self.first_action(&self.from, keys)
    }

    /// What becomes of a recipient: `To:` and untagged entries, by address, domain, and, for those of
    /// this server, `user@`.
    pub fn recipient(&self, recipient: &ForwardPath, local: bool) -> Option<&Action> {
        let ForwardPath::Mailbox(mailbox) = recipient else {
            return self.action(&self.to, search::full("postmaster", ""));
        };
        let (user, host) = search::parts(mailbox);
        let of_user = if local { search::full(&user, "") } else { Vec::new() };
        self.first_action(&self.to, [search::full(&user, &host), of_user, search::domain(&host)])
    }

    /// Whether mail is relayed for this client: an entry of its address, or of its name, is `RELAY`.
    pub fn relays_for(&self, client: &Remote) -> bool {
        let by_name = || self.action(&self.connect, search::domain(&client.name()));
        self.client_address(client) == Some(&Action::Relay) || by_name() == Some(&Action::Relay)
    }

    /// Whether mail is relayed to this host for everybody: a `To:` or untagged entry is `RELAY`.
    pub fn relays_to(&self, host: &Host) -> bool {
        self.action(&self.to, search::domain(&search::host(host))) == Some(&Action::Relay)
    }

    /// Whether mail is relayed for who has this certificate: the entry of its issuer is `RELAY`, or
    /// `SUBJECT` and that of its subject is `RELAY`. A certificate that was not verified never counts.
    pub fn relays_for_certificate(&self, tls: Option<&TlsInfo>) -> bool {
        let Some(certificate) = tls.and_then(TlsInfo::verified_peer) else { return false };
        let key = |name: &smtp_core::DistinguishedName| name.to_string().to_ascii_lowercase();
        match self.cert_issuer.get(&*key(&certificate.issuer)) {
            None => false,
            Some(false) => true,
            Some(true) => self.cert_subject.contains_key(&*key(&certificate.subject)),
        }
    }

    /// What a recipient wishes where checks are delayed: `Spam:` entries.
    pub fn spam_wish(&self, recipient: &ForwardPath, local: bool) -> Option<SpamWish> {
        let ForwardPath::Mailbox(mailbox) = recipient else {
            return first(&self.spam, search::full("postmaster", "")).copied();
        };
        let (user, host) = search::parts(mailbox);
        let of_user = if local { search::full(&user, "") } else { Vec::new() };
        let keys = [search::full(&user, &host), search::domain(&host), of_user];
        first(&self.spam, keys.into_iter().flatten()).copied()
    }

    /// What is demanded of TLS with a client: `TLS_Clt:`.
    pub fn tls_of_client(&self, client: &Remote) -> Option<&TlsDemand> {
        of_host(&self.tls_clt, client)
    }

    /// What is demanded of TLS with a next hop: `TLS_Srv:`.
    pub fn tls_of_server(&self, server: &Remote) -> Option<&TlsDemand> {
        of_host(&self.tls_srv, server)
    }

    /// What is demanded of TLS with the next hop of a recipient: `TLS_Rcpt:`, by address, `user@`, and
    /// domain.
    pub fn tls_of_recipient(&self, recipient: &Mailbox) -> Option<&TlsDemand> {
        let (user, host) = search::parts(recipient);
        let keys = [search::full(&user, &host), search::full(&user, ""), search::domain(&host)];
        first(&self.tls_rcpt, keys.into_iter().flatten()).or_else(|| self.tls_rcpt.get(""))
    }

    /// Whether TLS is tried with a next hop: unless `Try_TLS:` says `NO`.
    pub fn tries_tls(&self, server: &Remote) -> bool {
        of_host(&self.try_tls, server).copied().unwrap_or(true)
    }

    /// What is offered to a client: `Srv_Features:`.
    pub fn features(&self, client: &Remote) -> Option<&Features> {
        of_host(&self.srv_features, client)
    }

    /// The credentials for a next hop: `AuthInfo:`.
    pub fn auth_info(&self, server: &Remote) -> Option<&AuthInfo> {
        of_host(&self.auth_info, server)
    }

    /// For how many milliseconds a client waits for the greeting: `GreetPause:`.
    pub fn greet_pause(&self, client: &Remote) -> Option<u32> {
        of_host(&self.greet_pause, client).copied()
    }

    /// How often a client may connect: `ClientRate:`.
    pub fn client_rate(&self, client: &Remote) -> Option<u32> {
        of_host(&self.client_rate, client).copied()
    }

    /// How many connections a client may have at once: `ClientConn:`.
    pub fn client_connections(&self, client: &Remote) -> Option<u32> {
        of_host(&self.client_conn, client).copied()
    }

    /// The first entry, with this tag or without one; `None` too if that is `SKIP`.
    fn action<'a>(
        &'a self,
        tagged: &'a Table<Action>,
        keys: impl IntoIterator<Item = String>,
    ) -> Option<&'a Action> {
        self.entry(tagged, keys).filter(|action| **action != Action::Skip)
    }

    fn entry<'a>(
        &'a self,
        tagged: &'a Table<Action>,
        keys: impl IntoIterator<Item = String>,
    ) -> Option<&'a Action> {
        keys.into_iter().find_map(|key| tagged.get(&*key).or_else(|| self.untagged.get(&*key)))
    }

    fn first_action<'a>(&'a self, tagged: &'a Table<Action>, keys: [Vec<String>; 3]) -> Option<&'a Action> {
        self.action(tagged, keys.into_iter().flatten())
    }
}

/// The entry of the host's name, or of its address, or that without a key.
fn of_host<'a, V>(table: &'a Table<V>, host: &Remote) -> Option<&'a V> {
    // Most maps have none of most tags.
    if table.is_empty() {
        return None;
    }
    let by_name = first(table, search::domain(&host.name()));
    let by_address = || first(table, host.ip().map(search::address)?);
    by_name.or_else(by_address).or_else(|| table.get(""))
}

fn first<V>(table: &Table<V>, keys: impl IntoIterator<Item = String>) -> Option<&V> {
    keys.into_iter().find_map(|key| table.get(&*key))
}
