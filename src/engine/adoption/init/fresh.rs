//! The first time: HEAD is not governed, or has no commit yet.

use super::{
    Done, Kept, Outcome, Request, Texts, actors, asked_profiles, command_line, instructions, keep_what_is_there,
    message, profile_files, skills, without_command, write_missing,
};
use crate::config::{self, builtin};
use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::engine::writing::signing;
use crate::engine::writing::transact::{Draft, Ground, Target, bootstrap};
use crate::git::{GitError, Head};
use crate::model::layout;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;
use crate::model::tree::{MemoryTree, TreeView as _};
use crate::model::trust::{NAMESPACE, PublicKey};
use crate::model::vote::Proof;

/// What stands in `.agentops/.gitattributes`: no setting of anybody's changes a byte below.
const ATTRIBUTES: &str = "* -text -eol -filter -ident -working-tree-encoding -export-subst -export-ignore\n";

/// Branches that are usually the one that rules.
const MAIN_BRANCHES: &[&str] = &[
    "refs/heads/main",
    "refs/heads/master",
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
];

pub(super) fn run(site: &Site, target: &Target, request: &Request) -> Result<Outcome, EngineError> {
    refuse_second_project(site)?;
    let profiles = if request.profiles.is_empty() { builtin::names() } else { asked_profiles(&request.profiles)? };
    let test_command = match &request.test_command {
        Some(line) => Some(command_line::given(line)?),
        None => command_line::detect(&site.repo.worktree_view()?)?,
    };
    let person = match site.repo.user_identity() {
        Ok(person) => Some(person),
        // Without a commit and with a name, git need not know who is at work.
        Err(GitError::NoIdentity) if !request.commit && request.human.is_some() => None,
        Err(error) => return Err(error.into()),
    };
    let human = actors::human(person.as_ref(), request.human.as_deref())?;
    let mut outcome = Outcome::of(Done::SetUp);
    outcome.human = Some((human.0.clone(), human.1.emails.first().cloned()));
    if human.1.emails.is_empty() {
        outcome.notes.push(format!(
            "`{name}` has no e-mail address in the config yet; votes and commits of theirs are told by `emails` under \
             `[actors.{name}]`",
            name = human.0
        ));
    }

    let key = signing::proposed(site, request.signing_key.as_deref())?;
    let proof = if key.is_some() { Proof::Signature } else { Proof::Terminal };
    let signers = key.as_ref().map(|key| format!("{} namespaces=\"{NAMESPACE}\" {key}\n", human.0)).unwrap_or_default();
    outcome.proofs = vec![proof];
    outcome.key = key.as_ref().map(PublicKey::fingerprint);

    let branches = protected_besides(site, &mut outcome)?;
    let mut people = vec![human];
    people.extend(actors::agents()?);
    let mut files: Vec<(RepoPath, Vec<u8>)> = vec![
        (layout::FORMAT.into(), config::default_format(&site.clock.random_hex128()).into_bytes()),
        (layout::CONFIG.into(), config::default_config(&people, &actors::markers()?, &[proof], &branches).into_bytes()),
        (layout::SIGNERS.into(), signers.into_bytes()),
        (layout::ATTRIBUTES.into(), ATTRIBUTES.as_bytes().to_vec()),
    ];
    files.extend(profile_files(&profiles, test_command.as_ref())?);
    files.sort();
    let mut kept = keep_what_is_there(site, &mut files)?;
    let policy = read_back(&files)?;
    outcome.without_command = without_command(&policy, &profiles);
    outcome.test_command = test_command.filter(|_| has_any_test(&policy, &profiles));
    if is_ignored(site)? {
        outcome.notes.push(
            "git ignores `.agentops/` here: what lies there is tracked all the same, but `git add` will want `-f`; \
             take the pattern out of `.gitignore`"
                .into(),
        );
    }

    if request.skills {
        let skills = skills::plan(site)?;
        files.extend(skills.files);
        kept.extend(skills.kept);
    }
    let plan_instructions = |ground: &Ground<'_>| -> Result<instructions::Plan, EngineError> {
        match request.instructions {
            true => instructions::plan(site, ground, instructions::Way::In),
            false => Ok(instructions::Plan::default()),
        }
    };
    let plan = if request.commit {
        let text = message_of(site, &profiles, &kept);
        let mut committed = bootstrap(site, target, |ground| {
            let plan = plan_instructions(ground)?;
            let mut all: Vec<(RepoPath, Option<Vec<u8>>)> = Vec::new();
            for (path, bytes) in &files {
                let there = ground.tree.file(path, u64::MAX)?;
                if there.as_ref() != Some(bytes) {
                    all.push((path.clone(), Some(bytes.clone())));
                }
            }
            all.extend(plan.files.iter().cloned());
            Ok(Draft { files: all, message: text.clone(), outcome: plan })
        })?;
        if !target.dry_run {
            instructions::follow_commit(site, &mut committed, instructions::Way::In);
        }
        outcome.commits.extend(committed.commit);
        outcome.branch = committed.branch;
        outcome.paths = committed.paths;
        outcome.report = committed.report;
        outcome.notes.extend(committed.unfinished);
        committed.outcome
    } else {
        let plan = plan_instructions(&Ground::head(&site.repo)?)?;
        outcome.paths = write_missing(site, &files, target.dry_run)?;
        outcome.paths.extend(plan.files.iter().map(|(path, _)| path.clone()));
        outcome.paths.sort();
        if !target.dry_run {
            instructions::write_uncommitted(site, &plan)?;
        }
        plan
    };
    outcome.uncommitted = plan.uncommitted;
    outcome.kept = kept;
    outcome.kept.extend(plan.kept);
    outcome.profiles = profiles;
    Ok(outcome)
}

