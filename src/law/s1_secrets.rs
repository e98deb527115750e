//! AO-S1: no secrets.
//!
//! Each commit of the step is looked at, and the step as a whole: a secret that one commit adds and the next one removes is in
//! history all the same. What stood in the file before, or in a file that the same change removes, is not new.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::substance::assess_reason;
use super::{Case, Context, Findings, Law, Reads};
use crate::model::digest::ObjectId;
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::report::{Finding, Place};
use crate::model::tree::{Change, SightError, TreeView};
use crate::secrets::baseline::{Baseline, MAX_BASELINE};
use crate::secrets::{Found, MAX_FOUND, MAX_SCANNED, Scanner};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::S1,
    title: "no secrets",
    rule: "No commit of a step adds a key, a token or a password: what one of the built-in rules or of `.agentops/secrets.toml` \
           matches, unless its line says `agentops:allow-secret` with a reason (`agentops:allow-secret(2)` of two), an \
           allowlist knows it, or the base's `.agentops/secrets.baseline` does. Files of more than 16 MiB are named and not searched.",
    passes: "password = os.environ[\"DB_PASSWORD\"]",
    fails: "A file with a GitHub token. Take it out of the commit that adds it, not only of a later one, keep it where no commit \
            goes, and revoke it where that commit was pushed.",
    reads: Reads::Trees,
    check,
};

const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let scanner = Scanner::new(&case.policy.secrets);
    let mut search = Search {
        case,
        scanner: &scanner,
        baseline: OnceCell::new(),
        searched: HashMap::new(),
        told: Vec::new(),
        elsewhere: Vec::new(),
    };
    for (index, commit) in case.step.commits().iter().enumerate() {
        let Some(id) = commit.id else { continue };
        if case.read_off.is_some_and(|read_off| read_off.is_innocent(id)) {
            continue;
        }
        let trees = (0..commit.parents.len()).map(|parent| case.step.parent_tree(index, parent));
        let Some(parents) = trees.collect::<Result<Option<Vec<_>>, _>>()? else {
            let sentence = format!("what {} adds: a parent of it is not in this repository (AO-S1)", id.short());
            if case.context != Context::Replay {
                return Err(SightError::Failed(sentence));
            }
            findings.not_checked(sentence);
            continue;
        };
        let mut changes = Vec::new();
        // What a merge takes from one of its sides was judged there.
        for change in case.step.commit_changes(index)? {
            if case.is_own(index, &change)? {
                changes.push(change);
            }
        }
        let tree = case.step.commit_tree(index)?;
        let before: Vec<&dyn TreeView> = parents.iter().map(|tree| &**tree).collect();
        let unit = Unit { commit: Some(id), changes: &changes, before: &before, after: &*tree };
        if search.unit(unit, findings)?
            && let Some(read_off) = case.read_off
        {
            read_off.note_innocent(id);
        }
    }
    let before: Vec<&dyn TreeView> = case.step.base().into_iter().collect();
    let whole = Unit { commit: None, changes: case.step.changes()?, before: &before, after: case.step.next() };
    search.unit(whole, findings)?;
    search.finish(findings)
}

/// Changes that were made together.
struct Unit<'u> {
    commit: Option<ObjectId>,
    changes: &'u [Change],
    /// What they were made on.
    before: &'u [&'u dyn TreeView],
    /// What they lead to.
    after: &'u dyn TreeView,
}

struct Search<'c, 'p> {
    case: &'c Case<'p>,
    scanner: &'c Scanner<'c>,
    /// The base's, read for the first secret.
    baseline: OnceCell<Baseline>,
    /// Each file once, and whether nothing was to be said of it.
    searched: HashMap<(RepoPath, ObjectId), bool>,
    /// What was found, so that the whole step does not tell again what one of its commits did.
    told: Vec<(RepoPath, Found<'c>)>,
    /// Files that git keeps pointers to.
    elsewhere: Vec<RepoPath>,
}

impl Search<'_, '_> {
    /// Whether all that came was searched, and nothing found, be it known or told already.
    fn unit(&mut self, unit: Unit<'_>, findings: &mut Findings) -> Result<bool, SightError> {
        let mut is_innocent = true;
        let gone = unit.changes.iter().filter(|change| change.after.is_none());
        let gone: HashSet<ObjectId> = gone.filter_map(|change| Some(change.before?.1)).collect();
        for change in unit.changes {
            let Some((mode, id)) = change.after else { continue };
            let is_same = change.before.is_some_and(|(_, before)| before == id) || gone.contains(&id);
            if !mode.is_file() || is_same {
                continue;
            }
            let file = (change.path.clone(), id);
            let is_nothing = match self.searched.get(&file) {
                Some(known) => *known,
                None => {
                    let is_known = self.case.read_off.is_some_and(|read_off| read_off.is_innocent_file(&file));
                    let is_nothing = is_known || self.file(&unit, &change.path, &id, findings)?;
                    if let Some(read_off) = self.case.read_off.filter(|_| is_nothing && !is_known) {
                        read_off.note_innocent_file(&file);
                    }
                    self.searched.insert(file, is_nothing);
                    is_nothing
                }
            };
            is_innocent &= is_nothing;
        }
        Ok(is_innocent)
    }

