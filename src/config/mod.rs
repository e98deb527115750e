//! Strict readers of `format.toml`, `config.toml` and profiles; the built-in profiles.