/// The branch that work lands on here, where it has no usual name: the remote's default branch, and where this clone knows of
/// none, the one that is checked out.
fn protected_besides(site: &Site, outcome: &mut Outcome) -> Result<Vec<String>, EngineError> {
    let name = match (site.repo.default_branch("origin")?, site.repo.head()?) {
        (Some(name), _) => name,
        (None, Head::Branch { name, .. } | Head::Unborn { branch: name }) => {
            name.trim_start_matches("refs/heads/").to_owned()
        }
        (None, Head::Detached { .. }) => return Ok(Vec::new()),
    };
    if config::defaults().protected.contains(&name) {
        return Ok(Vec::new());
    }
    if !config::can_be_protected(&name) {
        outcome
            .notes
            .push(format!("`refs.protected` cannot name the branch `{name}`: rename it, or protect another one"));
        return Ok(Vec::new());
    }
    Ok(vec![name])
}

/// A second project id in one repository could never be merged with the first.
fn refuse_second_project(site: &Site) -> Result<(), EngineError> {
    let repo = &site.repo;
    let head = repo.head()?.commit();
    for name in MAIN_BRANCHES {
        let Some(commit) = repo.reference(name)? else { continue };
        if !config::is_governed(&repo.tree(&repo.tree_of(&commit)?))? {
            continue;
        }
        // Where HEAD comes after it, agentops was taken away on purpose.
        if head.is_some_and(|head| repo.is_ancestor(&commit, &head).unwrap_or(false)) {
            continue;
        }
        let short = name.trim_start_matches("refs/heads/").trim_start_matches("refs/remotes/");
        return Err(EngineError::refused(
            format!("agentops is set up on `{short}` already; this branch is from before that"),
            format!("take it over: git merge {short}   (or: git rebase {short})"),
        ));
    }
    Ok(())
}

/// The policy of the files to come. What was there already may be wrong: all of it is said before anything is written.
fn read_back(files: &[(RepoPath, Vec<u8>)]) -> Result<crate::model::policy::Policy, EngineError> {
    let mut tree = MemoryTree::new();
    for (path, bytes) in files {
        tree.put(path.clone(), bytes.clone());
    }
    Ok(config::read_policy(&tree)?)
}

fn has_any_test(policy: &crate::model::policy::Policy, profiles: &[ProfileName]) -> bool {
    let has = |profile: &crate::model::profile::Profile| {
        profiles.contains(&profile.name) && profile.commands.keys().any(|name| name.as_str() == "test")
    };
    policy.profiles.values().any(has)
}

/// Whether a pattern of the user's would hide what agentops keeps.
fn is_ignored(site: &Site) -> Result<bool, EngineError> {
    let output = site.repo.git(["check-ignore", "--quiet", "--no-index", "--", layout::FORMAT]).run()?;
    Ok(output.code == Some(0))
}

fn message_of(site: &Site, profiles: &[ProfileName], kept: &[Kept]) -> String {
    let names: Vec<&str> = profiles.iter().map(ProfileName::as_str).collect();
    let mut solution = format!(
        "Adds `.agentops/` with the laws' configuration, the people and agents who may act, and the profiles {}. Votes \
         are accepted from a terminal until signing is set up, and are reported as unauthenticated.",
        names.join(", ")
    );
    if !kept.is_empty() {
        let paths: Vec<String> = kept.iter().map(|kept| kept.path.to_string()).collect();
        solution.push_str(&format!(" Files that were there are taken as they are: {}.", paths.join(", ")));
    }
    let texts = Texts {
        context: "People and coding agents are to work in this repository side by side, and until now nothing in it \
                  said how work is planned, who approves it and what is remembered.",
        solution: &solution,
        learning: "Rules hold when they are versioned beside the code they rule and each change is judged by the \
                   rules of its base, so nobody can loosen a rule in the change that breaks it.",
        impact: "From the next commit on, `agentops check` judges every step on this branch; this commit itself is \
                 the bootstrap and is judged by its own policy.",
    };
    message(site, &config::defaults().sections, "chore", "set up agentops", &texts)
}
