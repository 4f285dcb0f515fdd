mod client_tls;
mod layer;
mod lookups;
