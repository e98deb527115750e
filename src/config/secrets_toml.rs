//! `secrets.toml`: rules about secrets in gitleaks' format, read strictly; and the form of the baseline.
//!
//! What gitleaks' format has and this program does not is named, never passed over: a rule that is not asked finds nothing.

use std::rc::Rc;

use super::Care;
use super::problem::Problem;
use super::strict::{At, Source, Spot, Table, listed, nearest, shorten};
use super::values::Value;
use crate::model::layout;
use crate::model::secret_rules::{Allowlist, Checksum, SecretRule, SecretRules, Target, Text};
use crate::model::tree::{SightError, TreeView};
use crate::secrets::baseline::{Baseline, MAX_BASELINE};
use crate::secrets::builtin;
use crate::secrets::pattern::{self, MIN_KEYWORD, Pattern};

/// Most rules of one file.
const MAX_RULES: usize = 300;
/// Most items of one list.
const MAX_ITEMS: usize = 200;
/// The longest expression that is read here; what may be compiled is shorter.
const MAX_REGEX: usize = 8192;

/// Reads the file. Problems stay with the source.
pub(super) fn read(source: &Rc<Source>, care: Care) -> SecretRules {
    read_besides(source, care, builtin())
}

/// As [`read`], where the rules `known` are there already.
fn read_besides(source: &Rc<Source>, care: Care, known: &[SecretRule]) -> SecretRules {
    let mut found = SecretRules::default();
    let Some(document) = source.document() else { return found };
    let top = Table::top(
        source,
        &document,
        &["title", "description", "minVersion", "extend", "rules", "allowlists", "allowlist"],
    );
    if let Some(extend) = top.table("extend", "`[extend]`", &["useDefault", "disabledRules", "path", "url"]) {
        read_extend(&extend, known, &mut found);
    }
    for item in top.get("rules").and_then(|value| value.list(MAX_RULES)).unwrap_or_default() {
        let Some((id, rule)) = item.table("`[[rules]]`").and_then(|table| read_rule(&table, care)) else { continue };
        if found.rules.iter().any(|other| other.id == rule.id) {
            id.report(format!("there are two rules `{}`.", shorten(&rule.id)), "rename one of them");
        } else if known.iter().any(|other| other.id == rule.id) && !found.disabled.contains(rule.id.as_ref()) {
            id.report(
                format!("`{}` is a built-in rule.", rule.id),
                format!(
                    "to replace it, write `disabledRules = [\"{0}\"]` below `[extend]`; to add an allowlist to it, write it as \
                     `[[allowlists]]` with `targetRules = [\"{0}\"]`",
                    rule.id
                ),
            );
        }
        found.rules.push(rule);
    }
    for list in allowlists(&top, true, care) {
        for target in list.value.rules.iter() {
            let is_known = |rules: &[SecretRule]| rules.iter().any(|rule| rule.id == *target);
            if !is_known(known) && !is_known(&found.rules) {
                list.spot.report(format!("`{}` is no rule.", shorten(target)), "correct `targetRules`");
            }
        }
        found.allowlists.push(list.value);
    }
    found
}

fn read_extend(table: &Table<'_>, known: &[SecretRule], found: &mut SecretRules) {
    if let Some(value) = table.get("useDefault")
        && value.flag() == Some(false)
    {
        let fix = "remove the line, and name in `disabledRules` those that do not fit";
        value.spot().report("the built-in rules always apply.", fix);
    }
    for key in ["path", "url"] {
        if let Some(value) = table.get(key) {
            let fix = "copy the rules that you want into this file";
            value.spot().report(format!("`{key}` is not followed: what rules lies in this repository."), fix);
        }
    }
    let ids: Vec<&str> = known.iter().map(|rule| rule.id.as_ref()).collect();
    for id in
        table.get("disabledRules").and_then(|value| value.set(MAX_ITEMS, |item| item.line(100))).unwrap_or_default()
    {
        if !ids.contains(&id.value.as_str()) {
            let fix = nearest(&id.value, &ids).map_or("correct it; docs/secrets.md lists them".to_owned(), |meant| {
                format!("did you mean `{meant}`?")
            });
            id.spot.report(format!("`{}` is no built-in rule.", shorten(&id.value)), fix);
        }
        found.disabled.insert(id.value);
    }
}

