//! Every further time: HEAD is governed. Missing profiles come by an amend, a missing block by a commit of its own.

use super::{
    Done, Outcome, Request, Texts, asked_profiles, command_line, instructions, keep_what_is_there, message,
    profile_files, skills, without_command, write_missing,
};
use crate::config;
use crate::engine::error::EngineError;
use crate::engine::governance::policy;
use crate::engine::site::Site;
use crate::engine::writing::transact::{Draft, Ground, Target, transact};
use crate::model::layout::Place;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;
use crate::model::policy::Policy;
use crate::model::tree::TreeView as _;

pub(super) fn run(site: &Site, target: &Target, request: &Request) -> Result<Outcome, EngineError> {
    let base = site.base()?;
    let has = |name: &String| base.policy.profiles.keys().any(|profile| profile.as_str() == name);
    let missing: Vec<String> = request.profiles.iter().filter(|name| !has(name)).cloned().collect();
    let missing = asked_profiles(&missing)?;
    refuse_settings(request, &missing)?;
    let mut outcome = Outcome::of(Done::Nothing);
    if !missing.is_empty() {
        add_profiles(site, target, request, missing, &mut outcome)?;
    }
    if request.skills {
        skills::add(site, target, request, &mut outcome)?;
    }
    if request.instructions {
        repair_instructions(site, target, request, &mut outcome)?;
    }
    Ok(outcome)
}

/// What the first set-up decides is changed by an amend.
fn refuse_settings(request: &Request, missing: &[ProfileName]) -> Result<(), EngineError> {
    let flag = match (&request.human, &request.test_command) {
        (Some(_), _) => "--human",
        (None, Some(_)) if missing.is_empty() => "--test-command",
        _ => return Ok(()),
    };
    let file =
        if flag == "--human" { "`[actors]` in `.agentops/config.toml`" } else { "`[commands.test]` of a profile" };
    Err(EngineError::usage(
        format!("`{flag}` is for the first set-up, and this repository is set up"),
        format!("edit {file}, then: agentops policy amend --reason \"…\""),
    ))
}

fn add_profiles(
    site: &Site,
    target: &Target,
    request: &Request,
    profiles: Vec<ProfileName>,
    outcome: &mut Outcome,
) -> Result<(), EngineError> {
    let test_command = match &request.test_command {
        Some(line) => Some(command_line::given(line)?),
        None => command_line::detect(&site.repo.worktree_view()?)?,
    };
    let mut files = profile_files(&profiles, test_command.as_ref())?;
    outcome.kept = keep_what_is_there(site, &mut files)?;
    outcome.done = Done::Added;
    let (governed, documents): (Vec<_>, Vec<_>) =
        files.iter().cloned().partition(|(path, _)| Place::of(path).is_some_and(|place| place.is_governed()));
    if request.commit {
        let names: Vec<&str> = profiles.iter().map(ProfileName::as_str).collect();
        let noun = if names.len() == 1 { "profile" } else { "profiles" };
        let reason = format!("Work of the {noun} {} begins in this repository", names.join(", "));
        let committed = policy::amend_with(site, target, &reason, None, |base| {
            let mut all: Vec<(RepoPath, Option<Vec<u8>>)> = Vec::new();
            for (path, bytes) in &governed {
                if base.tree.file(path, u64::MAX)?.as_ref() != Some(bytes) {
                    all.push((path.clone(), Some(bytes.clone())));
                }
            }
            Ok(all.into())
        })?;
        outcome.commits.extend(committed.commit);
        outcome.branch = committed.branch;
        outcome.paths = committed.paths;
        outcome.report = committed.report;
        outcome.notes.extend(committed.unfinished);
        add_documents(site, target, &documents, outcome)?;
    } else {
        outcome.paths = write_missing(site, &files, target.dry_run)?;
        outcome.notes.push("a profile lands by an amend: agentops policy amend --reason \"…\"".into());
    }
    let mut tree = crate::model::tree::MemoryTree::new();
    for (path, bytes) in files {
        tree.put(path, bytes);
    }
    for name in &profiles {
        let profile = config::read_profile(&tree, name)?;
        let policy = Policy { profiles: [(name.clone(), profile)].into(), ..(*site.base()?.policy).clone() };
        outcome.without_command.extend(without_command(&policy, std::slice::from_ref(name)));
        if policy.profiles[name].commands.keys().any(|command| command.as_str() == "test") {
            outcome.test_command.clone_from(&test_command);
        }
    }
    outcome.profiles = profiles;
    Ok(())
}

