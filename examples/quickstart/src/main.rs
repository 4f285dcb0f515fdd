//! The thirty-line server of the README.

fn main() {}
