use smtp_core::Domain;

/// The argument of ETRN: whose mail is asked for (RFC 1985 section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Etrn {
    /// `example.org`: that of this host.
    Domain(Domain),
    /// `@example.org`: that of this domain and of all hosts in it.
    Subdomains(Domain),
    /// `#name`: that of a queue by its name, printable ASCII without spaces.
    Queue(String),
}

impl Etrn {
    /// Reads the argument; `None` if it is malformed.
    pub(super) fn parse(argument: &str) -> Option<Self> {
        let argument = argument.trim();
        if let Some(name) = argument.strip_prefix('#') {
            let fits = !name.is_empty() && !name.contains(' ');
            return fits.then(|| Self::Queue(name.to_owned()));
        }
        match argument.strip_prefix('@') {
            Some(domain) => domain.parse().ok().map(Self::Subdomains),
            None => argument.parse().ok().map(Self::Domain),
        }
    }
}
