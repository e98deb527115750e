//! What a change of the rules about secrets comes to.

use super::Differences;
use crate::model::secret_rules::{Allowlist, SecretRules};

pub(super) fn compare(before: &SecretRules, after: &SecretRules, found: &mut Differences) {
    let off = after.disabled.difference(&before.disabled).cloned();
    let own = |rules: &SecretRules, id: &str| rules.rules.iter().find(|rule| rule.id == id).cloned();
    let lost = before.rules.iter().filter(|rule| own(after, &rule.id).is_none()).map(|rule| rule.id.to_string());
    found.loosened.extend(off.chain(lost).map(|id| format!("`{id}` finds no secrets any more")));
    for rule in &before.rules {
        let now = own(after, &rule.id);
        found.changed_if(now.is_some_and(|now| now != *rule), || format!("`{}` looks for other secrets", rule.id));
    }
    for (rule, list) in allowed(after).filter(|list| !allowed(before).any(|old| old == *list)) {
        let by = rule.map(|id| format!("by `{id}`: ")).unwrap_or_default();
        found.loosened.push(format!("counts as no secret: {by}{}{}", list.description, means(list)));
    }
}

/// What an allowlist does, whatever its author calls it.
fn means(list: &Allowlist) -> String {
    let parts = [("regexes", &list.regexes), ("paths", &list.paths), ("stopwords", &list.stopwords)];
    let told = parts.iter().filter(|(_, texts)| !texts.is_empty());
    let told: Vec<String> = told.map(|(what, texts)| format!("{what} `{}`", texts.join("`, `"))).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join("; ")) }
}

/// The allowlists, each with the rule that it is for.
fn allowed(rules: &SecretRules) -> impl Iterator<Item = (Option<&str>, &Allowlist)> {
    let of_rules =
        rules.rules.iter().flat_map(|rule| rule.allowlists.iter().map(|list| (Some(rule.id.as_ref()), list)));
    rules.allowlists.iter().map(|list| (None, list)).chain(of_rules)
}