/// Commits the documents that a profile comes with. A step of their own: they may lie there only once the base has the
/// profile that declares them.
fn add_documents(
    site: &Site,
    target: &Target,
    documents: &[(RepoPath, Vec<u8>)],
    outcome: &mut Outcome,
) -> Result<(), EngineError> {
    if documents.is_empty() {
        return Ok(());
    }
    outcome.paths.extend(documents.iter().map(|(path, _)| path.clone()));
    outcome.paths.sort();
    if target.dry_run {
        return Ok(());
    }
    let committed = transact(site, target, |base| {
        let names: Vec<String> = documents.iter().map(|(path, _)| path.to_string()).collect();
        let texts = Texts {
            context: "A built-in profile was added by an amend, and the documents that its `profile.toml` declares were \
                      still missing.",
            solution: &format!("Adds them as the profile brings them, to be filled in:\n- {}", names.join("\n- ")),
            learning: "N/A the documents are the profile's own blank forms",
            impact: "The profile's agents read these documents before they plan; people fill them in first.",
        };
        let text = message(site, &base.policy.config.sections, "chore", "add the profile's documents", &texts);
        let files = documents.iter().map(|(path, bytes)| (path.clone(), Some(bytes.clone()))).collect();
        Ok(Draft { files, message: text, outcome: () })
    })?;
    outcome.commits.extend(committed.commit);
    outcome.report.absorb(committed.report);
    outcome.notes.extend(committed.unfinished);
    Ok(())
}

/// Puts the block back, or the current one in the place of an older one.
fn repair_instructions(
    site: &Site,
    target: &Target,
    request: &Request,
    outcome: &mut Outcome,
) -> Result<(), EngineError> {
    let way = instructions::Way::In;
    let plan = instructions::plan(site, &Ground::head(&site.repo)?, way)?;
    let plan = if plan.files.is_empty() || !request.commit {
        if !target.dry_run && !plan.is_empty() {
            instructions::write_uncommitted(site, &plan)?;
        }
        outcome.paths.extend(plan.files.iter().map(|(path, _)| path.clone()));
        plan
    } else {
        let mut committed = transact(site, target, |base| {
            let plan = instructions::plan(site, &Ground::head(&site.repo)?, way)?;
            let text = message_of(site, &base.policy, &plan);
            Ok(Draft { files: plan.files.clone(), message: text, outcome: plan })
        })?;
        if !target.dry_run {
            instructions::follow_commit(site, &mut committed, way);
        }
        outcome.notes.extend(committed.unfinished);
        outcome.commits.extend(committed.commit);
        outcome.branch = committed.branch;
        outcome.paths.extend(committed.paths);
        outcome.report.absorb(committed.report);
        committed.outcome
    };
    if !plan.is_empty() {
        outcome.done = Done::Added;
    }
    outcome.paths.sort();
    outcome.uncommitted = plan.uncommitted;
    // That a file was left alone is news only where something else was done.
    if outcome.done == Done::Added {
        outcome.kept.extend(plan.kept);
    }
    Ok(())
}

fn message_of(site: &Site, policy: &Policy, plan: &instructions::Plan) -> String {
    let names: Vec<String> = plan.files.iter().map(|(path, _)| path.to_string()).collect();
    let names = names.join("` and `");
    let config = &policy.config;
    let kind = ["chore", "docs"].into_iter().find(|kind| config.types.iter().any(|known| known == kind));
    let learning = if config.learning_optional.iter().any(|known| known == "chore") {
        "N/A the block between `agentops:begin` and `agentops:end` is generated text"
    } else {
        "A block that a program owns has to be fenced, or it cannot be brought up to date without touching the \
         text around it."
    };
    let texts = Texts {
        context: &format!("The block in `{names}` that tells agents how to work here was missing or out of date."),
        solution: &format!("Puts the current block into `{names}`; nothing outside its two marks changes."),
        learning,
        impact: &format!(
            "Agent clients that read `{names}` find the commands that agentops {} has.",
            env!("CARGO_PKG_VERSION")
        ),
    };
    message(site, &config.sections, kind.unwrap_or("chore"), "bring the agents' block up to date", &texts)
}
