//! Deliveries as services: trace fields, Maildir, relaying to a next hop, routing.
