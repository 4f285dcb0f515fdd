//! STARTTLS as a layer, implicit TLS and certificates, over rustls.
