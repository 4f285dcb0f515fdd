//! Policies as layers: relaying, VRFY and EXPN, and functions of your own.
