//! `agentops route`: which profile a task belongs to; how often that is right.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{CommandError, Context, ErrorKind, Outcome};
use crate::engine::knowledge::route::{self, Routed};
use crate::model::escape::visible;
use crate::routing::decision::Decision;
use crate::ui::{Table, dim, plain, strong};

/// The longest text or evaluation file that is read.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Say which profile a task belongs to, from its text and what the repository says
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    before_long_help = "Examples:
  agentops route \"Checkout answers 502 since the last deploy\"
  agentops route - --json
  agentops route eval texts.jsonl"
)]
pub struct Arguments {
    /// What is to be done; `-` reads it from standard input
    #[arg(value_name = "TEXT", required = true)]
    text: Option<String>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// What else there is to ask.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Measure the shipped classifier on texts whose profile is known, one JSON object a line
    #[command(before_long_help = "Examples:
  agentops route eval texts.jsonl
  agentops route eval - --json")]
    Eval {
        /// Lines of `{"text", "label", "labels"}`; `label` is a built-in profile, `multi` with two `labels`, or `other`; `-` reads them from standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What the router says, as programs read it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RouteBody {
    /// Null where the decision is none.
    profile: Option<String>,
    confidence: f64,
    decision: &'static str,
    /// The profiles that are named: two where the task may be of either, or needs both; none where the decision is none.
    named: Vec<String>,
    /// Probability that the task needs both of the first two candidates.
    two: f64,
    candidates: Vec<CandidateBody>,
    signals: Vec<String>,
    model: String,
}

#[derive(Debug, Clone, Serialize)]
struct CandidateBody {
    profile: String,
    score: f64,
}

impl RouteBody {
    /// The same with probabilities rounded to four digits.
    pub(super) fn of(routed: &Routed) -> Self {
        let round = |value: f64| (value * 1e4).round() / 1e4;
        let route = &routed.route;
        Self {
            profile: route.profile().map(ToString::to_string),
            confidence: round(route.confidence),
            decision: route.decision.as_str(),
            named: match route.decision {
                Decision::None => Vec::new(),
                _ => route.named().map(|one| one.profile.to_string()).collect(),
            },
            two: round(route.two),
            candidates: route
                .candidates
                .iter()
                .map(|one| CandidateBody { profile: one.profile.to_string(), score: round(one.score) })
                .collect(),
            signals: routed.signals.clone(),
            model: routed.model.clone(),
        }
    }
}

/// Runs the verb.
pub(super) fn run(arguments: Arguments, context: &Context) -> Result<Outcome, CommandError> {
    match (arguments.verb, arguments.text) {
        (Some(Verb::Eval { file }), _) => eval(&file, context),
        (None, text) => tell(&text.unwrap_or_default(), context),
    }
}

fn tell(text: &str, context: &Context) -> Result<Outcome, CommandError> {
    let read;
    let text = if text == "-" {
        read = read_text("standard input", io::stdin().lock())?;
        read.trim()
    } else {
        text.trim()
    };
    if text.is_empty() {
        return Err(CommandError::usage("there is no text to route").hint("agentops route \"WHAT IS TO BE DONE\""));
    }
    let routed = route::route_in(&context.dir, &context.env, &context.clock, text)?;
    let body = RouteBody::of(&routed);
    context.ui.show(&body, |page| {
        let share = percent(routed.route.confidence);
        let named = body.named.join(if routed.route.is_of_two() { " and " } else { " or " });
        match body.decision {
            "auto" => page.line([strong(&named), plain(format!(": {share} sure"))]),
            "suggest" => page.line([plain("probably "), strong(&named), plain(format!(": {share} sure"))]),
            "none" => page.text(format!("no profile: one-off work, {share} sure; commit it directly")),
            _ if routed.route.is_of_two() => {
                page.line([plain("perhaps "), strong(&named), plain(": choose, or open a task in each")])
            }
            _ if body.named.len() == 2 => page.line([strong(&named), plain(": choose")]),
            _ => page.text("nothing fits clearly: choose"),
        }
        let mut table = Table::without_headings();
        for candidate in &body.candidates {
            table.row([plain(format!("{:>7.1} %", 100.0 * candidate.score)), plain(&candidate.profile)]);
        }
        page.table(&table);
        for signal in &body.signals {
            page.line([dim(format!("  {}", visible(signal)))]);
        }
    });
    Ok(Outcome::Done)
}

fn eval(file: &Path, context: &Context) -> Result<Outcome, CommandError> {
    let (name, text) = if file == Path::new("-") {
        ("standard input".to_owned(), read_text("standard input", io::stdin().lock())?)
    } else {
        let name = format!("`{}`", visible(&file.display().to_string()));
        let opened = fs::File::open(context.path(file))
            .map_err(|error| CommandError::failed(format!("cannot read the texts from {name}")).because(error))?;
        let text = read_text(&name, opened)?;
        (name, text)
    };
    let figures = route::evaluation(&text).map_err(|error| {
        CommandError::new(ErrorKind::Usage, format!("{name} cannot be used: {error}"))
            .hint("a line is like {\"text\": \"Checkout answers 502\", \"label\": \"sre\", \"labels\": [\"sre\"]}")
    })?;
    context.ui.show(&figures, |page| {
        let show = |value: Option<f64>| value.map_or("unmeasured".to_owned(), |value| format!("{value:.3}"));
        let mut table = Table::without_headings();
        let interval = figures.ci95.map_or(String::new(), |[low, high]| format!(" (95 %: {low:.3} to {high:.3})"));
        let mut row = |what: &str, value: String| _ = table.row([plain(what), plain(value)]);
        row("texts", format!("{}, {} of one profile", figures.n, figures.n_four));
        row("accuracy", show(figures.accuracy) + &interval);
        row("macro F1", show(figures.macro_f1));
        row("both of two profiles first", show(figures.top2_multi));
        row("both of two profiles named", show(figures.named_multi));
        row("two named of one profile", show(figures.named_two));
        row("area for `other`", show(figures.auroc_other));
        row("calibration error", show(figures.ece));
        row("abstains", show(figures.abstain_rate));
        page.table(&table);
        page.blank();
        let mut table = Table::new(["text of", "judged", "texts"]);
        for (gold, row) in &figures.confusion {
            for (found, count) in row {
                table.row([plain(gold), plain(found), plain(count)]);
            }
        }
        page.table(&table);
    });
    Ok(Outcome::Done)
}

/// A probability for people. Nothing is certain.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", (100.0 * share).min(99.0))
}

/// All of `input`, which must be UTF-8 and not too long.
fn read_text(name: &str, input: impl io::Read) -> Result<String, CommandError> {
    let failed = |error: io::Error| CommandError::failed(format!("cannot read the text from {name}")).because(error);
    let mut bytes = Vec::new();
    input.take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST {
        return Err(failed(io::Error::other("it is longer than 16 MiB")));
    }
    String::from_utf8(bytes).map_err(|_| failed(io::Error::other("it is not UTF-8")))
}
