//! Stores that ask web services.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http;
#[cfg(test)]
mod introspection;
#[cfg(test)]
mod jwt;
#[cfg(test)]
mod provider;
