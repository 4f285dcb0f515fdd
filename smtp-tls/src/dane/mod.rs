//! DANE for SMTP (RFC 7672): domains publish in signed DNS which keys their servers have.

mod lookup;
mod records;
#[cfg(test)]
mod tests;

pub use lookup::Dane;
pub(crate) use records::Records;
