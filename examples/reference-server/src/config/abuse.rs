//! What is done against those who are up to no good.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use smtp_server::policy::DnsList;
use smtp_server::policy::dns_list::ListCodes;
use toml::Spanned;

use super::check::Check;
use super::duration;

/// The same, checked. Zero stands for no limit.
#[derive(Debug, Clone)]
pub(crate) struct Abuse {
    /// The file of what is remembered.
    pub(crate) state: PathBuf,
    /// At once.
    pub(crate) connections_per_network: u32,
    pub(crate) connections_per_user: u32,
    /// Of one client.
    pub(crate) connections_per_minute: u32,
    pub(crate) messages_per_hour: u32,
    pub(crate) unknown_recipients_per_hour: u32,
    /// Of one user.
    pub(crate) user_recipients_per_hour: u32,
    pub(crate) user_etrn_per_hour: u32,
    pub(crate) impostors: Treatment,
    /// Mail without a sender to several recipients, or to a list.
    pub(crate) bulk_bounces: Treatment,
    pub(crate) unnamed_clients: Treatment,
    /// Those who call themselves by what is neither a domain nor an address; by a name without a dot; by one
    /// that does not exist.
    pub(crate) malformed_hello: Treatment,
    pub(crate) unqualified_hello: Treatment,
    pub(crate) unresolvable_hello: Treatment,
    /// How long strangers wait, if they have to.
    pub(crate) greylist: Option<Duration>,
    pub(crate) dns_lists: Vec<DnsList>,
    pub(crate) dns_threshold: u32,
}

/// What becomes of somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Treatment {
    #[default]
    Accept,
    Refuse,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AbuseTable {
    state: Option<PathBuf>,
    connections_per_network: Option<u32>,
    connections_per_user: Option<u32>,
    connections_per_minute: Option<u32>,
    messages_per_hour: Option<u32>,
    unknown_recipients_per_hour: Option<u32>,
    user_recipients_per_hour: Option<u32>,
    user_etrn_per_hour: Option<u32>,
    impostors: Option<Treatment>,
    bulk_bounces: Option<Treatment>,
    unnamed_clients: Option<Spanned<Treatment>>,
    #[serde(default)]
    malformed_hello: Treatment,
    #[serde(default)]
    unqualified_hello: Treatment,
    #[serde(default)]
    unresolvable_hello: Treatment,
    #[serde(default)]
    greylist: bool,
    greylist_delay: Option<Spanned<String>>,
    #[serde(default)]
    dns_lists: Vec<DnsListTable>,
    dns_threshold: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DnsListTable {
    zone: Spanned<String>,
    #[serde(default)]
    of: ListOf,
    #[serde(default)]
    codes: Vec<Spanned<String>>,
    score: Option<u32>,
}

/// What a list has.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ListOf {
    #[default]
    Addresses,
    Domains,
    GoodAddresses,
    GoodDomains,
}

