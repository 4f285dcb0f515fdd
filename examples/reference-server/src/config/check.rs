//! From what is written to what is meant. All problems are found in one go.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smtp_server::Domain;
use smtp_server::auth::Mechanism;
use smtp_server::policy::IpNet;
use smtp_server::policy::access_map::Tag;
use toml::Spanned;

use super::file::{self, File, ListenerTable};
use super::listener::Forwarder;
use super::listener::Names;
use super::problem::Problem;
use super::tls::{RelayTlsTable, TlsTable};
use super::{
    Address, Config, Demanded, Kind, Limits, Listener, Log, RelayTls, Smtp, Tls, defaults, duration, size,
};

pub(super) struct Check<'a> {
    pub(super) folder: &'a Path,
    data_dir: Option<&'a Path>,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    pub(super) fn new(folder: &'a Path, data_dir: Option<&'a Path>) -> Self {
        Self { folder, data_dir, problems: Vec::new() }
    }

    pub(super) fn config(mut self, mut file: File) -> Result<Config, Vec<Problem>> {
        let hostname = self.hostname(file.hostname.as_ref());
        let data_dir = match self.data_dir {
            Some(folder) => folder.to_owned(),
            None => self.path(file.data_dir).unwrap_or_else(|| PathBuf::from(defaults::DATA_DIR)),
        };
        let local_domains = self.local_domains(file.local.domains.as_ref(), hostname.as_ref());
        let listeners = self.listeners(file.listener);
        let tls = self.tls(file.tls);
        let has_next_hop = file.relay.next_hop.is_some();
        let login = file.relay.auth.and_then(|login| self.login(login, has_next_hop));
        let programs = self.programs(&file.local.programs, file.local.programs_as.as_ref());
        let aliases = self.aliases(file.local.aliases.as_ref(), programs.as_ref());
        let directory = self.directory(file.directory.as_ref(), file.local.aliases.is_some());
        let access = self.access_map(file.access.map.as_ref());
        let entries = access.as_ref().is_some_and(|map| map.last_rules().has(Tag::AuthInfo));
        let relay_tls = self.relay_tls(file.relay.tls, login.is_some() || entries);
        let mechanisms = self.mechanisms(file.auth.mechanisms.as_ref());
        let users = self.path(file.auth.users.take()).unwrap_or_else(|| data_dir.join("users"));
        let (certificates, senders) = (file.auth.certificates, file.auth.senders);
        let stores = self.stores(file.auth);
        let outbound = file.relay.outbound;
        let queue = self.queue(file.queue, data_dir.join("queue"));
        let next_hop = file.relay.next_hop.as_ref().and_then(|next_hop| self.next_hop(next_hop));
        let trusted_networks = self.networks(&file.relay.trusted_networks);
        let name_servers = self.name_servers(&file.dns);
        let smtp = self.smtp(&file.smtp);
        let limits = self.limits(&file.limits);
        let mailboxes = self.path(file.local.mailboxes).unwrap_or_else(|| data_dir.join("mail"));
        let quota = file.local.quota.as_ref().and_then(|text| self.quota(text));
        let checks = file.access.checks;
        let client_names = file.access.client_names;
        let trusted_domains = self.trusted_domains(file.access.trusted_domains.as_ref(), client_names);
        let abuse = self.abuse(file.abuse, &data_dir, client_names);
        let log = Log { level: file.log.level, format: file.log.format };
        match hostname {
            Some(hostname) if self.problems.is_empty() => Ok(Config {
                hostname,
                data_dir,
                listeners,
                tls,
                users,
                stores,
                mechanisms,
                certificates,
                senders,
                local_domains,
                mailboxes,
                quota,
                directory,
                aliases,
                programs,
                access,
                trusted_domains,
                client_names,
                checks,
                next_hop,
                outbound,
                queue,
                relay_tls,
                login,
                trusted_networks,
                name_servers,
                smtp,
                limits,
                abuse,
                log,
            }),
            _ => Err(self.problems),
        }
    }

    pub(super) fn path(&self, path: Option<PathBuf>) -> Option<PathBuf> {
        path.map(|path| self.folder.join(path))
    }

    pub(super) fn refuse(&mut self, at: &Spanned<impl Sized>, what: impl Into<String>, help: &str) {
        self.problems.push(Problem::new(at.span(), what, help));
    }

    /// The value, or a problem that shows the text.
    pub(super) fn read<T>(
        &mut self,
        text: &Spanned<String>,
        read: impl FnOnce(&str) -> Option<T>,
        what: &str,
        help: &str,
    ) -> Option<T> {
        let value = read(text.get_ref());
        if value.is_none() {
            self.refuse(text, format!("{:?} is no {what}", text.get_ref()), help);
        }
        value
    }

    fn domain(&mut self, text: &Spanned<String>) -> Option<Domain> {
        let help = "write letters, digits and hyphens with dots between them, such as \"mail.example.org\"";
        self.read(text, |text| text.parse().ok(), "domain name", help)
    }

    fn hostname(&mut self, text: Option<&Spanned<String>>) -> Option<Domain> {
        if let Some(text) = text {
            return self.domain(text);
        }
        let hostname = defaults::hostname();
        if hostname.is_none() {
            let what = "this computer's own name is no domain name";
            self.problems.push(Problem::new(0..0, what, "add hostname = \"mail.example.org\""));
        }
        hostname
    }

    fn local_domains(
        &mut self,
        domains: Option<&Spanned<Vec<Spanned<String>>>>,
        hostname: Option<&Domain>,
    ) -> Vec<Domain> {
        let Some(domains) = domains else { return hostname.cloned().into_iter().collect() };
        if domains.get_ref().is_empty() {
            self.refuse(domains, "there is no local domain", "name one, or leave the line out");
        }
        domains.get_ref().iter().filter_map(|domain| self.domain(domain)).collect()
    }

    fn listeners(&mut self, tables: Option<Spanned<Vec<ListenerTable>>>) -> Vec<Listener> {
        let Some(tables) = tables else { return defaults::listeners() };
        if tables.get_ref().is_empty() {
            self.refuse(&tables, "there is no listener", "add a [[listener]], or leave the line out");
        }
        let mut names = Names::new(tables.get_ref());
        let mut listeners: Vec<Listener> = Vec::new();
        for table in tables.into_inner() {
            let listener = self.listener(&table, &mut names);
            let present = |clashes: fn(&Listener, &Listener) -> bool| {
                listeners.iter().find(|present| clashes(present, &listener))
            };
            if let (Some(name), Some(present)) = (&table.name, present(Listener::is_called_as)) {
                let what = format!("there is a listener {:?} already, on {}", present.name, present.address);
                self.refuse(name, what, "choose another name, or leave the line out");
            }
            if let Some(present) = present(Listener::is_where) {
                let what = format!("listener {:?} has the address {} already", present.name, present.address);
                self.refuse(&table.address, what, "choose another address or port");
            }
            listeners.push(listener);
        }
        listeners
    }

    fn listener(&mut self, table: &ListenerTable, names: &mut Names) -> Listener {
        let help = "write an IP address and a port, such as \"0.0.0.0:25\" or \"[::]:25\", \"unix:\" and the path of \
                    a socket, or \"systemd:\" and the name of one";
        let folder = self.folder;
        let address =
            self.read(&table.address, |text| Address::parse(text, folder), "address with a port", help);
        let address = address.unwrap_or_else(|| Address::Tcp(SocketAddr::from(([0, 0, 0, 0], 0))));
        // RFC 2033 section 5: whoever sends by SMTP would be refused there.
        if table.kind == Kind::Lmtp && address.tcp().is_some_and(|address| address.port() == 25) {
            self.refuse(
                &table.address,
                "port 25 is for SMTP, not for LMTP",
                "choose another port, such as 24",
            );
        }
        let name = match &table.name {
            None => names.of(table.kind),
            Some(name) => {
                if name.get_ref().is_empty() || !name.get_ref().chars().all(|c| c.is_ascii_graphic()) {
                    let help = "write letters, digits and hyphens";
                    self.refuse(name, "a listener's name is one word", help);
                }
                name.get_ref().clone()
            }
        };
        let mut listener = Listener::new(name, address, table.kind);
        let octal = |text: &str| u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
        let help = "write three octal digits, such as \"660\" for the owner and the group";
        if let Some(mode) = table.mode.as_ref().and_then(|mode| self.read(mode, octal, "mode", help)) {
            listener.mode = mode;
        }
        listener.client_certificates = table.client_certificates;
        let help = "write an address and a prefix length, such as \"192.0.2.10/32\", or \"unix\"";
        let forwarder = |text: &str| match text {
            "unix" => Some(Forwarder::Local),
            network => network.parse().ok().map(Forwarder::Network),
        };
        let named = table.proxy_from.iter();
        listener.proxy_from = named.filter_map(|text| self.read(text, forwarder, "network", help)).collect();
        listener.share_port = table.share_port;
        listener
    }

    fn tls(&mut self, table: Option<Spanned<TlsTable>>) -> Tls {
        let Some(table) = table else { return Tls::default() };
        let (span, table) = (table.span(), table.into_inner());
        let never_asked = self.networks(&table.never_asked);
        table.read(self.folder, never_asked).unwrap_or_else(|what| self.wrong(span, what))
    }

    fn relay_tls(&mut self, table: Option<Spanned<RelayTlsTable>>, logs_in: bool) -> RelayTls {
        // A password goes to no stranger.
        let demand = if logs_in { Demanded::Verified } else { Demanded::default() };
        let Some(table) = table else { return RelayTls { demand, ..RelayTls::default() } };
        let span = table.span();
        table.into_inner().read(self.folder, demand).unwrap_or_else(|what| self.wrong(span, what))
    }

    fn wrong<T: Default>(&mut self, span: std::ops::Range<usize>, what: String) -> T {
        self.problems.push(Problem::new(span, what, "correct this table"));
        T::default()
    }

    fn mechanisms(&mut self, names: Option<&Spanned<Vec<Spanned<String>>>>) -> Vec<Mechanism> {
        names.map_or_else(defaults::mechanisms, |names| self.named_mechanisms(names))
    }

    pub(super) fn named_mechanisms(&mut self, names: &Spanned<Vec<Spanned<String>>>) -> Vec<Mechanism> {
        let known: Vec<&str> = Mechanism::ALL.iter().map(|mechanism| mechanism.name()).collect();
        let help = format!("there are {}", known.join(", "));
        if names.get_ref().is_empty() {
            self.refuse(names, "there is no mechanism", &help);
        }
        let read = |name: &Spanned<String>| self.read(name, Mechanism::from_name, "known mechanism", &help);
        names.get_ref().iter().filter_map(read).collect()
    }

    fn next_hop(&mut self, text: &Spanned<String>) -> Option<(String, u16)> {
        let help = "write a host and a port, such as \"smtp.example.net:25\" or \"[2001:db8::25]:25\"";
        self.read(text, host_and_port, "host with a port", help)
    }

    fn networks(&mut self, networks: &[Spanned<String>]) -> Vec<IpNet> {
        let help = "write an address and a prefix length, such as \"192.0.2.0/24\"";
        networks
            .iter()
            .filter_map(|text| self.read(text, |text| text.parse().ok(), "network", help))
            .collect()
    }

    fn quota(&mut self, text: &Spanned<String>) -> Option<u64> {
        let help = "write a whole number and a unit, such as \"2 GiB\", or leave this out for no quota";
        self.read(text, |text| size::parse(text).filter(|&size| size > 0), "size", help)
    }

    fn limits(&mut self, limits: &file::Limits) -> Limits {
        let default = defaults::LIMITS;
        let help =
            "write a whole number and a unit, such as \"25 MiB\"; units are B, KiB, MiB, GiB, kB, MB, GB";
        let message_size = limits.message_size.as_ref().and_then(|text| {
            self.read(text, |text| size::parse(text).filter(|&size| size > 0), "size", help)
        });
        Limits {
            message_size: message_size.unwrap_or(default.message_size),
            line_length: limits.line_length.as_ref().map(|octets| self.line_length(octets)),
            data_rate: limits.data_rate.as_ref().map_or(default.data_rate, |rate| *rate.get_ref()),
            commands: self.budget(limits.commands.as_ref(), default.commands),
            errors: self.budget(limits.errors.as_ref(), default.errors),
            error_delay: limits
                .error_delay
                .as_ref()
                .and_then(|text| self.short_delay(text))
                .unwrap_or(default.error_delay),
            messages: self.budget(limits.messages.as_ref(), default.messages),
            recipients: self.count(limits.recipients.as_ref(), default.recipients),
            connections: self.count(limits.connections.as_ref(), default.connections),
            connections_per_client: self
                .count(limits.connections_per_client.as_ref(), default.connections_per_client),
            command_timeout: self.duration(limits.command_timeout.as_ref(), default.command_timeout),
            data_timeout: self.duration(limits.data_timeout.as_ref(), default.data_timeout),
            shutdown_timeout: self.duration(limits.shutdown_timeout.as_ref(), default.shutdown_timeout),
        }
    }

    fn smtp(&mut self, smtp: &file::Smtp) -> Smtp {
        let delay = smtp.greeting_delay.as_ref().and_then(|text| self.short_delay(text));
        Smtp {
            bare_line_endings: smtp.bare_line_endings,
            greeting_delay: delay.unwrap_or_default(),
            utf8: smtp.utf8.unwrap_or(true),
        }
    }

    fn short_delay(&mut self, text: &Spanned<String>) -> Option<Duration> {
        let read = |text: &str| duration::parse(text).filter(|delay| delay.as_secs() <= 30);
        self.read(text, read, "delay of 30 s at most", "write a whole number of seconds, such as \"5 s\"")
    }

    fn line_length(&mut self, octets: &Spanned<u32>) -> usize {
        // RFC 5321 section 4.5.3.1.6.
        if *octets.get_ref() < 1000 {
            self.refuse(octets, "clients may send lines of 1000 octets", "write 1000 or more");
        }
        *octets.get_ref() as usize
    }

    fn budget(&mut self, count: Option<&Spanned<u32>>, default: u32) -> u32 {
        // Counts of 32 bits fit.
        u32::try_from(self.count(count, default as usize)).unwrap_or(default)
    }

    pub(super) fn count(&mut self, count: Option<&Spanned<u32>>, default: usize) -> usize {
        let Some(count) = count else { return default };
        if *count.get_ref() == 0 {
            self.refuse(count, "nothing would ever get through", "write 1 or more");
        }
        *count.get_ref() as usize
    }

    pub(super) fn duration(&mut self, text: Option<&Spanned<String>>, default: Duration) -> Duration {
        let help = "write a whole number and a unit, such as \"5 min\"; units are s, min, h and d";
        let read = |text: &str| duration::parse(text).filter(|duration| !duration.is_zero());
        text.and_then(|text| self.read(text, read, "duration", help)).unwrap_or(default)
    }
}

/// An address or a name.
#[cfg(feature = "ldap")]
pub(super) fn host(text: &str) -> Option<String> {
    let literal = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    match literal {
        Some(literal) => literal.parse::<std::net::Ipv6Addr>().ok().map(|ip| ip.to_string()),
        None => text.parse::<Domain>().ok().map(|domain| domain.to_string()),
    }
}

pub(super) fn host_and_port(text: &str) -> Option<(String, u16)> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return (address.port() > 0).then(|| (address.ip().to_string(), address.port()));
    }
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|&port| port > 0)?;
    let host: Domain = host.parse().ok()?;
    Some((host.to_string(), port))
}
