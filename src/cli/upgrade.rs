//! `agentops upgrade`: newer built-in profiles and laws, brought by an amend.

use clap::Args;
use serde::Serialize;

use super::acting::{Acting, CommitBody, tell};
use super::proposing::{Proposed, Proposing};
use super::{CommandError, Context, Outcome};
use crate::engine::governance::upgrade::{self as bringing, Plan, Raised, Request, Way};
use crate::ui::{Mode, Page, Table, dim, plain, strong};

/// Bring the built-in profiles and the laws of this program to the repository, by an amend
///
/// Each profile is merged in three ways: as it was built in, as you have it, and as it is built in now. What you changed stays
/// and what is new arrives; where both changed the same lines nothing is written until you decide. Profiles of your own,
/// `config.toml` and the documents of your profiles are left alone.
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops upgrade --dry-run
  agentops upgrade --profile sre --reason \"Postmortems name their resolution\"
  agentops upgrade --keep .agentops/sre/profile.toml --take .agentops/sre/templates/postmortem.md
  agentops upgrade --out upgrade.toml")]
pub struct Arguments {
    /// Upgrade this profile alone; may be given several times
    #[arg(long, value_name = "P", alias = "flavor")]
    profile: Vec<String>,
    /// Where both sides changed the same lines of PATH, leave yours
    #[arg(long, value_name = "PATH")]
    keep: Vec<String>,
    /// Where both sides changed the same lines of PATH, take the new ones
    #[arg(long, value_name = "PATH")]
    take: Vec<String>,
    /// Why, for whoever reads the chain of amends later; without it a sentence names the versions
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    proposing: Proposing,
    #[command(flatten)]
    acting: Acting,
}

#[derive(Serialize)]
struct Body {
    up_to_date: bool,
    /// Null where the edition stays.
    laws: Option<LawsBody>,
    profiles: Vec<ProfileBody>,
    /// Profiles of the team's own, left alone.
    own: Vec<String>,
    files: Vec<FileBody>,
    /// The governed digest afterwards; null where nothing changes.
    governed: Option<String>,
    /// The owners who signed.
    signed: Vec<String>,
    /// The proposal, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(flatten)]
    commit: Option<CommitBody>,
}

#[derive(Serialize)]
struct LawsBody {
    from: u32,
    to: u32,
    begins: Vec<&'static str>,
}

#[derive(Serialize)]
struct ProfileBody {
    profile: String,
    from: u32,
    to: u32,
    /// The built-in version that it was merged from, where its own number is none.
    taken_for: Option<u32>,
}

#[derive(Serialize)]
struct FileBody {
    path: String,
    change: &'static str,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = arguments.acting.site(context)?;
    let target = arguments.acting.target();
    let request = Request {
        profiles: arguments.profile,
        keep: arguments.keep,
        take: arguments.take,
        reason: arguments.reason,
        key: arguments.proposing.key(context),
    };
    let Some(out) = arguments.proposing.out(context) else {
        let (plan, committed) = bringing::upgrade(&site, &target, &request)?;
        let mut body = body(&plan);
        if let Some(committed) = &committed {
            body.governed = Some(committed.outcome.to.hex());
            body.signed = committed.outcome.signed.iter().map(ToString::to_string).collect();
            body.commit = Some(CommitBody::of(committed));
        }
        show(&plan, &body, context);
        if let Some(committed) = &committed {
            tell(&context.ui, committed);
        }
        if committed.is_some() && !plan.raised.is_empty() {
            context.ui.hint("votes on what waits lapse where its gate changed: agentops gate list");
        }
        return Ok(Outcome::Done);
    };
    let (plan, proposal) = bringing::propose(&site, &request)?;
    let mut body = body(&plan);
    let proposed = proposal.map(|proposal| Proposed::write(&out, &proposal, target.dry_run)).transpose()?;
    if let Some(proposed) = &proposed {
        body.governed = Some(proposed.governed.clone());
        body.signed = proposed.signed.clone();
        body.file = Some(proposed.file.clone());
    }
    show(&plan, &body, context);
    if let Some(proposed) = &proposed {
        proposed.hint(&context.ui);
    }
    Ok(Outcome::Done)
}

fn body(plan: &Plan) -> Body {
    let raised = plan.raised.iter().map(|one| ProfileBody {
        profile: one.profile.to_string(),
        from: one.from,
        to: one.to,
        taken_for: one.taken_for,
    });
    let current = plan.current.iter().map(|(profile, version)| ProfileBody {
        profile: profile.to_string(),
        from: *version,
        to: *version,
        taken_for: None,
    });
    let mut profiles: Vec<ProfileBody> = raised.chain(current).collect();
    profiles.sort_by(|a, b| a.profile.cmp(&b.profile));
    Body {
        up_to_date: plan.is_empty(),
        laws: plan.laws.map(|(from, to)| LawsBody { from, to, begins: plan.begins.clone() }),
        profiles,
        own: plan.own.iter().map(ToString::to_string).collect(),
        files: plan.files.iter().map(|(path, way)| FileBody { path: path.to_string(), change: word(*way) }).collect(),
        governed: None,
        signed: Vec::new(),
        file: None,
        commit: None,
    }
}

fn word(way: Way) -> &'static str {
    match way {
        Way::Added => "added",
        Way::Replaced => "changed",
        Way::Merged => "merged",
        Way::Removed => "removed",
    }
}

fn show(plan: &Plan, body: &Body, context: &Context) {
    context.ui.show(body, |page| fill(page, body));
    for Raised { profile, from, taken_for, .. } in &plan.raised {
        if let Some(taken_for) = taken_for {
            context.ui.talk(format!(
                "`{profile}` says version {from}, which was never built in: it was taken for version {taken_for}, to which its \
                 files are nearest"
            ));
        }
    }
    if context.ui.mode() == Mode::Human && !plan.begins.is_empty() {
        context.ui.talk("from this amend on:");
        plan.begins.iter().for_each(|sentence| context.ui.talk(format!("  {sentence}")));
    }
}

fn fill(page: &mut Page, body: &Body) {
    if body.up_to_date {
        page.text("already up to date");
    }
    let mut table = Table::without_headings();
    if let Some(laws) = &body.laws {
        table.row([plain("laws"), plain(format!("edition {} -> {}", laws.from, laws.to))]);
    }
    for one in &body.profiles {
        let version = match one.from == one.to {
            true => dim(format!("version {}", one.to)),
            false => plain(format!("version {} -> {}", one.from, one.to)),
        };
        table.row([plain(&one.profile), version]);
    }
    for own in &body.own {
        table.row([plain(own), dim("your own, left alone")]);
    }
    for file in &body.files {
        table.row([plain(file.change), strong(&file.path)]);
    }
    if let Some(governed) = &body.governed {
        table.row([plain("governed"), plain(governed)]);
    }
    if !body.signed.is_empty() {
        table.row([plain("signed by"), plain(body.signed.join(", "))]);
    }
    if let Some(file) = &body.file {
        table.row([plain("proposal"), strong(file)]);
    }
    page.table(&table);
}
