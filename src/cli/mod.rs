//! Clap types, one file per noun, lowered to requests of the engine; errors become exit codes.