    /// Whether the file was searched, and nothing found.
    fn file(
        &mut self,
        unit: &Unit<'_>,
        path: &RepoPath,
        id: &ObjectId,
        findings: &mut Findings,
    ) -> Result<bool, SightError> {
        let bytes = match unit.after.blob(id, path, MAX_SCANNED) {
            Ok(bytes) => bytes,
            Err(SightError::TooLarge { size, limit, .. }) => {
                let message =
                    format!("`{path}` has {size} bytes; secrets are searched for in files of at most {limit}");
                let fix = "look through it yourself; large files of a program's own are better kept outside of git";
                findings.add(Finding::new(Place::path(path.clone()).in_commit(unit.commit), message, fix).warning());
                return Ok(false);
            }
            // In what has landed, a clone without all its files is no fault of a commit.
            Err(SightError::Missing { .. }) if self.case.context == Context::Replay => {
                findings.not_checked("files that are not in this clone: they were not searched for secrets (AO-S1)");
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let is_pointer = bytes.starts_with(LFS_POINTER);
        if is_pointer {
            self.elsewhere.push(path.clone());
        }
        let scan = self.scanner.scan(path, &bytes).map_err(|error| SightError::Failed(error.to_string()))?;
        if scan.has_more {
            let message = format!("`{path}` has more than {MAX_FOUND} of what looks like secrets; the first are told");
            let fix = "where they are none, an allowlist with `paths` in `.agentops/secrets.toml` says so, by an amend";
            findings.add(Finding::new(Place::path(path.clone()).in_commit(unit.commit), message, fix));
        }
        let is_nothing = !is_pointer && !scan.has_more && scan.found.is_empty();
        for found in scan.found {
            let is_told = |(other, told): &(RepoPath, Found<'_>)| other == path && told.is_same(&found);
            if self.told.iter().any(is_told) || self.is_known(path, &found)? || was_there(unit, path, &found)? {
                continue;
            }
            self.tell(unit, path, &found, findings);
            self.told.push((path.clone(), found));
        }
        Ok(is_nothing)
    }

    fn tell(&self, unit: &Unit<'_>, path: &RepoPath, found: &Found<'_>, findings: &mut Findings) {
        let place = Place { line: found.line, ..Place::path(path.clone()).in_commit(unit.commit) };
        let what =
            format!("{} ({}): {}{}", found.rule.description, found.rule.id, found.redacted(), found.on_its_line());
        let unexcused = match stands(found) {
            None => String::new(),
            Some(Ok(reason)) => {
                // In a replay it was read long ago: each would be told for ever.
                if self.case.context != Context::Replay {
                    let line = found.line.map(|line| format!(":{line}")).unwrap_or_default();
                    findings.note(format!("allowed on its line, `{path}{line}`: {what}; the reason: {reason}"));
                }
                return;
            }
            Some(Err(why)) => format!("; {why}"),
        };
        let out = match unit.commit {
            None => "take it out and keep it where no commit goes: in the environment, in a store for secrets",
            Some(_) => {
                "take it out of the commit that adds it (`git rebase -i`), and revoke it if that commit was ever pushed"
            }
        };
        let count = found.allow.as_ref().map_or(1, |allow| allow.there);
        let count = if count > 1 { format!("({count})") } else { String::new() };
        let fix = format!("{out}. Is it none? Say why on its line: `agentops:allow-secret{count} <reason>`");
        findings.add(Finding::new(place, format!("{what}{unexcused}"), fix));
    }

    /// Whether the baseline of the base knows it; in the step that brings the laws, the one that comes along.
    fn is_known(&self, path: &RepoPath, found: &Found<'_>) -> Result<bool, SightError> {
        let project = &self.case.policy.format.project;
        let baseline = match self.baseline.get() {
            Some(baseline) => baseline,
            None => {
                let next = Some(self.case.step.next());
                let tree = if self.case.bootstrap { next } else { self.case.step.base() };
                let read = tree.map_or_else(|| Ok(Baseline::default()), |tree| baseline_of(tree, project))?;
                self.baseline.get_or_init(|| read)
            }
        };
        let fingerprint = found.fingerprint(project, path);
        // Where a verdict decides, on landing, nobody brings the list along by which the step is judged.
        let later = self.case.later_baseline.filter(|_| self.case.context == Context::Replay);
        Ok(baseline.knows(&fingerprint) || later.is_some_and(|later| later.knows(&fingerprint)))
    }

    fn finish(self, findings: &mut Findings) -> Result<(), SightError> {
        if let Some((first, others)) = self.elsewhere.split_first() {
            let others = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            findings
                .not_checked(format!("the content of `{first}`{others}: git has pointers of Git LFS to it (AO-S1)"));
        }
        self.tell_growth(findings)
    }

    /// Whoever lands a baseline reads how much is to be passed over.
    fn tell_growth(&self, findings: &mut Findings) -> Result<(), SightError> {
        let changes = || self.case.step.changes();
        if self.case.context != Context::Landing
            || !changes()?.iter().any(|change| change.path.as_str() == Some(layout::SECRETS_BASELINE))
        {
            return Ok(());
        }
        let project = &self.case.policy.format.project;
        let before = self.case.step.base().map_or_else(|| Ok(Baseline::default()), |tree| baseline_of(tree, project));
        // One that cannot be read is named by AO-G5.
        if let (Ok(before), Ok(after)) = (before, baseline_of(self.case.step.next(), project)) {
            findings.note(format!(
                "the baseline of secrets knows {} more, {} in all",
                after.beyond(&before),
                after.len()
            ));
        }
        Ok(())
    }
}

/// What a marker beside it says: the reason, or why it excuses nothing. `None`: there is no marker.
pub(crate) fn stands<'f>(found: &'f Found<'_>) -> Option<Result<&'f str, String>> {
    let allow = found.allow.as_ref()?;
    Some(match assess_reason(&allow.reason) {
        Ok(()) => allow.is_about_all().map(|()| allow.reason.as_str()),
        Err(_) => Err("the marker beside it gives no reason that says something".to_owned()),
    })
}

/// The baseline in `tree`, of the project with this id; an empty one where there is none.
pub(crate) fn baseline_of(tree: &dyn TreeView, project: &str) -> Result<Baseline, SightError> {
    let Some(bytes) = tree.file(&layout::SECRETS_BASELINE.into(), MAX_BASELINE)? else {
        return Ok(Baseline::default());
    };
    Baseline::read(&bytes, project).map_err(|bad| {
        let line = bad.first().map_or(0, |bad| bad.line);
        SightError::Failed(format!("line {line} of `{}` cannot be read", layout::SECRETS_BASELINE))
    })
}

/// Whether the secret stood there before, or in a file that goes at the same time.
fn was_there(unit: &Unit<'_>, path: &RepoPath, found: &Found<'_>) -> Result<bool, SightError> {
    let gone = unit.changes.iter().filter(|change| change.after.is_none()).map(|change| &change.path);
    for path in std::iter::once(path).chain(gone) {
        for tree in unit.before {
            let bytes = match tree.file(path, MAX_SCANNED) {
                Err(SightError::TooLarge { .. }) => None,
                other => other?,
            };
            if bytes.is_some_and(|bytes| found.is_in(&bytes)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestStep, policy, tree};
    use super::*;
    use crate::law::judge;
    use crate::model::law_id::Level;
    use crate::model::policy::Policy;
    use crate::model::tree::Mode;

    /// A token made up from a number.
    fn token(number: u64) -> String {
        let digits: String =
            (1..21u64).map(|at| char::from(b"0q9w8e7r6t5z4u3i2o1p"[(number * 7 + at * at) as usize % 20])).collect();
        format!("glpat-{digits}")
    }

    fn found(step: &TestStep) -> Vec<String> {
        let findings = step.judge(&LAW, &policy());
        findings
            .list
            .iter()
            .map(|finding| format!("{}:{}", finding.place.path.as_ref().unwrap(), finding.place.line.unwrap_or(0)))
            .collect()
    }

    #[test]
    fn what_a_step_adds() {
        let old = format!("a = 1\nt = \"{}\"\n", token(1));
        let step = TestStep::new().before(tree(&[("a", &old), ("b", "1")]));
        assert_eq!(
            found(&step.clone().after(tree(&[("a", &format!("{old}b = 2\n")), ("b", "1")]))),
            [""; 0],
            "it was there"
        );
        assert_eq!(
            found(&step.clone().after(tree(&[("c", &format!("moved\n{old}")), ("b", "1")]))),
            [""; 0],
            "it moved"
        );
        assert_eq!(found(&step.clone().after(tree(&[("a", &old), ("b", &format!("1\n{}\n", token(2)))]))), ["b:2"]);
        assert_eq!(
            found(&step.clone().after(tree(&[("a", &old), ("b", &old)]))),
            ["b:2"],
            "copied to where it was not"
        );
        let mut link = tree(&[("a", &old)]);
        link.put_mode("b", Mode::Symlink, token(2));
        assert_eq!(found(&step.after(link)), [""; 0]);
    }

    #[test]
    fn each_commit_counts() {
        let planted = format!("x\n{}\n", token(3));
        let base = tree(&[("a", "1")]);
        let step = TestStep::new().before(base.clone()).after(base.clone());
        let step =
            step.commit("feat: one").tree(tree(&[("a", "1"), ("b", &planted)])).commit("feat: two").tree(base.clone());
        let findings = step.judge(&LAW, &policy());
        assert_eq!(findings.list.len(), 1, "{:?}", findings.list);
        let first = findings.list[0].place.commit;
        assert!(first.is_some() && first == step.judge(&LAW, &policy()).list[0].place.commit);
        assert!(
            findings.list[0].message.contains("glp… (26 characters)")
                && !findings.list[0].message.contains(&token(3)[8..])
        );
        // Kept to the end it is told once, where it came in.
        let kept = tree(&[("a", "1"), ("b", &format!("{planted}y\n"))]);
        let step = TestStep::new().before(base.clone()).after(kept.clone());
        let step = step.commit("feat: one").tree(tree(&[("a", "1"), ("b", &planted)])).commit("feat: two").tree(kept);
        assert_eq!(found(&step), ["b:2"]);
        // A merge answers for what neither side has.
        let side = tree(&[("a", "1"), ("b", &planted)]);
        let clean = TestStep::new()
            .before(base.clone())
            .after(side.clone())
            .commit("merge")
            .tree(side.clone())
            .merging(side.clone(), true);
        assert_eq!(found(&clean), ["b:2"], "the step brings it");
        let evil = tree(&[("a", "1"), ("c", &planted)]);
        let step = TestStep::new()
            .before(base.clone())
            .after(base.clone())
            .commit("merge")
            .tree(evil)
            .merging(base.clone(), false);
        assert_eq!(found(&step.commit("fix: away").tree(base)), ["c:2"]);
    }

    #[test]
    fn reasons_on_the_line() {
        let judge = |line: &str| {
            let step = TestStep::new().before(tree(&[("a", "1")])).after(tree(&[("a", line)]));
            let findings = step.judge(&LAW, &policy());
            (findings.list.len(), findings.notes.join("\n"))
        };
        let (count, notes) =
            judge(&format!("t = '{}' # agentops:allow-secret revoked after the drill of March", token(4)));
        assert!(
            count == 0 && notes.contains("`a:1`") && notes.ends_with("the reason: revoked after the drill of March"),
            "{notes}"
        );
        assert!(!notes.contains(&token(4)[8..]));
        for marker in ["agentops:allow-secret", "agentops:allow-secret todo", "gitleaks:allow"] {
            assert_eq!(judge(&format!("t = '{}' # {marker}", token(4))).0, 1, "{marker}");
        }
        assert_eq!(judge(&format!("t = '{}' # gitleaks:allow revoked after the drill of March", token(4))).0, 0);
    }

    #[test]
    fn a_marker_is_about_one_unless_it_says_more() {
        let line = |tokens: &[u64], marker: &str| {
            let tokens: Vec<String> = tokens.iter().map(|number| format!("'{}'", token(*number))).collect();
            format!("t = [{}] # {marker} revoked after the drill of March", tokens.join(", "))
        };
        let judge = |before: &str, after: &str| {
            let step = TestStep::new().before(tree(&[("a", before)])).after(tree(&[("a", after)]));
            let findings = step.judge(&LAW, &policy());
            let told = |finding: Finding| format!("{}; {}", finding.message, finding.fix);
            (findings.list.into_iter().map(told).collect::<Vec<_>>(), findings.notes)
        };
        let (one, two) = ("agentops:allow-secret", "agentops:allow-secret(2)");
        // A second one on a line that was allowed long ago, before or behind the first.
        for tokens in [[4, 5], [5, 4]] {
            let (list, notes) = judge(&line(&[4], one), &line(&tokens, one));
            assert!(list.len() == 1 && list[0].contains("is about 1, and there are 2"), "{list:?}");
            assert!(list[0].ends_with("Say why on its line: `agentops:allow-secret(2) <reason>`"), "{list:?}");
            assert_eq!(notes, [""; 0]);
            assert_eq!(judge(&line(&[4], one), &line(&tokens, two)).0, [""; 0]);
        }
        let (list, notes) = judge("", &line(&[4, 5], two));
        assert!(list.is_empty() && notes.len() == 2, "each is named: {notes:?}");
        assert!(notes[0].contains("at column 7;") && notes[1].contains("at column 37;"), "{notes:?}");
        assert_eq!(judge("", &line(&[4, 4], one)).0, [""; 0], "one, twice");
        assert_eq!(judge("", &line(&[4], two)).0.len(), 1, "no room for another");
        // Without a marker each is a finding of its own.
        assert_eq!(judge("", &line(&[4, 5], "")).0.len(), 2);
        let step = TestStep::new().before(tree(&[])).after(tree(&[("a", &line(&[4, 5], ""))]));
        let report = crate::law::judge(&step.case(&policy()), &[Reads::Trees]);
        assert_eq!(report.violations.iter().filter(|violation| violation.law == LawId::S1).count(), 2);
    }

    #[test]
    fn the_baseline_of_the_base_counts() {
        let policy = policy();
        let path = RepoPath::from("a");
        let text = format!("t = '{}'\n", token(5));
        let scanner = Scanner::new(&policy.secrets);
        let scan = scanner.scan(&path, text.as_bytes()).unwrap();
        let fingerprint = scan.found[0].fingerprint(&policy.format.project, &path);
        let line = crate::secrets::baseline::line(&fingerprint, &scan.found[0].rule.id, &path);
        let with = tree(&[(layout::SECRETS_BASELINE, &format!("{line}\n"))]);
        let mut after = with.clone();
        after.put("a", text.clone());
        assert_eq!(found(&TestStep::new().before(with.clone()).after(after.clone())), [""; 0]);
        assert_eq!(
            found(&TestStep::new().before(tree(&[])).after(after.clone())),
            ["a:1"],
            "its own does not excuse a step"
        );
        after.put("a", text.replace(&token(5), &token(6)));
        assert_eq!(found(&TestStep::new().before(with.clone()).after(after)), ["a:1"], "another secret in its place");
        let step = TestStep::new().before(tree(&[])).after(with);
        assert!(step.judge(&LAW, &policy).notes.join("").contains("knows 1 more, 1 in all"));
        let broken = tree(&[(layout::SECRETS_BASELINE, "nonsense\n")]);
        let mut after = broken.clone();
        after.put("a", text);
        let step = TestStep::new().before(broken).after(after);
        assert!((LAW.check)(&step.case(&policy), &mut Findings::default()).is_err());
    }

    #[test]
    fn in_a_replay_it_warns_and_before_edition_2_it_is_silent() {
        let step = TestStep::new().before(tree(&[("a", "1")])).after(tree(&[("a", &token(7))]));
        let level = |policy: &Policy, context: Context| {
            let mut case = step.case(policy);
            case.context = context;
            let report = judge(&case, &[Reads::Trees]);
            report.violations.iter().find(|violation| violation.law == LawId::S1).map(|violation| violation.level)
        };
        assert_eq!(level(&policy(), Context::Local), Some(Level::Error));
        assert_eq!(level(&policy(), Context::Landing), Some(Level::Error));
        assert_eq!(level(&policy(), Context::Replay), Some(Level::Warn));
        let mut former = policy();
        former.format.laws = 1;
        assert_eq!(level(&former, Context::Landing), None);
    }

    #[test]
    fn large_files_and_pointers_are_told() {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
        let large = "x".repeat(MAX_SCANNED as usize + 1);
        let step =
            TestStep::new().before(tree(&[])).after(tree(&[("a.bin", pointer), ("b.bin", pointer), ("c.csv", &large)]));
        let findings = step.judge(&LAW, &policy());
        assert_eq!(findings.list.len(), 1);
        assert!(findings.list[0].at_most == Level::Warn && findings.list[0].message.contains("16777217 bytes"));
        assert!(findings.not_checked[0].starts_with("the content of `a.bin` and 1 more"));
    }
}
