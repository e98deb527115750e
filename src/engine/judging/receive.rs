//! What `pre-receive` judges on a server: each reference of a push, before it moves.

use std::sync::Arc;

use super::landing::{self, Landing};
use super::memory::PushMemory;
use super::replay;
use crate::engine::error::EngineError;
use crate::engine::policies::{Policies, is_governed};
use crate::engine::site::Site;
use crate::git::{GitError, Head};
use crate::model::digest::ObjectId;
use crate::model::policy::Policy;
use crate::model::report::Report;

/// One reference that a push is to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Where it is; `None`: it is new.
    pub old: Option<ObjectId>,
    /// Where it is to be; `None`: it is deleted.
    pub new: Option<ObjectId>,
    /// Its full name.
    pub reference: String,
}

/// What is said of one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// The verdict; `None` where no law was asked.
    pub report: Option<Report>,
    /// Why it may not move, besides what laws say; each a sentence with its remedy behind it.
    pub refused: Vec<(String, String)>,
    /// What was not judged, and why.
    pub notes: Vec<String>,
}

impl Judged {
    fn refuse(&mut self, why: impl Into<String>, remedy: impl Into<String>) {
        self.refused.push((why.into(), remedy.into()));
    }
}

/// A server's own ground: the commit of HEAD's branch, which says what is protected and what new branches are judged
/// against.
pub struct Server {
    head: Option<ObjectId>,
    branch: Option<String>,
    policy: Option<Arc<Policy>>,
}

impl Server {
    /// Of this repository.
    ///
    /// # Errors
    ///
    /// Rules at HEAD that cannot be read: then nothing may move.
    pub fn of(site: &Site) -> Result<Self, EngineError> {
        let head = site.repo.head()?;
        let branch = match &head {
            Head::Branch { .. } | Head::Unborn { .. } => head.branch().map(str::to_owned),
            Head::Detached { .. } => None,
        };
        let policy = match head.commit() {
            Some(commit) => Policies::default().of(&site.repo.tree(&site.repo.tree_of(&commit)?))?.policy(),
            None => None,
        };
        let branch = branch.map(|name| site.repo.final_name(&name)).transpose()?;
        Ok(Self { head: head.commit(), branch, policy })
    }

    /// HEAD's own branch is protected whatever the config says.
    fn protects(&self, reference: &str) -> bool {
        self.branch.as_deref() == Some(reference)
            || self.policy.as_ref().is_some_and(|policy| policy.config.protects(Some(reference)))
    }

    /// Whether git could take `name` for a protected branch where somebody names that in short.
    fn is_taken_for_protected(&self, name: &str) -> bool {
        let of_config = self.policy.iter().flat_map(|policy| &policy.config.protected).map(String::as_str);
        let own = self.branch.as_deref().and_then(|name| name.strip_prefix("refs/heads/"));
        of_config.chain(own).any(|short| {
            // `origin/main` is what a clone calls the branch.
            let is_tag = |tag: &str| tag == short || tag.ends_with(&format!("/{short}"));
            name.strip_prefix("refs/") == Some(short) || name.strip_prefix("refs/tags/").is_some_and(is_tag)
        })
    }

