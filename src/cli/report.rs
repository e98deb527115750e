//! `agentops report`: what history says about the work. Reads git, judges nothing anew that decides, and always exits 0.

use clap::ValueEnum;
use serde::Serialize;

use super::{CommandError, Context, Outcome};
use crate::engine::compliance::{self, Compliance, Contexts, Counts, Delivery, Doing, Row, Since};
use crate::law::registry;
use crate::model::escape::markdown;
use crate::model::law_id::LawId;
use crate::model::policy::ActorKind;
use crate::ui::{Mode, Page, Settings, Table, Ui, plain, strong, warning};

/// Report on what has landed
#[derive(Debug, clap::Subcommand)]
#[command(before_long_help = "Examples:
  agentops report compliance
  agentops report compliance --since 2026-11-01 --format markdown")]
pub enum Verb {
    Compliance(Arguments),
}

/// Count what each law found, by session, actor and profile, the done tasks that lack deliverables, and how full contexts were
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops report compliance
  agentops report compliance --since 2026-11-01
  agentops report compliance --since v1.2.0 --format markdown
  agentops report compliance --json

Each law judges each commit, or each step of the first-parent line, with one verdict:
  passed      judged, and nothing found
  warned      judged, and only warnings found
  failed      a finding of level error stands in what landed
  waived      broken, and excused by a counted `Agentops-Waive:`
  not judged  the law does not rule there, or could not see what it needed
Beside the verdicts stands how the commits came in:
  bypassed    commits that the hooks would have refused where they stand now: made with
              --no-verify, by a rebase or a forge, or where no hooks were installed

Actors and sessions are what commits and records claim. Exits 0 for every report that was made.")]
pub struct Arguments {
    /// Begin on a day (YYYY-MM-DD, UTC) or after REV on the first-parent line; at adoption if not given
    #[arg(long, value_name = "DATE|REV")]
    since: Option<String>,
    /// How the report is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON document, as --json
    Json,
    /// Tables for a pull request
    Markdown,
}

/// What stands where nothing was judged: never a number.
const NOT_JUDGED: &str = "not judged";

#[derive(Serialize)]
struct Body {
    since: Option<String>,
    tip: Option<String>,
    steps: usize,
    commits: usize,
    totals: Vec<LawBody>,
    rows: Vec<RowBody>,
    tasks: TasksBody,
    contexts: ContextsBody,
    not_checked: Vec<String>,
}

#[derive(Serialize)]
struct RowBody {
    session: Option<String>,
    actor: Option<String>,
    kind: ActorKind,
    profile: Option<String>,
    commits: usize,
    seen_by_hooks: usize,
    laws: Vec<LawBody>,
}

#[derive(Serialize)]
struct LawBody {
    law: &'static str,
    passed: usize,
    warned: usize,
    failed: usize,
    waived: usize,
    not_judged: usize,
    /// Null where hooks saw none of the commits.
    bypassed: Option<usize>,
}

#[derive(Serialize)]
struct TasksBody {
    done: usize,
    promising: usize,
    missing: Vec<MissingBody>,
    not_judged: Vec<UnjudgedBody>,
}

#[derive(Serialize)]
struct ContextsBody {
    sessions: usize,
    measured: usize,
    collapses: usize,
    phases: Vec<PhaseBody>,
}

/// How many sessions of a phase had which fullest context.
#[derive(Serialize)]
struct PhaseBody {
    profile: String,
    phase: String,
    green: usize,
    yellow: usize,
    red: usize,
    highest_share_percent: Option<f64>,
}

#[derive(Serialize)]
struct MissingBody {
    task: String,
    profile: String,
    missing: Vec<String>,
}

#[derive(Serialize)]
struct UnjudgedBody {
    task: String,
    profile: String,
    reason: String,
}

/// Makes the report, and prints it.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    let Verb::Compliance(arguments) = verb;
    if arguments.format == Format::Json && context.ui.mode() == Mode::Human {
        context.ui = Ui::new(Settings { mode: Mode::Json, ..context.ui.settings() });
    }
    let made = compliance::report(&context.site(None)?, arguments.since.as_deref())?;
    let body = Body::of(&made);
    context.ui.show(&body, |page| match arguments.format {
        Format::Markdown => body.fill_markdown(page),
        Format::Text | Format::Json => body.fill(page),
    });
    Ok(Outcome::Done)
}

impl LawBody {
    fn of(law: LawId, counts: Counts, is_seen: bool) -> Self {
        let Counts { passed, warned, failed, waived, not_judged, bypassed } = counts;
        Self { law: law.as_str(), passed, warned, failed, waived, not_judged, bypassed: is_seen.then_some(bypassed) }
    }

    /// Whether there is nothing to say but that all passed.
    fn is_spotless(&self) -> bool {
        self.passed > 0 && self.warned + self.failed + self.waived + self.not_judged == 0 && self.bypassed == Some(0)
    }

