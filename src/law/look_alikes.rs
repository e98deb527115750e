//! Other spellings of paths that the rules name: the part of AO-E7 that sees what some disks take for the same file.
//!
//! Where `billing/**` is of a class, `Billing/rate` is none of it; on a disk that folds case it is the very same file.

use std::cell::OnceCell;

use super::globs::Globs;
use super::{Case, Context, Findings};
use crate::model::layout;
use crate::model::path::{self, RepoPath};
use crate::model::report::{Finding, Place};
use crate::model::tree::{Change, SightError};

/// The globs of one rule, as they are written and folded.
struct Named<'a> {
    /// What a path is that they match, with its rule.
    what: String,
    patterns: &'a [String],
    folded: Vec<String>,
    /// The first name of each of them.
    firsts: Vec<String>,
    /// Compiled for the first path that may match.
    globs: OnceCell<(Globs, Globs)>,
}

impl<'a> Named<'a> {
    fn new(what: String, patterns: &'a [String]) -> Self {
        let folded: Vec<String> = patterns.iter().map(|pattern| path::folded(pattern)).collect();
        let firsts = folded.iter().map(|pattern| first(pattern).to_owned()).collect();
        Self { what, patterns, folded, firsts, globs: OnceCell::new() }
    }

    /// Whether `folded`, the folded spelling of what `change` adds, is named, and the spelling itself is not.
    fn is_imitated(&self, change: &Change, folded: &Change) -> Result<bool, SightError> {
        // Most paths begin otherwise, and compiling costs a hook more than judging.
        let name = folded.path.as_str().map(first).unwrap_or_default();
        if !self.firsts.iter().any(|own| own == name || own.contains(WILD)) {
            return Ok(false);
        }
        let (exact, loose) = match self.globs.get() {
            Some(globs) => globs,
            None => {
                let globs = (Globs::new(self.patterns)?, Globs::new(&self.folded)?);
                self.globs.get_or_init(|| globs)
            }
        };
        Ok(loose.touches(folded) && !exact.touches(change))
    }
}

fn first(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

/// What makes a name in a glob more than itself.
const WILD: [char; 5] = ['*', '?', '[', '{', '\\'];

pub(crate) fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    // Cut into its commits, what landed lawfully may have had such a path for a while.
    let is_asked = case.policy.judges_stand_ins() && !case.bootstrap && case.context != Context::Replay;
    if !is_asked || case.step.base().is_none() {
        return Ok(());
    }
    let config = &case.policy.config;
    let mut rules = vec![
        Named::new("governed (`paths.governed`)".into(), &config.governed),
        Named::new("read-only (`paths.readonly`)".into(), &config.readonly),
    ];
    rules.extend(config.risks.iter().map(|class| Named::new(format!("of the class `{}`", class.name), &class.paths)));
    // A link leads on where the file that was there led nowhere.
    let becomes_link = |change: &Change| {
        let was = change.before.is_some_and(|(mode, _)| mode.is_link());
        !was && change.after.is_some_and(|(mode, _)| mode.is_link())
    };
    let added = case.step.changes()?.iter().filter(|change| change.before.is_none() || becomes_link(change));
    for change in added.filter(|change| !change.path.is_below(layout::ROOT)) {
        let folded = Change { path: RepoPath::from(change.path.folded()), ..change.clone() };
        for rule in &rules {
            if rule.is_imitated(change, &folded)? {
                findings.add(Finding::new(
                    Place::path(change.path.clone()),
                    format!(
                        "some disks take this for a path that is {}: they fold case, or spell characters otherwise",
                        rule.what
                    ),
                    "spell it as the rules do, or name it otherwise; where both are meant, `agentops policy amend` names both",
                ));
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestStep, policy};
    use super::*;
    use crate::model::tree::{MemoryTree, Mode};

    fn judge(pattern: &str, path: &str, mode: Mode) -> usize {
        let mut policy = policy();
        policy.config.readonly = vec!["src/**/*.lock".into(), pattern.to_owned()];
        let mut after = MemoryTree::new();
        after.put_mode(path, mode, "x");
        let step = TestStep::new().after(after);
        let mut findings = Findings::default();
        check(&step.case(&policy), &mut findings).unwrap();
        findings.list.len()
    }

    #[test]
    fn other_spellings_are_seen_where_the_rules_have_one() {
        for (pattern, path) in [
            ("greet.sh", "Greet.sh"),
            ("billing/**", "Billing/rate"),
            ("API/*.proto", "api/User.proto"),
            ("**/OWNERS", "src/owners"),
            ("docs/gr\u{fc}n.md", "docs/gru\u{308}n.md"),
            ("billing/**", "billing./rate"),
        ] {
            assert_eq!(judge(pattern, path, Mode::File), 1, "{pattern} {path}");
        }
        assert_eq!(judge("app/billing/**", "App", Mode::Symlink), 1, "a link in another spelling");
        assert_eq!(judge("app/billing/**", "App", Mode::File), 0);
        for (pattern, path) in [("greet.sh", "greet.sh"), ("greet.sh", "greeter.sh"), ("API/*.proto", "API/user.proto")]
        {
            assert_eq!(judge(pattern, path, Mode::File), 0, "{pattern} {path}");
        }
    }

    #[test]
    fn both_spellings_may_be_meant() {
        let mut policy = policy();
        policy.config.readonly = vec!["vendor/**".into(), "Vendor/**".into()];
        let mut after = MemoryTree::new();
        after.put("Vendor/a", "x");
        let step = TestStep::new().before(MemoryTree::new()).after(after);
        let mut findings = Findings::default();
        check(&step.case(&policy), &mut findings).unwrap();
        assert_eq!(findings.list.len(), 0);
        policy.config.readonly.truncate(1);
        for (laws, found) in [(1, 0), (2, 1)] {
            policy.format.laws = laws;
            let mut findings = Findings::default();
            check(&step.case(&policy), &mut findings).unwrap();
            assert_eq!(findings.list.len(), found, "edition {laws}");
        }
    }
}
