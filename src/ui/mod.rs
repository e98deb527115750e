//! The only printer: human text, JSON, colour, escaping, prompts.
