//! Hooks as git starts them: `agentops --git-hook <hook file> <arguments>…`, and `agentops hooks run`.
//!
//! Nothing of clap is built on this way. Whatever happens, git hears 0 or 1: a hook that could not judge has not passed.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::{CommandError, Options, settings};
use crate::clock::Clock;
use crate::engine::EngineError;
use crate::env::Env;
use crate::hooks::{self, Answer, Call, Hook, HookError};
use crate::model::law_id::Level;
use crate::model::report::Report;
use crate::ui::{ErrorBody, Mode, Page, ReportBody, Ui, error, hint, plain, strong};

/// The first argument that git gives us, by the first line of a hook file.
pub(super) const FLAG: &str = "--git-hook";

/// How a refusal is got around, and what comes of that.
const BYPASS: &str = "git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI";

fn bypass(hook: Hook) -> Option<&'static str> {
    // The others are not skipped so.
    Hook::CLIENT.contains(&hook).then_some(BYPASS)
}

/// Runs the hook whose file git started: `arguments` are those after the flag.
pub(super) fn run(arguments: &[OsString], env: &Env) -> ExitCode {
    let ui = Ui::new(settings::settings(&Options::default(), env));
    // Others keep our hook as the one that was there before them: `pre-commit install` calls it `pre-commit.legacy`.
    let name = |file: &OsString| {
        let name = Path::new(file).file_name()?.to_str()?;
        Hook::by_name(name.split('.').next().unwrap_or(name))
    };
    let Some((file, hook)) = arguments.first().and_then(|file| Some((PathBuf::from(file), name(file)?))) else {
        let given = arguments.first().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        let error = CommandError::failed(format!("`{given}` is no hook of agentops"))
            .hint("`agentops hooks install` writes those that it has; remove other copies of them");
        ui.error(&error.body());
        return ExitCode::FAILURE;
    };
    let clock = match Clock::from_env(env) {
        Ok(clock) => clock,
        Err(error) => {
            ui.error(&CommandError::failed(error).body());
            return ExitCode::FAILURE;
        }
    };
    let arguments = arguments[1..].to_vec();
    let passes = answer(&Call { hook, file: Some(file), arguments, dir: Path::new("."), env, clock: &clock }, &ui);
    if passes { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a hook, prints what it says, and returns whether git may go on.
pub(super) fn answer(call: &Call<'_>, ui: &Ui) -> bool {
    let answer = catch_unwind(AssertUnwindSafe(|| hooks::run(call)));
    match answer {
        Ok(Ok(mut answer)) => {
            let unjudged = answer.unjudged.drain(..).map(|(about, error)| (about, explained(error.into()).body()));
            let unjudged: Vec<(String, ErrorBody)> = unjudged.collect();
            match ui.mode() {
                Mode::Human => print(call.hook, &answer, &unjudged, ui),
                Mode::Json => ui.show(&AnswerBody::of(call.hook, &answer, &unjudged), |_| {}),
            }
            !answer.refuses
        }
        Ok(Err(error)) => {
            let error = explained(error).hint(nothing_unjudged(call.hook));
            ui.error(&bypass(call.hook).into_iter().fold(error, CommandError::hint).body());
            false
        }
        Err(_) => {
            let error = CommandError::failed(format!("the `{}` hook of agentops broke down", call.hook.name()))
                .hint("what it was doing stands above; please report it");
            let error = bypass(call.hook).into_iter().fold(error, CommandError::hint);
            ui.error(&error.body());
            false
        }
    }
}

#[derive(Serialize)]
struct AnswerBody<'a> {
    hook: &'static str,
    passes: bool,
    reports: Vec<AboutBody<'a>>,
    unjudged: Vec<UnjudgedBody<'a>>,
    notes: &'a [String],
    warnings: &'a [String],
    remedies: &'a [String],
}

#[derive(Serialize)]
struct AboutBody<'a> {
    /// The reference, where several are judged.
    about: Option<&'a str>,
    report: ReportBody<'a>,
}

#[derive(Serialize)]
struct UnjudgedBody<'a> {
    about: &'a str,
    error: &'a ErrorBody,
}

impl<'a> AnswerBody<'a> {
    fn of(hook: Hook, answer: &'a Answer, unjudged: &'a [(String, ErrorBody)]) -> Self {
        let about = |(about, report): &'a (Option<String>, Report)| AboutBody {
            about: about.as_deref(),
            report: ReportBody::of(report),
        };
        Self {
            hook: hook.name(),
            passes: !answer.refuses,
            reports: answer.reports.iter().map(about).collect(),
            unjudged: unjudged.iter().map(|(about, error)| UnjudgedBody { about, error }).collect(),
            notes: &answer.notes,
            warnings: &answer.warnings,
            remedies: &answer.remedies,
        }
    }
}

fn print(hook: Hook, answer: &Answer, unjudged: &[(String, ErrorBody)], ui: &Ui) {
    for warning in &answer.warnings {
        ui.warning(warning);
    }
    if !answer.refuses {
        for (about, report) in answer.reports.iter().filter(|(_, report)| !report.violations.is_empty()) {
            ui.aside(|page| fill(page, about.as_deref(), report));
        }
        for note in &answer.notes {
            ui.talk(format!("agentops: {note}"));
        }
        return;
    }
    ui.aside(|page| {
        page.line([error("refused"), plain(format!(": `{}` of agentops stops {}", hook.name(), hook.guards()))]);
        for note in &answer.notes {
            page.text(note);
        }
        for (about, error) in unjudged {
            page.blank();
            page.line([strong(about)]);
            error.fill(page);
        }
        for (about, report) in &answer.reports {
            if !report.violations.is_empty() {
                page.blank();
                fill(page, about.as_deref(), report);
            }
        }
        if let Some(law) = answer.reports.iter().find_map(|(_, report)| worst(report)) {
            page.labelled(hint("hint"), format!("`agentops explain {law}` tells the law"));
        }
        if !unjudged.is_empty() {
            page.labelled(hint("hint"), nothing_unjudged(hook));
        }
        for remedy in answer.remedies.iter().map(String::as_str).chain(bypass(hook)) {
            page.labelled(hint("hint"), remedy);
        }
    });
}

fn fill(page: &mut Page, about: Option<&str>, report: &Report) {
    if let Some(about) = about {
        page.line([strong(about)]);
    }
    ReportBody::of(report).fill(page);
}

fn worst(report: &Report) -> Option<crate::model::law_id::LawId> {
    report.violations.iter().find(|violation| violation.level == Level::Error).map(|violation| violation.law)
}

fn nothing_unjudged(hook: Hook) -> String {
    format!("the `{}` hook lets nothing pass that it could not judge", hook.name())
}

/// The failure, with what to do about it.
fn explained(error: HookError) -> CommandError {
    let (own, policy) = match &error {
        HookError::Engine(error) => (error.hint().map(str::to_owned), matches!(error, EngineError::Policy(_))),
        _ => (None, false),
    };
    let mut error = CommandError::failed(error);
    if let Some(own) = own {
        error = error.hint(own);
    }
    if policy {
        error = error.hint(
            "nothing can be judged by rules that cannot be read: mend the files, or bring them back from an earlier commit \
             (`git log -- .agentops`); `agentops doctor` shows when they are right",
        );
    }
    error
}
