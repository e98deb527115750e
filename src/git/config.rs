//! Git's configuration, as far as we read it: single values, where they come from, and who the user is.

use gix::config::Source;

use super::error::GitError;
use super::repo::Repo;
use crate::model::commit::Person;

/// Where a setting of git comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The whole machine.
    System,
    /// The user: `git config --global`.
    Global,
    /// The repository: `git config --local`.
    Local,
    /// This worktree alone: `git config --worktree`.
    Worktree,
    /// The environment or the command line.
    Command,
}

impl Scope {
    /// As `git config --show-scope` says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Global => "global",
            Self::Local => "local",
            Self::Worktree => "worktree",
            Self::Command => "command",
        }
    }
}

impl Repo {
    /// The value of a setting, e.g. `core.hooksPath`; the last one where there are several.
    pub fn config_get(&self, key: &str) -> Option<String> {
        self.inner.config_snapshot().string(key).map(|value| value.to_string())
    }

    /// The value of the last setting of `section` that has one of these names: for two that are one to git.
    pub fn config_last_of(&self, section: &str, names: &[&str]) -> Option<String> {
        let snapshot = self.inner.config_snapshot();
        let sections =
            snapshot.plumbing().sections_by_name(section)?.filter(|found| found.header().subsection_name().is_none());
        let named = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut last = None;
        for found in sections {
            for name in found.value_names().filter(|name| named(name)) {
                last = found.value(&*name).map(|value| value.to_string()).or(last);
            }
        }
        last
    }

    /// Whether a setting is there and true, as git reads truth.
    pub fn config_flag(&self, key: &str) -> bool {
        self.inner.config_snapshot().boolean(key).unwrap_or(false)
    }

    /// Whether there are files whose executable bit says something (`core.fileMode`): not in a bare repository, and not on
    /// file systems that have none.
    pub fn keeps_modes(&self) -> bool {
        let setting = self.inner.config_snapshot().try_boolean("core.fileMode").ok().flatten();
        !self.is_bare() && setting.unwrap_or(cfg!(unix))
    }

    /// The value of a setting and where it comes from.
    pub fn config_scope_of(&self, key: &str) -> Option<(Scope, String)> {
        let snapshot = self.inner.config_snapshot();
        let (value, section) = snapshot.plumbing().raw_value_with_section(key).ok()?;
        let scope = match section.meta().source {
            Source::GitInstallation | Source::System => Scope::System,
            Source::Git | Source::User => Scope::Global,
            Source::Local => Scope::Local,
            Source::Worktree => Scope::Worktree,
            Source::Env | Source::Cli | Source::Api | Source::EnvOverride => Scope::Command,
        };
        Some((scope, value.to_string()))
    }

    /// Who the configuration says the user is, at no particular time: cheaper than
    /// [`user_identity`](Self::user_identity), which asks for the local time zone. `None` where it is silent.
    pub fn configured_identity(&self, author: bool) -> Option<Person> {
        let role = if author { "author" } else { "committer" };
        let part = |part: &str| {
            let own = self.config_get(&format!("{role}.{part}"));
            own.or_else(|| self.config_get(&format!("user.{part}"))).filter(|value| !value.is_empty())
        };
        Some(Person { name: part("name")?, email: part("email")?, seconds: 0 })
    }

    /// Who a commit made now would name as its author; the time is now, or what `GIT_AUTHOR_DATE` says.
    pub fn user_identity(&self) -> Result<Person, GitError> {
        let signature = self.signature(None, true)?;
        Ok(Person {
            name: signature.name.to_string(),
            email: signature.email.to_string(),
            seconds: signature.time.seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn values_scopes_and_identity() {
        let sandbox = Sandbox::new();
        sandbox.git(&["config", "core.hooksPath", ".husky/_"]);
        let repo = sandbox.open();
        assert_eq!(repo.config_scope_of("core.hooksPath"), Some((Scope::Local, ".husky/_".to_owned())));
        assert_eq!(repo.config_get("user.name").as_deref(), Some("Tess Ter"));
        assert_eq!(repo.config_get("agentops.none"), None);
        assert!(!repo.config_flag("agentops.sign"));
        for (value, expected) in [("yes", true), ("1", true), ("false", false), ("perhaps", false)] {
            sandbox.git(&["config", "agentops.sign", value]);
            assert_eq!(sandbox.open().config_flag("agentops.sign"), expected, "{value}");
        }
        sandbox.git(&["config", "core.fileMode", "false"]);
        assert!(!sandbox.open().keeps_modes());
        assert_eq!(repo.user_identity().unwrap().email, "tess@example.com");
        let configured = repo.configured_identity(true).unwrap();
        assert_eq!((configured.name.as_str(), configured.email.as_str()), ("Tess Ter", "tess@example.com"));
        sandbox.git(&["config", "author.email", "author@example.com"]);
        let email = |author| sandbox.open().configured_identity(author).unwrap().email;
        assert_eq!((email(true).as_str(), email(false).as_str()), ("author@example.com", "tess@example.com"));
        assert!(repo.hooks_dir().unwrap().ends_with(".husky/_"));
        assert_eq!(Scope::Local.name(), "local");
    }
}
