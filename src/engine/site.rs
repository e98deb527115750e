//! The place where a verb works: one repository, one worktree, one actor.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Clock;
use crate::config;
use crate::engine::error::EngineError;
use crate::engine::policies::{Policies, Ruling};
use crate::env::Env;
use crate::git::{CommitTree, GitError, Head, Repo};
use crate::model::commit::Person;
use crate::model::digest::ObjectId;
use crate::model::layout;
use crate::model::name::{Principal, ProfileName, TaskId};
use crate::model::policy::{Actor, Policy};
use crate::model::tree::{Mode, TreeView};
use crate::workflow::chain::{self, Chain, Standing};

/// Whether the actor signs the events that a verb writes.
#[derive(Debug, Clone, Default)]
pub enum Signing {
    /// As git's setting `agentops.sign` says: where it is true, actors to whom the base gives a key sign.
    #[default]
    Configured,
    /// No.
    Never,
    /// Yes, or the verb is refused: with the private key in this file, or with the one that is found.
    Always(Option<PathBuf>),
}

/// A repository with what a verb needs to act in it.
pub struct Site<'s> {
    /// The repository.
    pub repo: Repo,
    /// Time and randomness.
    pub clock: &'s Clock,
    /// The surroundings.
    pub env: &'s Env,
    /// `--actor`, where given.
    pub actor_flag: Option<String>,
    /// Whether the actor signs events.
    pub signing: Signing,
    /// Policies that were read: a verb looks at its base more than once.
    policies: RefCell<Policies>,
}

/// A commit that rules: its tree and the policy in it.
pub struct Base<'a> {
    /// The commit.
    pub commit: ObjectId,
    /// The full name of the branch that moves; `None` on a detached HEAD.
    pub branch: Option<String>,
    /// The commit's tree.
    pub tree_id: ObjectId,
    /// A view of that tree.
    pub tree: CommitTree<'a>,
    /// The policy in it.
    pub policy: Arc<Policy>,
}

impl<'s> Site<'s> {
    /// Opens the repository at or above `dir`; in a `pre-receive` hook with the objects that are being pushed.
    pub fn open(dir: &Path, env: &'s Env, clock: &'s Clock, actor_flag: Option<String>) -> Result<Self, EngineError> {
        let parameters = env.git_config_parameters().unwrap_or_default();
        let mut repo = match env.git_dir() {
            Some(here) if here == Path::new(".") => Repo::open_git_dir(&here, &parameters)?,
            _ => Repo::open_with(dir, &parameters)?,
        };
        repo = repo.where_local_time_is(env.local_time_file());
        if let Some(quarantine) = env.git_quarantine() {
            repo = repo.with_objects(quarantine)?;
        }
        Ok(Self { repo, clock, env, actor_flag, signing: Signing::default(), policies: RefCell::default() })
    }

    /// The same place for a verb that only looks: its policies lack what gates alone need, and are read in half the time.
    #[must_use]
    pub(crate) fn looking(self) -> Self {
        Self { policies: RefCell::new(Policies::settled()), ..self }
    }

    /// The same place, where nothing that is written stays: for a dry run.
    #[must_use]
    pub fn rehearsal(&self) -> Self {
        Self {
            repo: self.repo.rehearsal(),
            clock: self.clock,
            env: self.env,
            actor_flag: self.actor_flag.clone(),
            signing: self.signing.clone(),
            policies: RefCell::default(),
        }
    }

