//! `agentops learn report`.

use clap::Args;
use serde::Serialize;

use super::NearBody;
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::records::reuse::{self, Citation, Served, Sign};
use crate::ui::{Page, dim, plain, strong, warning};

/// Tell which learnings served: shown, cited later, and whether what they warn of came back
///
/// All of it is read from files and commits. Shown: an event of a task says so. Cited: a document below `.agentops`, the record
/// of a session that did not bring it, another learning, or a commit with the trailer `Agentops-Learning:` names its id later
/// on. Signs that it came back: a later learning says much the same, or a fix or a revert took away the lines that it cites;
/// whether that means that it came back, a reader decides.
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops learn report
  agentops learn report --profile sre --json")]
pub struct Arguments {
    /// Only this profile
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
}

#[derive(Serialize)]
struct ReportBody {
    summary: SummaryBody,
    learnings: Vec<ServedBody>,
}

#[derive(Serialize)]
struct SummaryBody {
    learnings: usize,
    shown: usize,
    cited: usize,
    cited_where_shown: usize,
    with_signs: usize,
    no_evidence_of_use: usize,
}

#[derive(Serialize)]
struct ServedBody {
    #[serde(flatten)]
    learning: NearBody,
    superseded_by: Vec<String>,
    /// The tasks to which it was shown.
    shown: Vec<String>,
    cited: Vec<CitationBody>,
    cited_where_shown: bool,
    /// `cited` or `no evidence of use`.
    r#use: &'static str,
    /// The lines that fixes and reverts were looked for at.
    watched: Vec<String>,
    signs: Vec<SignBody>,
}

#[derive(Serialize)]
struct CitationBody {
    kind: &'static str,
    by: String,
    task: Option<String>,
}

#[derive(Serialize)]
struct SignBody {
    kind: &'static str,
    /// The learning or the commit.
    by: String,
    evidence: Option<String>,
}

const UNUSED: &str = "no evidence of use";

impl ServedBody {
    fn of(served: &Served) -> Self {
        Self {
            learning: NearBody::of(&served.learning),
            superseded_by: served.superseded_by.iter().map(ToString::to_string).collect(),
            shown: served.shown.iter().map(ToString::to_string).collect(),
            cited: served.cited.iter().map(CitationBody::of).collect(),
            cited_where_shown: served.is_cited_where_shown(),
            r#use: if served.cited.is_empty() { UNUSED } else { "cited" },
            watched: served.watched.clone(),
            signs: served.signs.iter().map(SignBody::of).collect(),
        }
    }

    fn fill(&self, page: &mut Page) {
        let NearBody { id, profile, pattern } = &self.learning;
        let replaced = if self.superseded_by.is_empty() { "" } else { ", superseded" };
        page.line([strong(id), plain(format!("  {profile}{replaced}"))]);
        page.wrapped(2, pattern);
        if !self.shown.is_empty() {
            page.indented_label(2, [dim("shown to")], self.shown.join(", "));
        }
        for CitationBody { kind, by, .. } in &self.cited {
            page.indented_label(2, [dim("cited by")], format!("{kind} {by}"));
        }
        if self.cited.is_empty() {
            page.line([dim(format!("  {UNUSED}"))]);
        }
        for sign in &self.signs {
            page.indented_label(2, [warning("it may have come back")], sign.sentence());
        }
        if self.signs.is_empty() {
            let where_looked = match self.watched.as_slice() {
                [] => "no later learning says the same; it cites no lines that could be watched".to_owned(),
                watched => {
                    format!("no later learning says the same; no fix or revert took away {}", watched.join(", "))
                }
            };
            page.indented_label(2, [dim("no sign that it came back")], where_looked);
        }
    }
}

impl CitationBody {
    fn of(citation: &Citation) -> Self {
        let (kind, by, task) = match citation {
            Citation::Document(path, task) => ("document", path.clone(), task.as_ref()),
            Citation::Session(id) => ("session", id.to_string(), None),
            Citation::Learning(id) => ("learning", id.to_string(), None),
            Citation::Commit(id) => ("commit", id.to_string(), None),
        };
        Self { kind, by, task: task.map(ToString::to_string) }
    }
}

impl SignBody {
    fn of(sign: &Sign) -> Self {
        let (kind, by, evidence) = match sign {
            Sign::SaidAgain(id) => ("said again", id.to_string(), None),
            Sign::Fixed(id, evidence) => ("fixed", id.to_string(), Some(evidence.clone())),
            Sign::Reverted(id, evidence) => ("reverted", id.to_string(), Some(evidence.clone())),
        };
        Self { kind, by, evidence }
    }

    fn sentence(&self) -> String {
        let short = self.by.get(..12).unwrap_or(&self.by);
        match (self.kind, &self.evidence) {
            ("reverted", Some(evidence)) => format!("a revert, {short}, took away `{evidence}`"),
            (_, Some(evidence)) => format!("a fix, {short}, took away `{evidence}`"),
            (_, None) => format!("learning {} says much the same later", self.by),
        }
    }
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let served = reuse::report(&site, arguments.profile.as_deref())?;
    let count = |is: &dyn Fn(&Served) -> bool| served.iter().filter(|served| is(served)).count();
    let body = ReportBody {
        summary: SummaryBody {
            learnings: served.len(),
            shown: count(&|served| !served.shown.is_empty()),
            cited: count(&|served| !served.cited.is_empty()),
            cited_where_shown: count(&Served::is_cited_where_shown),
            with_signs: count(&|served| !served.signs.is_empty()),
            no_evidence_of_use: count(&|served| served.cited.is_empty()),
        },
        learnings: served.iter().map(ServedBody::of).collect(),
    };
    context.ui.show(&body, |page| {
        if body.learnings.is_empty() {
            return;
        }
        let SummaryBody { learnings, shown, cited, no_evidence_of_use, with_signs, .. } = body.summary;
        let noun = if learnings == 1 { "learning" } else { "learnings" };
        page.line([plain(format!(
            "{learnings} {noun}: {shown} shown, {cited} cited, {no_evidence_of_use} without evidence of use, {with_signs} with signs \
             that it came back"
        ))]);
        body.learnings.iter().for_each(|learning| learning.fill(page));
    });
    if body.learnings.is_empty() {
        context.ui.talk("there is no learning yet");
        context.ui.hint("agentops learn add --pattern \"…\"");
    }
    Ok(Outcome::Done)
}