fn read_rule(table: &Table<'_>, care: Care) -> Option<(Spot, SecretRule)> {
    table.only(&[
        "id",
        "description",
        "regex",
        "secretGroup",
        "entropy",
        "keywords",
        "path",
        "checksum",
        "tags",
        "allowlists",
        "allowlist",
    ]);
    let id = table.need("id", "\"acme-token\"").and_then(|value| value.line(100));
    let description = match table.get("description") {
        Some(value) => value.line(300).map(|at| at.value),
        None => id.as_ref().map(|id| id.value.clone()),
    };
    let regex = table.need("regex", "'''\\bacme_[0-9a-f]{32}\\b'''").and_then(|value| read_regex(&value, care));
    let group = table.get("secretGroup").map_or(Some(0), |value| value.number(0..=50).map(|at| at.value));
    if let (Some(regex), Some(group), Some(value)) = (&regex, group, table.get("secretGroup"))
        && let Some(groups) = regex.groups.filter(|groups| group as usize >= *groups)
    {
        let message = format!("the expression has no group {group}; it has {}.", groups - 1);
        value.spot().report(message, "correct `secretGroup`, or put the secret into a group");
    }
    let entropy = table.get("entropy").map_or(Some(0), |value| value.thousandths(8).map(|at| at.value));
    let path = match table.get("path") {
        Some(value) => read_regex(&value, care).map(|regex| Some(regex.text)),
        None => Some(None),
    };
    let checksum = match table.get("checksum") {
        Some(value) => value.word(&Checksum::ALL).map(|at| Some(at.value)),
        None => Some(None),
    };
    let keywords = read_keywords(table, regex.as_ref());
    let tags = texts(table, "tags", 100);
    let lists: Vec<Allowlist> = allowlists(table, false, care).into_iter().map(|at| at.value).collect();
    let id = id?;
    let rule = SecretRule {
        id: id.value.into(),
        description: description?.into(),
        regex: regex?.text,
        secret_group: group?,
        entropy: entropy?,
        keywords: keywords?.into(),
        path: path?,
        checksum: checksum?,
        tags: tags?.into(),
        allowlists: lists.into(),
    };
    Some((id.spot, rule))
}

/// The keywords of a rule; where none are given, the beginnings of its expression.
fn read_keywords(table: &Table<'_>, regex: Option<&Regex>) -> Option<Vec<Text>> {
    let given = match table.get("keywords") {
        Some(value) => value.list(MAX_ITEMS)?,
        None => Vec::new(),
    };
    let mut keywords: Vec<Text> = Vec::new();
    for item in &given {
        let word = item.raw_text(64)?;
        let lower = word.value.to_ascii_lowercase();
        if lower.len() < MIN_KEYWORD {
            let message = format!("the keyword `{}` is shorter than {MIN_KEYWORD} bytes.", shorten(&word.value));
            word.spot.report(message, "write a longer part of what every match holds: short ones stand on every line");
        }
        keywords.push(lower.into());
    }
    if given.is_empty() {
        match pattern::beginnings(&regex?.text) {
            Some(found) => keywords.extend(found.into_iter().map(Text::from)),
            None => table.spot().report(
                "the rule has no `keywords`, and its expression has no beginning that could serve as one.",
                "write `keywords = [\"…\"]`: texts of which one stands in every match. Only lines that hold one are searched",
            ),
        }
    }
    Some(keywords)
}

fn allowlists(table: &Table<'_>, is_global: bool, care: Care) -> Vec<At<Allowlist>> {
    let several = table.get("allowlists").and_then(|value| value.list(MAX_ITEMS)).unwrap_or_default();
    let items = several.into_iter().chain(table.get("allowlist"));
    items
        .filter_map(|item| read_allowlist(&item, is_global, care).map(|value| At { value, spot: item.spot() }))
        .collect()
}

