//! Stores that ask web services.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http;
#[cfg(test)]
mod process;
