//! `agentops doctor`: whether git, the repository, its rules and its hooks are in order.

use serde::Serialize;

use super::{CommandError, Context, ErrorKind, Outcome};
use crate::engine::Site;
use crate::engine::doctor::{self, Finding, Grade};
use crate::hooks::Hook;
use crate::hooks::install::{self, Chained, InstallError, Proof, State};
use crate::ui::{error, good, hint, plain, strong, warning};

/// Look whether git, the repository, its rules and its hooks are in order
///
/// Exits 1 where something does not work. Nothing is changed without `--fix`, which finishes what a killed command left.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops doctor
  agentops doctor --fix
  agentops doctor --json")]
pub struct Arguments {
    /// Finish what a killed command left in index and working tree, and remove what it had half written
    #[arg(long)]
    fix: bool,
}

#[derive(Serialize)]
struct Body {
    healthy: bool,
    findings: Vec<Finding>,
}

/// Looks, and prints what it found.
pub(super) fn run(arguments: Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    let mut findings = vec![doctor::git()];
    match doctor::open(&context.dir, &context.env, &context.clock) {
        Ok((site, finding)) => {
            findings.push(finding);
            findings.extend(hooks(&site));
            findings.extend(doctor::examine(&site, arguments.fix)?);
        }
        Err(finding) => findings.push(finding),
    }
    let healthy = findings.iter().all(|finding| finding.grade != Grade::Fail);
    let body = Body { healthy, findings };
    context.ui.show(&body, |page| {
        for finding in &body.findings {
            let label = match finding.grade {
                Grade::Ok => good("ok  "),
                Grade::Warn => warning("warn"),
                Grade::Fail => error("fail"),
            };
            page.indented_label(0, [label, plain(" "), strong(finding.check)], &finding.what);
            if !finding.remedy.is_empty() {
                page.indented_label(5, [hint("fix")], &finding.remedy);
            }
        }
    });
    let at = |grade| body.findings.iter().filter(|finding| finding.grade == grade).count();
    context.ui.talk(format!(
        "{} failed, {} could be better, {} in order",
        at(Grade::Fail),
        at(Grade::Warn),
        at(Grade::Ok)
    ));
    Ok(if healthy { Outcome::Done } else { Outcome::Ended(ErrorKind::Failure) })
}

/// How the hooks stand: missing ones only warn, because CI is the authority; changed ones fail.
fn hooks(site: &Site<'_>) -> Vec<Finding> {
    const CHECK: &str = "hooks";
    let all = match install::status(site) {
        Ok(all) => all,
        Err(error) => return vec![Finding::fail(CHECK, error.to_string(), error.hint().unwrap_or_default())],
    };
    if site.repo.is_bare() && all.iter().all(|status| matches!(status.state, State::Missing | State::Foreign)) {
        let none = "none: nobody commits in a bare repository, and pushes are not judged here; `agentops hooks install --server` \
                    puts the hook that judges them in place";
        return vec![Finding::ok(CHECK, none)];
    }
    let (own, command) = match site.repo.is_bare() {
        true => (Hook::SERVER, "`agentops hooks install --server`"),
        false => (Hook::CLIENT, "`agentops hooks install`"),
    };
    let mut found = Vec::new();
    // What a dry run of the installation refuses, an installation would.
    if let Err(error) = install::install(site, own, true) {
        found.push(Finding::fail(CHECK, error.to_string(), error.hint().unwrap_or_default()));
        if matches!(error, InstallError::Owned { .. }) {
            return found;
        }
    }
    let missing = all.iter().filter(|status| status.state == State::Missing);
    let missing: Vec<&str> = missing.map(|status| status.hook.name()).collect();
    if !missing.is_empty() {
        let remedy = format!("{command} puts them in place");
        found.push(Finding::warn(CHECK, format!("not installed: {}", missing.join(", ")), remedy));
    }
    for status in &all {
        let name = status.hook.name();
        match &status.state {
            State::Installed(_) | State::Calls | State::Missing => {}
            State::NoFile(kind) => {
                let what = format!("`{}` is {kind}, which git cannot run", status.file.display());
                found.push(Finding::fail(CHECK, what, format!("remove it; {command} puts the hook in place")));
            }
            State::Foreign => {
                let what = format!("`{name}` is somebody else's");
                found.push(Finding::warn(CHECK, what, format!("{command} runs it first, then its own")));
            }
            State::OtherBinary(binary) => {
                let what = format!("`{name}` starts another binary, `{}`", binary.display());
                found.push(Finding::warn(CHECK, what, format!("{command} writes this one into it")));
            }
            State::BinaryGone(binary) => {
                let what =
                    format!("`{name}` starts `{}`, which is not there: git refuses what it guards", binary.display());
                found.push(Finding::fail(CHECK, what, format!("{command} puts it in place")));
            }
            State::Tampered => {
                let what = format!("`{name}` was changed since it was installed, or may not be run");
                found.push(Finding::fail(
                    CHECK,
                    what,
                    format!("{command} writes it anew, and keeps beside it what somebody wrote there"),
                ));
            }
        }
    }
    if found.is_empty() {
        let chained = all.iter().filter(|status| status.chained == Chained::Run).count();
        let mut more = if chained > 0 { format!(", {chained} with a chained hook") } else { String::new() };
        let untried = all.iter().filter(|status| status.proof != Proof::Direct).count();
        if untried > 0 {
            more.push_str(&format!(", {untried} by way of other hooks: `agentops hooks status --prove` tries them"));
        }
        found.push(Finding::ok(CHECK, format!("{} installed{more}", all.len())));
    }
    found
}