    fn cells(&self) -> [String; 6] {
        let bypassed = self.bypassed.map_or_else(|| NOT_JUDGED.to_owned(), |count| count.to_string());
        let all = [self.passed, self.warned, self.failed, self.waived, self.not_judged];
        let is_judged = all.iter().any(|count| *count > 0);
        let [passed, warned, failed, waived, not_judged] =
            all.map(|count| if is_judged { count.to_string() } else { NOT_JUDGED.to_owned() });
        [passed, warned, failed, waived, not_judged, bypassed]
    }
}

const VERDICTS: [&str; 6] = ["passed", "warned", "failed", "waived", NOT_JUDGED, "bypassed"];

impl RowBody {
    fn of(doing: &Doing, row: &Row) -> Self {
        let is_seen = row.seen_by_hooks > 0;
        Self {
            session: doing.session.as_ref().map(ToString::to_string),
            actor: doing.actor.as_ref().map(ToString::to_string),
            kind: doing.kind,
            profile: doing.profile.as_ref().map(ToString::to_string),
            commits: row.commits,
            seen_by_hooks: row.seen_by_hooks,
            laws: row.laws.iter().map(|(law, counts)| LawBody::of(*law, *counts, is_seen)).collect(),
        }
    }

    /// All laws together.
    fn whole(&self) -> LawBody {
        let sum = |count: fn(&LawBody) -> usize| self.laws.iter().map(count).sum();
        LawBody {
            law: "",
            passed: sum(|law| law.passed),
            warned: sum(|law| law.warned),
            failed: sum(|law| law.failed),
            waived: sum(|law| law.waived),
            not_judged: sum(|law| law.not_judged),
            bypassed: (self.seen_by_hooks > 0).then(|| sum(|law| law.bypassed.unwrap_or(0))),
        }
    }

    fn cells(&self) -> [String; 5] {
        let or = |text: &Option<String>, otherwise: &str| text.clone().unwrap_or_else(|| otherwise.to_owned());
        let kind = match self.kind {
            ActorKind::Human => "human",
            ActorKind::Agent => "agent",
        };
        [
            or(&self.session, "none"),
            or(&self.actor, "unknown"),
            kind.to_owned(),
            or(&self.profile, "none"),
            self.commits.to_string(),
        ]
    }
}

impl Body {
    fn of(made: &Compliance) -> Self {
        let rows: Vec<RowBody> = made.rows.iter().map(|(doing, row)| RowBody::of(doing, row)).collect();
        let is_seen = made.rows.values().any(|row| row.seen_by_hooks > 0);
        let total = |law: LawId| {
            let all = made.rows.values().filter_map(|row| row.laws.get(&law));
            LawBody::of(law, all.fold(Counts::default(), |sum, counts| sum.plus(*counts)), is_seen)
        };
        Self {
            since: made.since.as_ref().map(|since| match since {
                Since::Day(day) => day.to_string(),
                Since::Commit(id) => id.to_string(),
            }),
            tip: made.tip.map(|id| id.to_string()),
            steps: made.steps,
            commits: made.commits,
            totals: registry().iter().map(|law| total(law.id)).collect(),
            rows,
            tasks: TasksBody::of(made),
            contexts: ContextsBody::of(&made.contexts),
            not_checked: made.not_checked.clone(),
        }
    }

    fn headline(&self) -> String {
        let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
        let from = self.since.as_deref().map_or_else(|| "adoption".to_owned(), |since| short(since).to_owned());
        let tip = self.tip.as_deref().map(short).unwrap_or_default();
        format!("{} with {}, from {from} to {tip}", count(self.steps, "step"), count(self.commits, "commit"))
    }

    /// The laws with something to tell, and how many others passed each time.
    fn told(&self) -> (Vec<&LawBody>, Option<String>) {
        let (spotless, told): (Vec<&LawBody>, Vec<&LawBody>) = self.totals.iter().partition(|law| law.is_spotless());
        let verdicts: usize = spotless.iter().map(|law| law.passed).sum();
        let others = if told.is_empty() { "" } else { "other " };
        let line = format!("the {others}{} laws passed every time ({verdicts} verdicts)", spotless.len());
        (told, (!spotless.is_empty()).then_some(line))
    }

