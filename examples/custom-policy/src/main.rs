//! A policy as an async function, with a test of its own.

fn main() {}
