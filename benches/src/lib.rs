//! Benchmarks of the codec, the layers and the whole server.