    fn fill(&self, page: &mut Page) {
        page.line([strong("compliance"), plain(format!(": {}", self.headline()))]);
        page.blank();
        let (told, others) = self.told();
        if !told.is_empty() {
            let mut table = Table::new(["law", "passed", "warned", "failed", "waived", NOT_JUDGED, "bypassed"]);
            for law in told {
                table.row([strong(law.law)].into_iter().chain(law.cells().map(plain)));
            }
            page.table(&table);
        }
        if let Some(line) = others {
            page.text(line);
        }
        page.blank();
        let mut table = Table::new([
            "session", "actor", "kind", "profile", "commits", "passed", "warned", "failed", "waived", NOT_JUDGED,
            "bypassed",
        ]);
        for row in &self.rows {
            table.row(row.cells().map(plain).into_iter().chain(row.whole().cells().map(plain)));
        }
        if !self.rows.is_empty() {
            page.table(&table);
            page.blank();
        }
        self.tasks.lines().iter().chain(&self.contexts.lines()).for_each(|line| page.text(line));
        for sentence in &self.not_checked {
            page.labelled(warning("not checked"), sentence);
        }
    }

    fn fill_markdown(&self, page: &mut Page) {
        let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let rule = |texts: usize, numbers: usize| {
            row([vec!["---".to_owned(); texts], vec!["---:".to_owned(); numbers]].concat())
        };
        let head = |texts: &[&str]| row(texts.iter().chain(&VERDICTS).map(|text| (*text).to_owned()).collect());
        page.text(format!("### Compliance: {}", self.headline()));
        page.blank();
        let (told, others) = self.told();
        if !told.is_empty() {
            page.text(head(&["law"]));
            page.text(rule(1, 6));
            for law in told {
                page.text(row([vec![law.law.to_owned()], law.cells().to_vec()].concat()));
            }
            page.blank();
        }
        if let Some(line) = others {
            page.text(line);
            page.blank();
        }
        if !self.rows.is_empty() {
            page.text(head(&["session", "actor", "kind", "profile", "commits"]));
            page.text(rule(4, 7));
            for own in &self.rows {
                let cells = own.cells().into_iter().chain(own.whole().cells());
                page.text(row(cells.map(|cell| markdown(&cell)).collect()));
            }
            page.blank();
        }
        let lines = [self.tasks.lines(), self.contexts.lines()].concat();
        for line in lines.iter().chain(&self.not_checked.iter().map(told_unchecked).collect::<Vec<_>>()) {
            page.text(format!("- {}", markdown(line)));
        }
    }
}

fn told_unchecked(sentence: &String) -> String {
    format!("not checked: {sentence}")
}

impl TasksBody {
    fn of(made: &Compliance) -> Self {
        let mut body = Self { done: made.tasks.len(), promising: 0, missing: Vec::new(), not_judged: Vec::new() };
        for ((profile, task), delivery) in &made.tasks {
            let (task, profile) = (task.to_string(), profile.to_string());
            match delivery {
                Delivery::NothingPromised => continue,
                Delivery::Whole => {}
                Delivery::Missing(missing) => {
                    body.missing.push(MissingBody { task, profile, missing: missing.clone() })
                }
                Delivery::NotJudged(reason) => {
                    body.not_judged.push(UnjudgedBody { task, profile, reason: reason.clone() });
                }
            }
            body.promising += 1;
        }
        body
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "tasks done: {}; {} of them promised deliverables, {} lack some (the goal is 0)",
            self.done,
            self.promising,
            self.missing.len()
        )];
        for short in &self.missing {
            lines.push(format!("missing of {} ({}): {}", short.task, short.profile, short.missing.join("; ")));
        }
        for unjudged in &self.not_judged {
            lines.push(format!("{NOT_JUDGED}: {} ({}): {}", unjudged.task, unjudged.profile, unjudged.reason));
        }
        lines
    }
}

impl ContextsBody {
    fn of(contexts: &Contexts) -> Self {
        let phases = contexts.phases.iter().map(|((profile, phase), own)| PhaseBody {
            profile: profile.to_string(),
            phase: phase.clone(),
            green: own.green,
            yellow: own.yellow,
            red: own.red,
            highest_share_percent: own.highest.map(|share| share.tenths() as f64 / 10.0),
        });
        let Contexts { sessions, measured, collapses, .. } = *contexts;
        Self { sessions, measured, collapses, phases: phases.collect() }
    }

    /// Nothing where no session left a record.
    fn lines(&self) -> Vec<String> {
        if self.sessions == 0 {
            return Vec::new();
        }
        let mut lines = vec![format!(
            "sessions: {}; usage measured in {}, unmeasured in {}; contexts that did not last: {}",
            self.sessions,
            self.measured,
            self.sessions - self.measured,
            if self.measured == 0 { "unmeasured".to_owned() } else { self.collapses.to_string() },
        )];
        for PhaseBody { profile, phase, green, yellow, red, highest_share_percent } in &self.phases {
            let highest = highest_share_percent.unwrap_or_default();
            lines.push(format!(
                "fullest contexts in {profile} {phase}: {green} green, {yellow} yellow, {red} red; the highest {highest:.1} %"
            ));
        }
        lines
    }
}

/// An object id as people read it; a day as it is.
fn short(text: &str) -> &str {
    if text.len() >= 40 { &text[..12] } else { text }
}