impl Check<'_> {
    pub(super) fn abuse(&mut self, table: AbuseTable, data_dir: &Path, client_names: bool) -> Abuse {
        let refuses_unnamed =
            table.unnamed_clients.as_ref().filter(|how| *how.get_ref() == Treatment::Refuse);
        if let Some(unnamed) = refuses_unnamed.filter(|_| !client_names) {
            let what = "nobody knows whether clients have names";
            self.refuse(unnamed, what, "add client_names = true to [access], or leave the line out");
        }
        let delay = table.greylist_delay.as_ref().and_then(|delay| {
            let help = "write a whole number and a unit, such as \"5 min\"; units are s, min and h";
            let read = |text: &str| duration::parse(text).filter(|delay| *delay <= Duration::from_hours(24));
            self.read(delay, read, "delay of 24 h at most", help)
        });
        if let Some(delay) = table.greylist_delay.as_ref().filter(|_| !table.greylist) {
            self.refuse(delay, "nobody waits so long", "add greylist = true, or leave the line out");
        }
        if let Some(threshold) = table.dns_threshold.as_ref().filter(|threshold| *threshold.get_ref() == 0) {
            self.refuse(threshold, "everybody would be refused", "write 1 or more");
        }
        Abuse {
            state: self.path(table.state).unwrap_or_else(|| data_dir.join("state.sqlite")),
            connections_per_network: table.connections_per_network.unwrap_or(0),
            connections_per_user: table.connections_per_user.unwrap_or(0),
            connections_per_minute: table.connections_per_minute.unwrap_or(0),
            messages_per_hour: table.messages_per_hour.unwrap_or(0),
            unknown_recipients_per_hour: table.unknown_recipients_per_hour.unwrap_or(50),
            user_recipients_per_hour: table.user_recipients_per_hour.unwrap_or(1000),
            user_etrn_per_hour: table.user_etrn_per_hour.unwrap_or(60),
            impostors: table.impostors.unwrap_or(Treatment::Refuse),
            bulk_bounces: table.bulk_bounces.unwrap_or(Treatment::Refuse),
            unnamed_clients: table.unnamed_clients.map_or(Treatment::Accept, Spanned::into_inner),
            malformed_hello: table.malformed_hello,
            unqualified_hello: table.unqualified_hello,
            unresolvable_hello: table.unresolvable_hello,
            greylist: table.greylist.then(|| delay.unwrap_or(Duration::from_mins(5))),
            dns_lists: table.dns_lists.iter().filter_map(|list| self.dns_list(list)).collect(),
            dns_threshold: table.dns_threshold.map_or(1, Spanned::into_inner),
        }
    }

    fn dns_list(&mut self, table: &DnsListTable) -> Option<DnsList> {
        let help = "write the domain of the list, such as \"list.example.org\"";
        let zone = self.read(&table.zone, |text| text.parse().ok(), "domain name", help)?;
        let list = match table.of {
            ListOf::Addresses => DnsList::of_addresses(zone),
            ListOf::Domains => DnsList::of_domains(zone),
            ListOf::GoodAddresses => DnsList::of_addresses(zone).of_the_good(),
            ListOf::GoodDomains => DnsList::of_domains(zone).of_the_good(),
        };
        let help = "write such as \"127.0.0.2\" or \"127.0.0.2-11\", with * for any number";
        let read = |code: &Spanned<String>| {
            self.read(code, |text| text.parse::<ListCodes>().ok(), "answer of a list", help)
        };
        let codes: Vec<ListCodes> = table.codes.iter().filter_map(read).collect();
        let list = if table.codes.is_empty() { list } else { list.codes(codes) };
        Some(list.score(table.score.unwrap_or(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigError, source};

    fn check(abuse: &str) -> Result<Config, ConfigError> {
        let text = format!("hostname = \"mail.example.org\"\n[abuse]\n{abuse}\n");
        source::check("smtpd.toml", &text, Path::new("/etc/smtpd"), None)
    }

    #[test]
    fn nothing_has_to_be_said() {
        let abuse = check("").unwrap().abuse;
        assert_eq!(abuse.state, Path::new("smtpd-data/state.sqlite"));
        assert_eq!((abuse.connections_per_minute, abuse.messages_per_hour), (0, 0));
        assert_eq!((abuse.unknown_recipients_per_hour, abuse.user_recipients_per_hour), (50, 1000));
        assert_eq!((abuse.impostors, abuse.unnamed_clients), (Treatment::Refuse, Treatment::Accept));
        assert_eq!(abuse.bulk_bounces, Treatment::Refuse);
        let hello = [abuse.malformed_hello, abuse.unqualified_hello, abuse.unresolvable_hello];
        assert_eq!((hello, abuse.user_etrn_per_hour), ([Treatment::Accept; 3], 60));
        assert!(abuse.greylist.is_none() && abuse.dns_lists.is_empty());
    }

    #[test]
    fn everything_can_be_said() {
        let abuse = check(
            "state = \"state\"\nconnections_per_network = 50\nconnections_per_user = 9\n\
             connections_per_minute = 60\nmessages_per_hour = 600\n\
             unknown_recipients_per_hour = 0\nuser_recipients_per_hour = 100\nimpostors = \"accept\"\n\
             bulk_bounces = \"accept\"\nmalformed_hello = \"refuse\"\nunqualified_hello = \"refuse\"\n\
             unresolvable_hello = \"refuse\"\nuser_etrn_per_hour = 0\n\
             greylist = true\ngreylist_delay = \"1 min\"\ndns_threshold = 3\n\
             [[abuse.dns_lists]]\nzone = \"zen.example\"\ncodes = [\"127.0.0.2-11\"]\nscore = 3\n\
             [[abuse.dns_lists]]\nzone = \"dbl.example\"\nof = \"domains\"\n\
             [[abuse.dns_lists]]\nzone = \"good.example\"\nof = \"good-addresses\"",
        );
        let abuse = abuse.unwrap().abuse;
        assert_eq!(abuse.state, Path::new("/etc/smtpd/state"));
        assert_eq!((abuse.connections_per_network, abuse.connections_per_user), (50, 9));
        assert_eq!((abuse.impostors, abuse.bulk_bounces), (Treatment::Accept, Treatment::Accept));
        let hello = [abuse.malformed_hello, abuse.unqualified_hello, abuse.unresolvable_hello];
        assert_eq!((hello, abuse.user_etrn_per_hour), ([Treatment::Refuse; 3], 0));
        assert_eq!(abuse.greylist, Some(Duration::from_mins(1)));
        assert_eq!((abuse.dns_lists.len(), abuse.dns_threshold), (3, 3));
    }

    #[test]
    fn mistakes_are_shown_with_their_places() {
        for (abuse, expected) in [
            ("unnamed_clients = \"refuse\"", "smtpd.toml:3:19: nobody knows whether clients have names"),
            ("greylist_delay = \"5 min\"", "smtpd.toml:3:18: nobody waits so long"),
            (
                "greylist = true\ngreylist_delay = \"soon\"",
                "smtpd.toml:4:18: \"soon\" is no delay of 24 h at most",
            ),
            ("dns_threshold = 0", "smtpd.toml:3:17: everybody would be refused"),
            ("[[abuse.dns_lists]]\nzone = \"a list\"", "smtpd.toml:4:8: \"a list\" is no domain name"),
            (
                "[[abuse.dns_lists]]\nzone = \"list.example\"\ncodes = [\"127.0.0.2\", \"2\"]",
                "smtpd.toml:5:23: \"2\" is no answer of a list",
            ),
            ("bulk_bounces = \"no\"", "smtpd.toml:3:16: unknown variant `no`"),
            ("impostors = \"ignore\"", "smtpd.toml:3:13: unknown variant `ignore`"),
        ] {
            let shown = check(abuse).unwrap_err().to_string();
            assert!(shown.starts_with(expected), "{expected}\n{shown}");
        }
    }
}
