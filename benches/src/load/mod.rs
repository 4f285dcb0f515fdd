//! A client for loads that Postfix's smtp-source cannot make.

mod client;
mod content;
mod run;

pub use client::Client;
pub use content::{Shape, chunked, message, stuffed};
pub use run::{Load, Style, run};
