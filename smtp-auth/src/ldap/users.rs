use ldap3::controls::RawControl;
use ldap3::{Ldap, Scope, SearchEntry, SearchOptions, dn_escape, ldap_escape};
use smtp_core::Secret;

use super::error::{DirectoryError, LdapTemplateError};
use super::outcome::{self, PASSWORD_POLICY};
use super::template::Template;
use crate::store::{PasswordLogin, Verdict};

/// Asks for no attributes (RFC 4511 section 4.5.1.8).
const NO_ATTRIBUTES: &str = "1.1";

/// How the name of a user becomes an entry of the directory.
///
/// In patterns `{name}` stands for the name that the client sent, `{user}` for what is before its last
/// `@` (all of it, if there is none), and `{domain}` for what is behind.
#[derive(Debug, Clone)]
pub struct LdapUsers(Way);

#[derive(Debug, Clone)]
enum Way {
    Template(Template),
    Search(Search),
}

#[derive(Debug, Clone)]
struct Search {
    base: String,
    filter: Template,
    account: Option<(String, Secret)>,
    name: Option<String>,
}

/// An entry that a search found.
struct Found {
    dn: String,
    /// How it spells the name of its user, if it is asked.
    name: Option<String>,
}

impl LdapUsers {
    /// Users whose distinguished names follow a pattern, such as `uid={user},ou=people,dc=example,dc=org`.
    ///
    /// Directories make no difference between capital and small letters, with `{user}` alone there is none
    /// between domains, and the identity is what the client sent. Whoever gives rights to names prefers a [`search`](Self::search) with a
    /// [`name_attribute`](Self::name_attribute).
    ///
    /// # Errors
    /// If there is no place for a name in it.
    pub fn template(dn: &str) -> Result<Self, LdapTemplateError> {
        Ok(Self(Way::Template(Template::parse(dn)?)))
    }

    /// Users that a filter (RFC 4515) finds below `base`, such as `(&(objectClass=person)(mail={name}))`.
    /// If it finds more than one, nobody is let in.
    ///
    /// # Errors
    /// If it is no filter, or there is no place for a name in it.
    pub fn search(base: impl Into<String>, filter: &str) -> Result<Self, LdapTemplateError> {
        let template = Template::parse(filter)?;
        if ldap3::parse_filter(template.fill("x@x", |value| value.into())).is_err() {
            return Err(LdapTemplateError::Filter(filter.to_owned()));
        }
        Ok(Self(Way::Search(Search { base: base.into(), filter: template, account: None, name: None })))
    }

    /// Searches as this entry, with its password. Without one the search is anonymous. Means nothing to a
    /// [`template`](Self::template).
    #[must_use]
    pub fn account(mut self, dn: impl Into<String>, password: Secret) -> Self {
        if let Way::Search(search) = &mut self.0 {
            search.account = Some((dn.into(), password));
        }
        self
    }

    /// Calls the user what this attribute of the entry says, whatever the client sent. It must have one
    /// value. Means nothing to a [`template`](Self::template).
    #[must_use]
    pub fn name_attribute(mut self, attribute: impl Into<String>) -> Self {
        if let Way::Search(search) = &mut self.0 {
            search.name = Some(attribute.into());
        }
        self
    }

    pub(super) async fn verify(
        &self,
        ldap: &mut Ldap,
        login: &PasswordLogin,
    ) -> Result<Verdict, DirectoryError> {
        match &self.0 {
            Way::Template(template) => {
                let dn = template.fill(&login.name, |value| dn_escape(value));
                bind(ldap, &dn, &login.password).await
            }
            Way::Search(search) => match search.find(ldap, &login.name).await? {
                Some(Found { dn, name }) => {
                    let verdict = bind(ldap, &dn, &login.password).await?;
                    Ok(match name {
                        Some(name) if verdict == Verdict::Accepted && name != login.name => {
                            Verdict::AcceptedAs(name)
                        }
                        _ => verdict,
                    })
                }
                None => {
                    // As many steps as for a user. What holds the users has no password.
                    let _ = bind(ldap, &search.base, &login.password).await;
                    Ok(Verdict::Refused)
                }
            },
        }
    }
}

impl Search {
    async fn find(&self, ldap: &mut Ldap, name: &str) -> Result<Option<Found>, DirectoryError> {
        if let Some((dn, password)) = &self.account {
            let result = ldap.simple_bind(dn, password.expose_str().unwrap_or_default()).await?;
            if result.rc != 0 {
                return Err(DirectoryError::result("the account of the search is refused")(result));
            }
        }
        let filter = self.filter.fill(name, |value| ldap_escape(value));
        let attribute = self.name.as_deref().unwrap_or(NO_ATTRIBUTES);
        ldap.with_search_options(SearchOptions::new().sizelimit(2));
        let found = ldap.search(&self.base, Scope::Subtree, &filter, [attribute]).await?;
        match outcome::of_search(found.1)? {
            outcome::Search::Complete if found.0.len() < 2 => {
                found.0.into_iter().next().map(|entry| self.read(SearchEntry::construct(entry))).transpose()
            }
            _ => {
                tracing::error!(name, "more than one entry of the directory has this name");
                Ok(None)
            }
        }
    }

    fn read(&self, entry: SearchEntry) -> Result<Found, DirectoryError> {
        let SearchEntry { dn, attrs, .. } = entry;
        let Some(attribute) = &self.name else { return Ok(Found { dn, name: None }) };
        // Directories spell the names of attributes as they like.
        let mut values = attrs.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case(attribute));
        let name = match values.next().map(|(_, values)| <[String; 1]>::try_from(values)) {
            Some(Ok([name])) if !name.is_empty() && !name.contains(char::is_control) => name,
            _ => return Err(DirectoryError::Name { dn, attribute: attribute.clone() }),
        };
        Ok(Found { dn, name: Some(name) })
    }
}

/// Binds as an entry: whether the password is its own.
async fn bind(ldap: &mut Ldap, dn: &str, password: &Secret) -> Result<Verdict, DirectoryError> {
    // The library knows no other type; its copies are not wiped.
    let Some(password) = password.expose_str() else { return Ok(Verdict::Refused) };
    ldap.with_controls(RawControl { ctype: PASSWORD_POLICY.to_owned(), crit: false, val: None });
    let result = ldap.simple_bind(dn, password).await?;
    outcome::of_bind(&result).ok_or_else(|| DirectoryError::result("the bind failed")(result))
}