fn read_allowlist(item: &Value<'_>, is_global: bool, care: Care) -> Option<Allowlist> {
    let mut known = vec!["description", "condition", "paths", "regexes", "regexTarget", "stopwords", "commits"];
    known.extend(is_global.then_some("targetRules"));
    let table = item.table("the allowlist")?;
    table.only(&known);
    if let Some(value) = table.get("commits") {
        let fix = "remove the line; a secret that is known goes into `.agentops/secrets.baseline`, see docs/secrets.md";
        value.spot().report("`commits` is not read: what is judged are files, whatever commit holds them.", fix);
    }
    let description = match table.get("description") {
        Some(value) => value.line(300)?.value,
        None => String::new(),
    };
    let all = match table.get("condition") {
        Some(value) => value.word(&[("OR", false), ("AND", true), ("||", false), ("&&", true)])?.value,
        None => false,
    };
    let target = match table.get("regexTarget") {
        Some(value) => {
            value.word(&[("secret", Target::Secret), ("match", Target::Match), ("line", Target::Line)])?.value
        }
        None => Target::Secret,
    };
    let regexes = |key: &str| -> Option<Vec<Text>> {
        let Some(value) = table.get(key) else { return Some(Vec::new()) };
        value.list(MAX_ITEMS)?.iter().map(|item| Some(read_regex(item, care)?.text)).collect()
    };
    let (paths, regexes) = (regexes("paths")?, regexes("regexes")?);
    let stopwords = texts(&table, "stopwords", 100)?;
    if paths.is_empty() && regexes.is_empty() && stopwords.is_empty() {
        let conditions = listed(&["paths", "regexes", "stopwords"]);
        table.spot().report("the allowlist allows nothing.", format!("give it one of {conditions}"));
    }
    Some(Allowlist {
        description: description.into(),
        all,
        paths: paths.into(),
        regexes: regexes.into(),
        target,
        stopwords: stopwords.into(),
        rules: texts(&table, "targetRules", 100)?.into(),
    })
}

fn texts(table: &Table<'_>, key: &str, limit: usize) -> Option<Vec<Text>> {
    let Some(value) = table.get(key) else { return Some(Vec::new()) };
    value.list(MAX_ITEMS)?.iter().map(|item| Some(item.line(limit)?.value.into())).collect()
}

/// An expression, with the number of its groups where it was looked at.
struct Regex {
    text: Text,
    groups: Option<usize>,
}

fn read_regex(value: &Value<'_>, care: Care) -> Option<Regex> {
    let text = value.raw_text(MAX_REGEX)?;
    let groups = match care {
        Care::Settled => None,
        Care::Fresh => match Pattern::new(&text.value) {
            Ok(pattern) if pattern.matches_emptiness() => {
                let fix = "say what must be there: at least one character that cannot be left out";
                text.spot.report("this expression matches every text, also an empty one.", fix);
                return None;
            }
            Ok(pattern) => Some(pattern.groups()),
            Err(error) => {
                text.spot.report(format!("{}.", error.what), error.fix);
                return None;
            }
        },
    };
    Some(Regex { text: text.value.into(), groups })
}

