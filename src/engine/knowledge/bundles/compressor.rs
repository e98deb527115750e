//! The command that shortens instead of this program, where the base's config names one.
//!
//! It reads the sources on standard input and writes the shorter text to standard output. It is believed nothing: the gate
//! looks up every fact that must be kept.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use super::making::readable;
use crate::engine::error::EngineError;
use crate::engine::running::{self, Ending, Leftovers, Supervisor};
use crate::engine::site::Site;
use crate::model::bundle::BundleType;
use crate::model::policy::Compressor;
use crate::text::units::Source;

/// Output beyond so many bytes is no bundle, and ends the command.
const MAX_OUTPUT: u64 = 1024 * 1024;
/// How much of what it said is shown.
const SHOWN: usize = 600;

/// What the command makes of the sources.
///
/// It is told in AGENTOPS_BUNDLE_TYPE what the bundle is for, and in AGENTOPS_BUNDLE_TOKENS how many tokens are wanted. Above
/// each of several sources a line names it.
/// Errors: `MissingTool`, or `Refused` where it fails, takes too long, or gives no text.
pub(super) fn run(
    site: &Site,
    compressor: &Compressor,
    sources: &[Source<'_>],
    kind: BundleType,
    wanted: usize,
) -> Result<String, EngineError> {
    let line = &compressor.run;
    let told = line.join(" ");
    let Some(folder) = site.repo.work_dir() else {
        return Err(EngineError::refused(
            "commands run in a working tree, and this repository is bare",
            "run it in a clone",
        ));
    };
    let unusable = |error: std::io::Error| {
        EngineError::refused(
            format!("the input or output of `{told}` cannot be kept: {error}"),
            "make room in the system's folder for temporary files, or name another one in TMPDIR",
        )
    };
    let failed = |how: String| {
        EngineError::refused(
            format!("the command `{told}`, which shortens bundles, {how}; nothing was written"),
            "mend it, or take `bundles.command` out of the config: agentops policy amend",
        )
    };
    // Files, not pipes: whoever writes while the other one does not read waits for ever.
    let (mut input, mut output) = (tempfile::tempfile().map_err(unusable)?, tempfile::tempfile().map_err(unusable)?);
    let mut errors = tempfile::tempfile().map_err(unusable)?;
    for source in sources {
        if sources.len() > 1 {
            writeln!(input, "**From `{}`**\n", source.name).map_err(unusable)?;
        }
        writeln!(input, "{}", source.text.trim_end()).map_err(unusable)?;
    }
    input.rewind().map_err(unusable)?;
    let mut command = running::command(line, folder);
    command
        .env("AGENTOPS_BUNDLE_TYPE", kind.as_str())
        .env("AGENTOPS_BUNDLE_TOKENS", wanted.to_string())
        .stdin(Stdio::from(input))
        .stdout(output.try_clone().map_err(unusable)?)
        .stderr(errors.try_clone().map_err(unusable)?);
    let limit = Duration::from_secs(u64::from(compressor.timeout_seconds));
    let is_long = |file: &File| file.metadata().is_ok_and(|file| file.len() > MAX_OUTPUT);
    let is_too_much = || is_long(&output) || is_long(&errors);
    let ending = Supervisor::new()?.wait(async {
        running::run(command, limit, Leftovers::End, Some(&is_too_much)).await.map_err(|error| {
            if error.kind() != std::io::ErrorKind::NotFound {
                return failed(format!("cannot be run: {error}"));
            }
            EngineError::MissingTool {
                tool: line[0].clone(),
                hint: "install it, or change `bundles.command` in the config with `agentops policy amend`".into(),
            }
        })
    })?;
    let status = match ending {
        Ending::Ended(_) | Ending::TooMuch if is_too_much() => {
            return Err(failed(format!("printed more than {MAX_OUTPUT} bytes")));
        }
        Ending::Ended(Ok(status)) => status,
        Ending::Ended(Err(error)) => return Err(failed(format!("cannot be waited for: {error}"))),
        Ending::TimeOver | Ending::TooMuch => {
            return Err(failed(format!("took more than {} seconds", compressor.timeout_seconds)));
        }
    };
    if !status.success() {
        let mut said = Vec::new();
        errors.rewind().and_then(|()| errors.take(MAX_OUTPUT).read_to_end(&mut said)).map_err(unusable)?;
        let said: String = String::from_utf8_lossy(&said).trim().chars().take(SHOWN).collect();
        let said = if said.is_empty() { String::new() } else { format!(": {}", crate::model::escape::visible(&said)) };
        return Err(failed(format!("ended with {status}{said}")));
    }
    let mut bytes = Vec::new();
    output.rewind().and_then(|()| output.take(MAX_OUTPUT).read_to_end(&mut bytes)).map_err(unusable)?;
    let what = |what: &str| format!("printed {} bytes that are {what}", bytes.len());
    match readable(&bytes) {
        _ if bytes.is_empty() => Err(failed("printed nothing on standard output".into())),
        None => Err(failed(what("not UTF-8"))),
        Some(text) if text.trim().is_empty() => Err(failed(what("no text that anybody could see"))),
        Some(text) => Ok(format!("{}\n", text.trim())),
    }
}
