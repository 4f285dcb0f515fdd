use std::path::PathBuf;
use std::time::Duration;

use smtp_server::auth::Saslauthd;
use toml::Spanned;

use super::tables::{DovecotTable, HttpTable, LdapTable, OauthTable, PamTable, SaslauthdTable, SqlTable};
use super::{DovecotStore, SaslauthdStore, Store};
use crate::config::check::Check;
use crate::config::file::Auth;

const KNOWN: [&str; 8] = ["users", "pam", "saslauthd", "dovecot", "ldap", "sql", "http", "oauth"];

/// How long a login waits for a store that is told nothing else.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Check<'_> {
    pub(in crate::config) fn stores(&mut self, auth: Auth) -> Vec<Store> {
        self.unused_tables(&auth);
        let Auth {
            stores, mut pam, mut saslauthd, mut dovecot, mut ldap, mut sql, mut http, mut oauth, ..
        } = auth;
        let Some(names) = stores else { return vec![Store::Users] };
        let help = format!("there are {}", KNOWN.join(", "));
        if names.get_ref().is_empty() {
            self.refuse(&names, "there is no store, so nobody could log in", &help);
        }
        let mut seen: Vec<String> = Vec::new();
        let mut found = Vec::new();
        for name in names.into_inner() {
            if seen.contains(name.get_ref()) {
                self.refuse(&name, format!("{:?} is there already", name.get_ref()), "name it once");
                continue;
            }
            seen.push(name.get_ref().clone());
            let store = match &**name.get_ref() {
                "users" => Some(Store::Users),
                "pam" => self.pam(&name, pam.take().map(Spanned::into_inner).unwrap_or_default()),
                "saslauthd" => {
                    Some(self.saslauthd(saslauthd.take().map(Spanned::into_inner).unwrap_or_default()))
                }
                "dovecot" => self.table(&name, dovecot.take()).map(|table| self.dovecot(table)),
                "ldap" => self.table(&name, ldap.take()).and_then(|table| self.ldap(&name, table)),
                "sql" => self.table(&name, sql.take()).and_then(|table| self.sql(&name, table)),
                "http" => self.table(&name, http.take()).and_then(|table| self.http(&name, table)),
                "oauth" => self.table(&name, oauth.take()).and_then(|table| self.oauth(&name, table)),
                unknown => {
                    self.refuse(&name, format!("{unknown:?} is no known store"), &help);
                    None
                }
            };
            found.extend(store);
        }
        found
    }

    /// Whoever describes a store wants it to be asked.
    fn unused_tables(&mut self, auth: &Auth) {
        let named = |store: &str| {
            let names = auth.stores.iter().flat_map(|names| names.get_ref());
            names.into_iter().any(|name| name.get_ref() == store)
        };
        let places = [
            ("pam", auth.pam.as_ref().map(Spanned::span)),
            ("saslauthd", auth.saslauthd.as_ref().map(Spanned::span)),
            ("dovecot", auth.dovecot.as_ref().map(Spanned::span)),
            ("ldap", auth.ldap.as_ref().map(Spanned::span)),
            ("sql", auth.sql.as_ref().map(Spanned::span)),
            ("http", auth.http.as_ref().map(Spanned::span)),
            ("oauth", auth.oauth.as_ref().map(Spanned::span)),
        ];
        for (store, place) in places {
            if let Some(place) = place
                && !named(store)
            {
                let at = Spanned::new(place, ());
                let help = format!("write [auth] stores = [{store:?}], with others before or behind it");
                self.refuse(&at, format!("[auth.{store}] is not among [auth] stores"), &help);
            }
        }
    }

    /// The table of a store that needs one.
    fn table<T>(&mut self, name: &Spanned<String>, table: Option<Spanned<T>>) -> Option<T> {
        if table.is_none() {
            let store = name.get_ref();
            self.refuse(name, format!("nothing is said of {store}"), &format!("add a table [auth.{store}]"));
        }
        table.map(Spanned::into_inner)
    }

    #[cfg(feature = "pam")]
    fn pam(&mut self, _: &Spanned<String>, table: PamTable) -> Option<Store> {
        let timeout = self.duration(table.timeout.as_ref(), TIMEOUT);
        let service = self.service(table.service);
        Some(Store::Pam(super::PamStore { service, timeout }))
    }

    #[cfg(not(feature = "pam"))]
    fn pam(&mut self, name: &Spanned<String>, _: PamTable) -> Option<Store> {
        self.lacks(name, "pam")
    }

    fn saslauthd(&mut self, table: SaslauthdTable) -> Store {
        Store::Saslauthd(SaslauthdStore {
            socket: self.path(table.socket).unwrap_or_else(|| PathBuf::from(Saslauthd::SOCKET)),
            realm: table.realm.unwrap_or_default(),
            whole_names: table.whole_names,
            timeout: self.duration(table.timeout.as_ref(), TIMEOUT),
            service: self.service(table.service),
        })
    }

    fn dovecot(&mut self, table: DovecotTable) -> Store {
        Store::Dovecot(DovecotStore {
            socket: self.folder.join(table.socket),
            timeout: self.duration(table.timeout.as_ref(), TIMEOUT),
            service: self.service(table.service),
        })
    }

    #[cfg(feature = "ldap")]
    fn ldap(&mut self, _: &Spanned<String>, table: LdapTable) -> Option<Store> {
        let timeout = self.duration(table.timeout.as_ref(), TIMEOUT);
        super::ldap::check(self, table, timeout).map(Store::Ldap)
    }

    #[cfg(not(feature = "ldap"))]
    fn ldap(&mut self, name: &Spanned<String>, _: LdapTable) -> Option<Store> {
        self.lacks(name, "ldap")
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    fn sql(&mut self, _: &Spanned<String>, table: SqlTable) -> Option<Store> {
        super::sql::check(self, table).map(Store::Sql)
    }

    #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
    fn sql(&mut self, name: &Spanned<String>, table: SqlTable) -> Option<Store> {
        let SqlTable { sqlite, .. } = table;
        self.lacks(name, if sqlite.is_some() { "sqlite" } else { "postgres" })
    }

    #[cfg(feature = "http")]
    fn http(&mut self, _: &Spanned<String>, table: HttpTable) -> Option<Store> {
        Some(Store::Http(super::web::check(self, table)))
    }

    #[cfg(not(feature = "http"))]
    fn http(&mut self, name: &Spanned<String>, _: HttpTable) -> Option<Store> {
        self.lacks(name, "http")
    }

    #[cfg(feature = "oauth")]
    fn oauth(&mut self, _: &Spanned<String>, table: OauthTable) -> Option<Store> {
        super::web::check_oauth(self, table).map(Store::Oauth)
    }

    #[cfg(not(feature = "oauth"))]
    fn oauth(&mut self, name: &Spanned<String>, _: OauthTable) -> Option<Store> {
        self.lacks(name, "oauth")
    }

    /// The name becomes that of a file, or a word in what is sent.
    fn service(&mut self, service: Option<Spanned<String>>) -> String {
        let Some(service) = service else { return "smtp".to_owned() };
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if service.get_ref().is_empty() || !service.get_ref().chars().all(is_word) {
            let help = "write letters, digits, hyphens and underscores, such as \"smtp\"";
            self.refuse(&service, format!("{:?} is no service", service.get_ref()), help);
        }
        service.into_inner()
    }

    #[cfg(not(all(
        feature = "pam",
        feature = "ldap",
        feature = "sqlite",
        feature = "postgres",
        feature = "http",
        feature = "oauth"
    )))]
    pub(in crate::config) fn lacks<T>(&mut self, at: &Spanned<impl Sized>, feature: &str) -> Option<T> {
        let help = format!("build it with --features {feature}, or leave this out");
        self.refuse(at, format!("this server was built without {feature}"), &help);
        None
    }
}
