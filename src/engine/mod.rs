//! Use cases, one function each: what a verb does, without printing it.
