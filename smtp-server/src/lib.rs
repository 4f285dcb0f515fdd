//! The connection driver, the accept loop, and one door to the whole framework.
