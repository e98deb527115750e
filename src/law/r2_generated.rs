//! AO-R2: a generated file changes only together with what it is generated from.

use crate::model::law_id::LawId;
use crate::model::report::{Finding, Place};
use crate::model::tree::{Change, SightError};

use super::globs::Globs;
use super::{Case, Findings, Law, Reads};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::R2,
    title: "edit the source, not the generated file",
    rule: "Where a path matches the `output` of a rule in `paths.generated`, it changes only in a step that also changes a \
           path matching the `source` of the same rule. The step that introduces `.agentops` is not judged.",
    passes: "generated = [{ output = \"src/api/*.rs\", source = \"api/*.proto\" }]\n\nand a commit that changes `api/user.proto` \
             and `src/api/user.rs`",
    fails: "generated = [{ output = \"src/api/*.rs\", source = \"api/*.proto\" }]\n\nand a commit that changes `src/api/user.rs` \
            alone: change `api/user.proto` and generate again, or say why not with `Agentops-Waive: AO-R2 reason`.",
    reads: Reads::Trees,
    check: examine,
};

fn examine(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    if case.bootstrap || case.step.base().is_none() {
        return Ok(());
    }
    let sees_links = case.policy.judges_stand_ins();
    for rule in &case.policy.config.generated {
        let output = Globs::new([&rule.output])?;
        let source = Globs::new([&rule.source])?;
        let changes = case.step.changes()?;
        if changes.iter().any(|change| source.matches(&change.path)) {
            continue;
        }
        let is_output =
            |change: &&Change| if sees_links { output.touches(change) } else { output.matches(&change.path) };
        for change in changes.iter().filter(is_output) {
            findings.add(Finding::new(
                Place::path(change.path.clone()),
                format!("`{}` is generated from `{}`, which did not change", change.path, rule.source),
                "edit the source and generate again; or say why not in the commit message: `Agentops-Waive: AO-R2 reason`",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestStep, policy, tree};
    use super::*;
    use crate::model::policy::Generated;

    fn judge(after: &[(&str, &str)]) -> Vec<String> {
        let mut policy = policy();
        let rule = |output: &str, source: &str| Generated { output: output.to_owned(), source: source.to_owned() };
        policy.config.generated = vec![rule("gen/**", "api/*.proto"), rule("*.lock", "*.toml")];
        let step = TestStep::new().before(tree(&[("gen/a.rs", "1"), ("api/a.proto", "1"), ("x.toml", "1")]));
        step.after(tree(after)).judge(&LAW, &policy).list.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn source_and_output_change_together() {
        assert_eq!(judge(&[("gen/a.rs", "2"), ("api/a.proto", "2"), ("x.toml", "1")]), [""; 0]);
        assert_eq!(judge(&[("gen/a.rs", "1"), ("api/a.proto", "2"), ("x.toml", "1")]), [""; 0]);
    }

    #[test]
    fn an_output_alone_is_found() {
        let alone = ["`gen/a.rs` is generated from `api/*.proto`, which did not change"];
        assert_eq!(judge(&[("gen/a.rs", "2"), ("api/a.proto", "1"), ("x.toml", "1")]), alone);
        assert_eq!(judge(&[("gen/a.rs", "2"), ("api/a.proto", "1"), ("x.toml", "2")]), alone, "another rule's source");
        assert_eq!(judge(&[("api/a.proto", "1"), ("x.toml", "1")]), alone, "removing counts");
    }
}
