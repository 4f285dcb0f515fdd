//! AUTH as a layer: SASL mechanisms and credential stores.
