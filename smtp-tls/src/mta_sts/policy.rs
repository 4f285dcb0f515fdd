use std::time::Duration;

/// No policy holds for longer than about a year (RFC 8461 section 3.2).
const MAX_AGE: u64 = 31_557_600;
/// More servers nobody has.
const MAX_HOSTS: usize = 200;

/// What a domain publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) mode: Mode,
    /// The servers, in lower case; `*.` stands for one label.
    hosts: Vec<String>,
    pub(crate) max_age: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Mail that cannot be sent so is not sent.
    Enforce,
    /// Faults are reported, and mail is sent all the same.
    Testing,
    /// There is no policy any more.
    None,
}

impl Policy {
    /// Reads the text of a policy (section 3.2). Keys that are not known are passed over, and of a key
    /// that stands twice the first counts.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (mut version, mut mode, mut max_age, mut hosts) = (None, None, None, Vec::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once(':').ok_or("a line has no colon")?;
            let value = value.trim();
            match key.trim() {
                "version" => version = version.or(Some(value)),
                "mode" => mode = mode.or(Some(value)),
                "max_age" => max_age = max_age.or(Some(value)),
                "mx" if hosts.len() == MAX_HOSTS => return Err("there are too many servers"),
                "mx" => hosts.push(value.trim_end_matches('.').to_ascii_lowercase()),
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err("the version is not STSv1");
        }
        let mode = match mode {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            _ => return Err("there is no mode that is known"),
        };
        if hosts.is_empty() && mode != Mode::None {
            return Err("there is no server");
        }
        let digits = max_age.filter(|age| age.len() <= 10 && age.bytes().all(|digit| digit.is_ascii_digit()));
        let seconds: u64 = digits.and_then(|age| age.parse().ok()).ok_or("there is no max_age")?;
        Ok(Self { mode, hosts, max_age: Duration::from_secs(seconds.min(MAX_AGE)) })
    }

    /// Whether this server is one of the policy (section 4.1).
    pub(crate) fn allows(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => {
                host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent)
            }
            None => *pattern == host,
        })
    }
}

/// The id of the policy in a TXT record of `_mta-sts` (section 3.1).
pub(super) fn id(record: &str) -> Option<String> {
    let mut fields = record.split(';').map(str::trim);
    if fields.next()? != "v=STSv1" {
        return None;
    }
    let id = fields.find_map(|field| field.strip_prefix("id="))?;
    let well_formed = (1..=32).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_alphanumeric());
    well_formed.then(|| id.to_owned())
}