    /// HEAD's commit with its policy.
    pub fn base(&self) -> Result<Base<'_>, EngineError> {
        match self.repo.head()? {
            Head::Unborn { branch } => Err(GitError::Unborn { branch }.into()),
            Head::Branch { name, commit } => self.base_at(Some(name), commit),
            Head::Detached { commit } => self.base_at(None, commit),
        }
    }

    /// The commit at the tip of a local branch, or of any revision, with its policy. The branch is kept only where it
    /// is a local one.
    pub fn base_of(&self, reference: &str) -> Result<Base<'_>, EngineError> {
        let found = self.repo.revision(reference)?;
        self.base_at(found.branch().map(str::to_owned), found.commit)
    }

    fn base_at(&self, branch: Option<String>, commit: ObjectId) -> Result<Base<'_>, EngineError> {
        let tree_id = self.repo.tree_of(&commit)?;
        let tree = self.repo.tree(&tree_id);
        let policy = match self.policies.borrow_mut().of(&tree)? {
            Ruling::Governed(policy) => policy,
            // Without its format file `.agentops` is no policy, and reading it tells what is missing.
            Ruling::Ungoverned => match config::read_policy(&tree) {
                Err(config::PolicyError::Absent) => return Err(EngineError::NotGoverned),
                other => Arc::new(other?),
            },
        };
        Ok(Base { commit, branch, tree_id, tree, policy })
    }

    /// Who writes the commit that a hook judges: as git says in the hook's environment (an amend keeps its author), or as
    /// configured.
    pub(crate) fn pending_author(&self, configured: Person) -> Person {
        let (name, email) = (self.env.git_author_name(), self.env.git_author_email());
        let seconds = self.env.git_author_date().and_then(|date| seconds_of(&date));
        Person {
            name: name.unwrap_or(configured.name),
            email: email.unwrap_or(configured.email),
            seconds: seconds.unwrap_or(configured.seconds),
        }
    }

    /// Who acts: `--actor`, then `AGENTOPS_ACTOR`, then the markers of agent clients, then the config's e-mail map.
    pub fn actor<'a>(&self, policy: &'a Policy) -> Result<(&'a Principal, &'a Actor), EngineError> {
        let config = &policy.config;
        let named = self.actor_flag.clone().or_else(|| self.env.actor());
        let found = match named {
            Some(name) => {
                let known = || config.actors.keys().map(Principal::as_str);
                let principal = Principal::parse(&name)?;
                let found = config.actors.get_key_value(&principal);
                return found.ok_or_else(|| EngineError::NotFound { what: "actor", hint: near(&name, known()), name });
            }
            None => config
                .agent_markers
                .iter()
                .find(|(marker, _)| self.env.marker(marker))
                .and_then(|(_, actor)| config.actors.get_key_value(actor)),
        };
        let email = self.repo.user_identity().ok().map(|person| person.email);
        found.or_else(|| config.actor_by_email(email.as_deref()?)).ok_or_else(|| match &email {
            Some(email) => EngineError::refused(
                format!("who acts is not clear: no actor of the config has the e-mail address `{email}`"),
                "name one with `--actor NAME` or AGENTOPS_ACTOR, or add yourself under `[actors.NAME]` with \
                     `agentops policy amend`",
            ),
            None => EngineError::refused(
                "who acts is not clear: Git knows no name and e-mail address of yours",
                "tell it with `git config user.name NAME` and `git config user.email ADDRESS`, or name an actor with \
                     `--actor NAME`",
            ),
        })
    }
}

impl Site<'_> {
    /// Refuses to `act` where an agent's client runs the command: a person's name does not make a person.
    pub(crate) fn refuse_agents(&self, policy: &Policy, act: &str, command: &str) -> Result<(), EngineError> {
        match policy.config.agent_markers.iter().find(|(marker, _)| self.env.marker(marker)) {
            Some((marker, agent)) => Err(EngineError::refused(
                format!("`{agent}` runs this command (`{marker}` is set): agents never {act}"),
                format!("a person runs it in a terminal of their own: {command}"),
            )),
            None => Ok(()),
        }
    }
}

