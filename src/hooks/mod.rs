//! Git hook entry points and their installation: adapters, no rules.
