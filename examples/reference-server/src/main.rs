//! A mail server for a small organisation, stacked from the public API.

fn main() {}
