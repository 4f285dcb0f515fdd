use serde_json::Value;

use super::Claims;

/// Which tokens are good here, and whose they are.
///
/// ```
/// use smtp_auth::TokenRules;
///
/// let rules = TokenRules::new("email")
///     .issuer("https://login.example.org")
///     .audience("smtp.example.org")
///     .scope("mail.send");
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TokenRules {
    name_claim: String,
    pub(super) issuers: Vec<String>,
    pub(super) audiences: Vec<String>,
    scopes: Vec<String>,
}

impl TokenRules {
    /// Takes the user's name from this claim: `sub`, `username`, `preferred_username`, `email`, whatever
    /// the server gives and no user can choose. An `email` that the server says is not verified is
    /// nobody's.
    pub fn new(name_claim: impl Into<String>) -> Self {
        Self { name_claim: name_claim.into(), issuers: Vec::new(), audiences: Vec::new(), scopes: Vec::new() }
    }

    /// Takes tokens of this issuer (`iss`). Called again, those of another too.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Takes tokens that are meant for this audience (`aud`). Called again, those for another too.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Takes only tokens with this scope (`scope`, or `scp` as some servers call it). Called again, only
    /// those that have the other too.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// The name of the user whose token has these claims; `None` if it is not good here.
    pub(super) fn name_of<'a>(&self, claims: &'a Claims) -> Option<&'a str> {
        let values = |claim: &str| strings(claims.get(claim));
        let named = |allowed: &[String], claim: &str| {
            allowed.is_empty() || values(claim).any(|value| allowed.iter().any(|allowed| allowed == value))
        };
        let has_scope = |scope: &String| {
            let granted = values("scope").chain(values("scp")).flat_map(|scopes| scopes.split(' '));
            granted.into_iter().any(|granted| granted == scope)
        };
        let good = named(&self.issuers, "iss")
            && named(&self.audiences, "aud")
            && self.scopes.iter().all(has_scope)
            && (self.name_claim != "email" || may_be_verified(claims.get("email_verified")));
        let name = claims.get(&self.name_claim).and_then(Value::as_str).filter(|name| !name.is_empty());
        name.filter(|_| good)
    }
}

/// Whether nothing says that an address is not verified. Some servers say it by a word.
fn may_be_verified(claim: Option<&Value>) -> bool {
    match claim {
        None | Some(Value::Null) => true,
        Some(claim) => claim.as_bool() == Some(true) || claim.as_str() == Some("true"),
    }
}

/// A claim that is a text or a list of texts.
fn strings(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let several = claim.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    claim.and_then(Value::as_str).into_iter().chain(several.iter().filter_map(Value::as_str))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_rule_counts() {
        let rules =
            TokenRules::new("email").issuer("a").issuer("b").audience("smtp").scope("send").scope("read");
        let name = |claims: Value| rules.name_of(claims.as_object().unwrap()).map(str::to_owned);
        let good = json!({"email": "x", "iss": "b", "aud": ["imap", "smtp"], "scope": "read send more"});
        assert_eq!(name(good.clone()).as_deref(), Some("x"));
        for (claim, values) in [
            ("email", vec![json!(null), json!(""), json!(7), json!(["x"])]),
            ("email_verified", vec![json!(false), json!("false"), json!(0), json!([true])]),
            ("iss", vec![json!(null), json!("c"), json!("a b"), json!(7)]),
            ("aud", vec![json!(null), json!("smtp2"), json!([]), json!({"smtp": 1}), json!(["x", 7])]),
            ("scope", vec![json!(null), json!("send"), json!("sender read"), json!(["send"])]),
        ] {
            for value in values {
                let mut claims = good.clone();
                claims[claim] = value;
                assert_eq!(name(claims.clone()), None, "{claims}");
            }
        }
        for (claim, value) in [
            ("aud", json!("smtp")),
            ("scope", json!(["send", "read"])),
            ("scp", json!("x")),
            ("email_verified", json!(true)),
            ("email_verified", json!("true")),
            ("email_verified", json!(null)),
        ] {
            let mut claims = good.clone();
            claims[claim] = value;
            assert_eq!(name(claims).as_deref(), Some("x"), "{claim}");
        }
        let mut claims = good;
        claims["scp"] = claims["scope"].take();
        assert_eq!(name(claims).as_deref(), Some("x"));
    }

    #[test]
    fn without_rules_a_name_is_enough() {
        let claims = json!({"username": "alice"});
        assert_eq!(TokenRules::new("username").name_of(claims.as_object().unwrap()), Some("alice"));
        assert_eq!(TokenRules::new("sub").name_of(claims.as_object().unwrap()), None);
    }
}
