//! The thin binary: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    agentops::cli::run(agentops::env::arguments())
}