    /// Judges one update of a push, all of whose updates share `memory`.
    pub fn judge(&self, site: &Site, update: &Update, memory: &mut PushMemory) -> Result<Judged, EngineError> {
        let mut judged = Judged::default();
        let name = update.reference.as_str();
        if name.starts_with("refs/replace/") && update.new.is_some() {
            judged.refuse(
                format!("`{name}` would show other objects in place of those that were judged"),
                "push what you mean as commits of its own",
            );
            return Ok(judged);
        }
        let target = site.repo.final_name(name)?;
        if target != name {
            judged.refuse(format!("`{name}` is another name of `{target}` here"), format!("push to `{target}` itself"));
            return Ok(judged);
        }
        if update.new.is_some()
            && (self.is_taken_for_protected(name) || matches!(name, "refs/heads/HEAD" | "refs/tags/HEAD"))
        {
            judged
                .refuse(format!("`{name}` would be taken for a protected branch, or for HEAD"), "choose another name");
            return Ok(judged);
        }
        let Some(short) = name.strip_prefix("refs/heads/") else { return Ok(judged) };
        if self.head.is_none() && self.branch.as_deref() != Some(name) {
            let own = self.branch.as_deref().unwrap_or("HEAD");
            judged.refuse(
                format!("HEAD names `{own}`, which is not there: nothing says which rules hold for `{short}`"),
                format!("push `{own}` first, or have HEAD name your main branch: `git symbolic-ref HEAD refs/heads/NAME` on the server"),
            );
            return Ok(judged);
        }
        let Some(new) = update.new else {
            if self.protects(name) {
                judged.refuse(
                    format!("`{short}` is protected: it is not deleted by a push"),
                    "whoever runs the server can delete it there",
                );
            }
            return Ok(judged);
        };
        let forward = match &update.old {
            Some(old) => site.repo.is_ancestor(old, &new)?,
            None => true,
        };
        if !forward && self.protects(name) {
            judged.refuse(
                format!("`{short}` is protected: this push would take commits away from it"),
                "merge or rebase onto what is there (`git fetch`), and push again",
            );
            return Ok(judged);
        }
        match self.base(site, update, update.old.filter(|_| forward), &new)? {
            Some(base) => self.land(site, (update, memory), &base, &new, &mut judged)?,
            None => self.begin(site, short, &new, &mut judged)?,
        }
        Ok(judged)
    }

    /// What a branch is judged against: where it was, or where it left HEAD's branch. A new one that is protected must fit
    /// HEAD as it is now.
    fn base(
        &self,
        site: &Site,
        update: &Update,
        old: Option<ObjectId>,
        new: &ObjectId,
    ) -> Result<Option<ObjectId>, EngineError> {
        match (old, self.head) {
            (Some(old), _) => Ok(Some(old)),
            (None, Some(head)) if self.protects(&update.reference) => Ok(Some(head)),
            (None, Some(head)) => Ok(site.repo.merge_base(&head, new)?),
            (None, None) => Ok(None),
        }
    }

    fn land(
        &self,
        site: &Site,
        (update, memory): (&Update, &mut PushMemory),
        base: &ObjectId,
        new: &ObjectId,
        judged: &mut Judged,
    ) -> Result<(), EngineError> {
        let request = Landing {
            base: base.to_string(),
            tip: Some(new.to_string()),
            allow_empty: true,
            root: None,
            onto: Some(update.reference.clone()),
            protected: self.protects(&update.reference),
        };
        match landing::one_of(site, &request, memory) {
            Ok(report) => judged.report = Some(report),
            Err(EngineError::NotGoverned) if self.policy.is_some() && self.protects(&update.reference) => {
                judged.refuse(
                    format!("`{}` is protected, and what it would hold has no `.agentops`", update.reference),
                    "begin it at HEAD's branch",
                );
            }
            Err(EngineError::NotGoverned) => judged.notes.push(format!("`{}` is not governed", update.reference)),
            Err(EngineError::Git(
                error @ (GitError::Conflict { .. } | GitError::TooLargeToMerge { .. } | GitError::Unrelated { .. }),
            )) => {
                judged.refuse(error.to_string(), "merge the branch that it is for, and push again");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A branch that has nothing in common with HEAD's: the first of a repository, or one like `gh-pages`.
    fn begin(&self, site: &Site, short: &str, new: &ObjectId, judged: &mut Judged) -> Result<(), EngineError> {
        if !is_governed(&site.repo, new)? {
            judged.notes.push(format!("`{short}` is not governed"));
        } else if self.policy.is_some() {
            judged.refuse(
                format!("`{short}` brings a governed history that has nothing in common with HEAD's"),
                "begin the branch at a commit of HEAD's branch: `git rebase --onto`",
            );
        } else {
            judged.report = Some(replay::all(site, Some(&new.to_string()), None)?);
        }
        Ok(())
    }
}
