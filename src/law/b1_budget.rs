//! AO-B1: artifacts and bundles stay within their token budget.

use crate::model::bundle::BUNDLE_TOKENS;
use crate::model::law_id::LawId;
use crate::model::layout::Place as Layout;
use crate::model::policy::Policy;
use crate::model::profile::ArtifactKind;
use crate::model::report::{Finding, Place};
use crate::model::tree::{Change, MAX_TEXT_FILE, SightError};

use super::{Case, Findings, Law, Reads};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::B1,
    title: "within the token budget",
    rule: "An artifact that a step changes has at most the tokens that its phase's `artifact_tokens` says, a context bundle \
           at most 8000. Tokens are counted with the o200k vocabulary, which is an estimate for other models; manifests \
           are written by `phase next` and not counted.",
    passes: "a specification of 5,200 tokens in a phase with `artifact_tokens = 8000`",
    fails: "a specification of 12,900 tokens in a phase with `artifact_tokens = 8000`: cite code as `path:line` instead of \
            quoting it, move detail that the next phase does not need elsewhere, or split the task.",
    reads: Reads::Trees,
    check: examine,
};

fn examine(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for change in case.step.changes()? {
        let Some((what, budget)) = budget_of(case.policy, change) else { continue };
        let Some((_, id)) =
            change.after.as_ref().filter(|after| after.0.is_file() && change.before.as_ref() != Some(after))
        else {
            continue;
        };
        let message = match case.step.next().blob(id, &change.path, MAX_TEXT_FILE) {
            Ok(bytes) => match tokens_above(&bytes, budget) {
                None => continue,
                Some(tokens) => format!("takes {tokens} tokens (counted with o200k)"),
            },
            Err(SightError::TooLarge { size, .. }) => format!("has {size} bytes"),
            Err(error) => return Err(error),
        };
        findings.add(Finding::new(
            Place::path(change.path.clone()),
            format!("`{}` {message}; {what} may take {budget}", change.path),
            "cite code as `path:line` instead of quoting it, and leave out what the next phase does not need",
        ));
    }
    Ok(())
}

/// What a changed path is, and how many tokens it may take.
fn budget_of(policy: &Policy, change: &Change) -> Option<(String, u32)> {
    match Layout::of(&change.path)? {
        Layout::Bundle(..) => Some(("a context bundle".to_owned(), BUNDLE_TOKENS)),
        Layout::Document(profile) => policy.profiles.get(&profile)?.phases.iter().find_map(|phase| {
            let spec = phase
                .artifacts
                .iter()
                .filter(|spec| spec.kind != ArtifactKind::Manifest)
                .find(|spec| spec.task_of(&profile, &change.path).is_some())?;
            Some((format!("the {} of phase `{}`", spec.name, phase.name), phase.budget.artifact_tokens))
        }),
        _ => None,
    }
}

/// The number of tokens where it is above `budget`.
fn tokens_above(bytes: &[u8], budget: u32) -> Option<usize> {
    let budget = usize::try_from(budget).unwrap_or(usize::MAX);
    // A token has at least one byte: most files need no counting, and the vocabulary is not loaded.
    if bytes.len() <= budget {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let tokenizer = bpe_openai::o200k_base();
    match tokenizer.count_till_limit(&tokenizer.normalize(text.as_ref()), budget) {
        Some(_) => None,
        None => Some(tokenizer.count(text.as_ref())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestStep, policy_with_profile, tree};
    use super::*;

    fn judge(path: &str, text: &str) -> Vec<String> {
        let mut policy = policy_with_profile();
        let profile = policy.profiles.values_mut().next().unwrap();
        for phase in &mut profile.phases {
            phase.budget.artifact_tokens = 20;
        }
        let step = TestStep::new().before(tree(&[("a", "1")])).after(tree(&[("a", "1"), (path, text)]));
        step.judge(&LAW, &policy).list.into_iter().map(|finding| finding.message).collect()
    }

    const SPEC: &str = ".agentops/dev/specs/2026-11-21-auth-k3f9/spec.md";

    #[test]
    fn within_the_budget() {
        assert_eq!(judge(SPEC, "short"), [""; 0]);
        assert_eq!(judge(SPEC, "a sentence of more bytes than tokens"), [""; 0]);
        let many = "word ".repeat(40);
        assert_eq!(judge("src/a.rs", &many), [""; 0]);
        assert_eq!(judge(".agentops/dev/manifests/2026-11-21-auth-k3f9.txt", &many), [""; 0]);
        assert_eq!(judge(".agentops/dev/bundles/01arz3ndektsv4rrffq69g5fav.md", &many), [""; 0]);
    }

    #[test]
    fn above_the_budget() {
        let found = judge(SPEC, &"word ".repeat(40));
        assert_eq!(
            found,
            [format!("`{SPEC}` takes 41 tokens (counted with o200k); the spec of phase `spec` may take 20")]
        );
        let found = judge(".agentops/dev/bundles/01arz3ndektsv4rrffq69g5fav.md", &"word ".repeat(8_001));
        assert!(found[0].ends_with("a context bundle may take 8000"), "{found:?}");
        let found = judge(SPEC, &"x".repeat(9 << 20));
        assert!(found[0].contains("has 9437184 bytes"), "{found:?}");
    }
}