impl Base<'_> {
    /// The profile called `name`.
    pub fn profile(&self, name: &str) -> Result<&crate::model::profile::Profile, EngineError> {
        let found = ProfileName::parse(name).ok().and_then(|name| self.policy.profiles.get(&name));
        found.ok_or_else(|| EngineError::NotFound {
            what: "profile",
            name: name.to_owned(),
            hint: near(name, self.policy.profiles.keys().map(ProfileName::as_str)),
        })
    }

    /// The chain of the task whose id starts with `prefix`, if that is one task.
    pub fn task(&self, prefix: &str) -> Result<Chain, EngineError> {
        refuse_empty_id("task", "agentops task list", prefix)?;
        if let Some((profile, task)) = self.exact(prefix)? {
            return Ok(Chain::read(&self.tree, &profile, &task)?);
        }
        let mut found: Vec<(ProfileName, TaskId)> = Vec::new();
        let mut all: Vec<TaskId> = Vec::new();
        for profile in self.policy.profiles.keys() {
            for task in chain::tasks(&self.tree, profile)? {
                if task.as_str().starts_with(prefix) {
                    found.push((profile.clone(), task.clone()));
                }
                all.push(task);
            }
        }
        let (profile, task) = match found.as_slice() {
            [one] => one.clone(),
            [] => {
                return Err(EngineError::NotFound {
                    what: "task",
                    name: prefix.to_owned(),
                    hint: near(prefix, all.iter().map(TaskId::as_str)),
                });
            }
            several => {
                let names: Vec<&str> = several.iter().map(|(_, task)| task.as_str()).collect();
                return Err(EngineError::usage(
                    format!("`{prefix}` fits {} tasks", names.len()),
                    format!("one of: {}", names.join(", ")),
                ));
            }
        };
        Ok(Chain::read(&self.tree, &profile, &task)?)
    }

    /// The task with exactly that id: where somebody says it in full, the others need not be listed.
    pub(crate) fn exact(&self, id: &str) -> Result<Option<(ProfileName, TaskId)>, EngineError> {
        let Ok(task) = TaskId::parse(id) else { return Ok(None) };
        for profile in self.policy.profiles.keys().rev() {
            let folder = self.tree.entry(&layout::task_events(profile, &task))?;
            if folder.is_some_and(|entry| entry.mode == Mode::Tree) {
                return Ok(Some((profile.clone(), task)));
            }
        }
        Ok(None)
    }

    /// The rules of a chain's profile.
    pub fn rules(&self, chain: &Chain) -> Result<&crate::model::profile::Profile, EngineError> {
        self.profile(chain.profile.as_str())
    }

    /// Whether a task is done in this tree; `false` also where there is no such task.
    pub fn is_done(&self, task: &TaskId) -> Result<bool, EngineError> {
        for profile in self.policy.profiles.keys() {
            if let Standing::At(state) = Chain::read(&self.tree, profile, task)?.standing() {
                return Ok(state.status == crate::model::state::Status::Done);
            }
        }
        Ok(false)
    }

    /// The namespace of a new record: the one named, the first of `hints`, the only one, or the only one in which `actor`
    /// may write.
    pub(crate) fn home(
        &self,
        named: Option<&str>,
        hints: &[&ProfileName],
        actor: &Actor,
    ) -> Result<ProfileName, EngineError> {
        if let Some(name) = named {
            return Ok(self.profile(name)?.name.clone());
        }
        if let Some(hint) = hints.iter().find(|hint| self.policy.profiles.contains_key(*hint)) {
            return Ok((*hint).clone());
        }
        let all: Vec<&ProfileName> = self.policy.profiles.keys().collect();
        let own: Vec<&ProfileName> = all.iter().copied().filter(|name| actor.may_write(name)).collect();
        match (all.as_slice(), own.as_slice()) {
            ([only], _) | (_, [only]) => Ok((*only).clone()),
            _ => Err(EngineError::usage(
                "which profile? a record lies in the namespace of one",
                format!(
                    "name it with `--profile`: {}; or name a task with `--task`",
                    all.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
                ),
            )),
        }
    }

    /// The tree as a view.
    pub fn view(&self) -> &dyn TreeView {
        &self.tree
    }
}

/// Every id begins with nothing: a variable that a script left unset would choose whatever there is.
pub(crate) fn refuse_empty_id(what: &str, list: &str, prefix: &str) -> Result<(), EngineError> {
    if prefix.trim().is_empty() {
        return Err(EngineError::usage(
            format!("the id of the {what} is empty"),
            format!("`{list}` lists them; in a script, look at the variable that was to hold it"),
        ));
    }
    Ok(())
}

/// The seconds of a date as git hands it to hooks: `@1795244400 +0000`. Other forms of dates are left to git.
pub(crate) fn seconds_of(date: &str) -> Option<i64> {
    date.trim_start_matches('@').split(' ').next()?.parse().ok()
}

/// A did-you-mean: the known names nearest to `name`, or all where there are few.
pub(crate) fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.collect();
    known.sort_by(|a, b| strsim::jaro_winkler(b, name).total_cmp(&strsim::jaro_winkler(a, name)));
    match known.as_slice() {
        [] => "there is none yet".to_owned(),
        [best, ..] if strsim::jaro_winkler(best, name) > 0.8 => format!("did you mean `{best}`?"),
        list => format!("there are: {}", list[..list.len().min(8)].join(", ")),
    }
}