/// What is wrong in the baseline of the project with this id.
pub(super) fn baseline_problems(tree: &dyn TreeView, project: &str) -> Result<Vec<Problem>, SightError> {
    let path = layout::SECRETS_BASELINE;
    let fix = "write it anew: `agentops check --secrets-history --write-baseline`";
    let bytes = match tree.file(&path.into(), MAX_BASELINE) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(Vec::new()),
        Err(SightError::TooLarge { size, limit, .. }) => {
            return Ok(vec![Problem::of_file(
                path,
                format!("the file has {size} bytes; at most {limit} are read."),
                fix,
            )]);
        }
        Err(error) => return Err(error),
    };
    let bad = Baseline::read(&bytes, project).err().unwrap_or_default();
    let problem = |line: usize, what: &str| Problem { line, ..Problem::of_file(path, format!("{what}."), fix) };
    Ok(bad.iter().map(|bad| problem(bad.line, bad.what)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (SecretRules, Vec<String>) {
        let source = Source::new(layout::SECRETS.into(), text);
        let rules = read(&source, Care::Fresh);
        let shown = source.take_problems();
        (rules, shown.iter().map(|problem| format!("{}:{} {}", problem.line, problem.message, problem.fix)).collect())
    }

    #[test]
    fn the_built_in_rules_are_what_this_reader_reads() {
        let source = Source::new("rules.toml".into(), include_str!("../secrets/rules.toml"));
        // Two of them have keywords of two bytes, which a repository's own may not have.
        let read = read_besides(&source, Care::Fresh, &[]);
        let problems = source.take_problems();
        assert!(problems.iter().all(|problem| problem.message.contains("is shorter than 3 bytes")), "{problems:?}");
        assert_eq!(read.rules, builtin());
    }

    #[test]
    fn what_matches_everything_is_refused() {
        for text in [
            "[[allowlists]]\ndescription = \"x\"\nregexes = ['''.*''']\n",
            "[[allowlists]]\ndescription = \"x\"\npaths = ['''''']\n",
            "[[rules]]\nid = \"a\"\nregex = ''''''\nkeywords = [\"abc\"]\n",
        ] {
            let (_, problems) = read_text(text);
            assert!(problems.len() == 1 && problems[0].contains("matches every text"), "{text}: {problems:?}");
        }
    }

    #[test]
    fn a_file_as_teams_bring_it() {
        let (rules, problems) = read_text(
            r#"
            title = "Acme"
            [extend]
            useDefault = true
            disabledRules = ["jwt"]
            [[rules]]
            id = "acme-badge"
            description = "a badge of Acme"
            regex = '''\bACME-([0-9]{6})\b'''
            secretGroup = 1
            entropy = 1.5
            tags = ["acme"]
            [rules.allowlist]
            stopwords = ["000"]
            [[rules]]
            id = "jwt"
            regex = '''(?i)tok_[a-z]{9}'''
            keywords = ["TOK_"]
            path = '''\.py$'''
            [[allowlists]]
            description = "fixtures"
            condition = "AND"
            paths = ['''^tests/''']
            regexes = ['''^9''']
            regexTarget = "line"
            targetRules = ["acme-badge", "github-token"]
            "#,
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!(rules.rules[0].keywords, vec![Text::from("acme-")]);
        assert_eq!((rules.rules[0].secret_group, rules.rules[0].entropy), (1, 1500));
        assert_eq!(rules.rules[0].allowlists[0].stopwords, vec![Text::from("000")]);
        assert_eq!(
            (rules.rules[1].keywords.as_ref(), rules.rules[1].description.as_ref()),
            (&[Text::from("tok_")][..], "jwt")
        );
        assert!(
            rules.disabled.contains("jwt") && rules.allowlists[0].all && rules.allowlists[0].target == Target::Line
        );
    }

    #[test]
    fn mistakes_have_a_line_and_a_remedy() {
        let (_, problems) = read_text(
            r#"[extend]
useDefault = false
url = "https://example.org/rules.toml"
disabledRules = ["github-tokn"]
[[rules]]
id = "github-token"
regex = '''ghp_(?!x)'''
[[rules]]
id = "b"
regex = '''[a-z]{3}-x'''
secretGroup = 2
entropy = 9
[[rules]]
id = "c"
regex = '''acme'''
keywords = ["a"]
validate = true
[[rules]]
id = "d"
path = '''\.p12$'''
[[allowlists]]
commits = ["abc"]
[[allowlists]]
stopwords = ["x"]
targetRules = ["nobody"]
"#,
        );
        let expected = [
            "2:the built-in rules always apply.",
            "3:`url` is not followed",
            "4:`github-tokn` is no built-in rule. did you mean `github-token`?",
            "7:looking ahead or behind is not possible in linear time, at character 5.",
            "11:the expression has no group 2; it has 0.",
            "12:`entropy` must lie between 0 and 8.",
            "8:the rule has no `keywords`",
            "17:`validate` is not a key of `[[rules]]`.",
            "16:the keyword `a` is shorter than 3 bytes.",
            "18:`regex` is missing in `[[rules]]`.",
            "22:`commits` is not read",
            "21:the allowlist allows nothing.",
            "23:`nobody` is no rule.",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, start) in problems.iter().zip(expected) {
            assert!(problem.starts_with(start), "{problem} should begin with {start}");
        }
        let (_, problems) = read_text("[[rules]]\nid = \"jwt\"\nregex = '''abcd'''\n");
        assert!(problems[0].starts_with("2:`jwt` is a built-in rule."), "{problems:?}");
    }

    #[test]
    fn settled_files_are_not_compiled() {
        let source =
            Source::new(layout::SECRETS.into(), "[[rules]]\nid = \"a\"\nregex = '''a(?!b)'''\nkeywords = [\"abc\"]\n");
        assert!(read(&source, Care::Settled).rules.len() == 1 && source.take_problems().is_empty());
    }
}
