//! AO-Y1: changed JSON, YAML and TOML files parse.

mod json_comments;

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::model::canonical::line_of;
use crate::model::law_id::LawId;
use crate::model::path::RepoPath;
use crate::model::report::{Finding, Place};
use crate::model::tree::{MAX_TEXT_FILE, SightError};

use super::{Case, Findings, Law, Reads};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::Y1,
    title: "files that parse",
    rule: "Files named `.json`, `.jsonc`, `.yaml`, `.yml` and `.toml` that a step adds or changes are UTF-8 and parse. JSON \
           files that hold comments by custom (`tsconfig.json`, `.vscode/*.json`, …) may hold comments and trailing \
           commas. A YAML file may hold several documents. A YAML template that is no YAML as it stands is reported as not \
           checked.",
    passes: "{\"name\": \"demo\"}",
    fails: "{\"name\": \"demo\",}\n\nJSON has no trailing commas: take the last comma out.",
    reads: Reads::Trees,
    check: examine,
};

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Json,
    JsonWithComments,
    Yaml,
    Toml,
}

impl Language {
    /// By name alone.
    fn of(path: &RepoPath) -> Option<Self> {
        let lower = String::from_utf8_lossy(path.as_bytes()).to_lowercase();
        let name = lower.rsplit('/').next().unwrap_or_default();
        match name.rsplit_once('.')?.1 {
            "json" if holds_comments(&lower, name) => Some(Self::JsonWithComments),
            "json" => Some(Self::Json),
            "jsonc" | "code-workspace" => Some(Self::JsonWithComments),
            "babelrc" | "eslintrc" | "jshintrc" | "swcrc" if name.starts_with('.') => Some(Self::JsonWithComments),
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::JsonWithComments => "JSON with comments",
            Self::Yaml => "YAML",
            Self::Toml => "TOML",
        }
    }

    /// Why `text` does not parse: the line, where it is known, and what the parser says.
    fn fault(self, text: &str) -> Option<(Option<usize>, String)> {
        match self {
            Self::Json => json_fault(text),
            Self::JsonWithComments => json_fault(&json_comments::blank(text)),
            Self::Yaml => yaml_fault(text),
            Self::Toml => toml::from_str::<toml::Table>(text)
                .err()
                .map(|error| (error.span().map(|span| line_of(text, span.start)), first_line(error.message()))),
        }
    }
}

/// JSON files whose tools read comments.
fn holds_comments(path: &str, name: &str) -> bool {
    let configuration = |start: &str| name.starts_with(start) && (name[start.len()..].starts_with(['.', '-']));
    ["tsconfig", "jsconfig"].iter().any(|start| configuration(start))
        || ["devcontainer.json", ".devcontainer.json", ".eslintrc.json", ".babelrc.json", ".swcrc.json", "deno.json"]
            .contains(&name)
        || [".vscode/", ".devcontainer/", ".zed/"]
            .iter()
            .any(|folder| path.starts_with(folder) || path.contains(&format!("/{folder}")))
}

fn examine(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for change in case.step.changes()? {
        let path = &change.path;
        let Some(language) = Language::of(path) else { continue };
        let Some((mode, id)) = &change.after else { continue };
        if !mode.is_file() || change.before.as_ref().is_some_and(|(old, before)| old.is_file() && before == id) {
            continue;
        }
        let fix = format!(
            "mend the file, or say why it must be so in the commit message: `Agentops-Waive: {} reason`",
            LAW.id
        );
        let bytes = match case.step.next().blob(id, path, MAX_TEXT_FILE) {
            Ok(bytes) => bytes,
            Err(SightError::TooLarge { size, limit, .. }) => {
                let message = format!("`{path}` has {size} bytes; syntax is read in files of at most {limit}");
                findings.add(Finding::new(Place::path(path.clone()), message, fix));
                continue;
            }
            Err(error) => return Err(error),
        };
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => {
                let message = format!("`{path}` is no {}: it is not UTF-8", language.name());
                let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
                findings.add(Finding::new(Place::line(path.clone(), line), message, fix));
                continue;
            }
        };
        let Some((line, fault)) = language.fault(text) else { continue };
        if language == Language::Yaml && is_template(path, text) {
            findings.not_checked(format!("`{path}` is a YAML template and no YAML as it stands: its syntax"));
            continue;
        }
        let place = Place { line, ..Place::path(path.clone()) };
        findings.add(Finding::new(place, format!("`{path}` does not parse as {}: {fault}", language.name()), fix));
    }
    Ok(())
}

fn json_fault(text: &str) -> Option<(Option<usize>, String)> {
    let error = serde_json::from_str::<IgnoredAny>(text).err()?;
    let line = Some(error.line()).filter(|line| *line > 0);
    Some((line, without_place(&error.to_string())))
}

fn yaml_fault(text: &str) -> Option<(Option<usize>, String)> {
    // The bytes are limited already; what grows beyond them is aliases, which keep their limits. Counting anchors
    // against aliases would refuse honest files that use one anchor often.
    let options = serde_saphyr::options! {
        with_snippet: false,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
        budget: serde_saphyr::budget! {
            max_events: 16_000_000,
            max_nodes: 8_000_000,
            enforce_alias_anchor_ratio: false,
        },
    };
    let error = serde_saphyr::from_str_multiple_with_options::<IgnoredAny, Counted>(text, options).err()?;
    let line = error.location().and_then(|location| usize::try_from(location.line()).ok()).filter(|line| *line > 0);
    Some((line, without_place(&error.without_snippet().to_string())))
}

/// Takes documents without keeping them.
#[derive(Default)]
struct Counted;

impl Extend<IgnoredAny> for Counted {
    fn extend<I: IntoIterator<Item = IgnoredAny>>(&mut self, documents: I) {
        documents.into_iter().for_each(drop);
    }
}

/// Whether a YAML file is the input of a template engine: it holds `{{` or `{%` that is no expression of a workflow
/// (`${{ … }}`).
fn is_template(path: &RepoPath, text: &str) -> bool {
    let workflow = path.is_below(".github/workflows") || path.is_below(".forgejo/workflows");
    let text = if text.contains("${{") { Cow::Owned(text.replace("${{", "")) } else { Cow::Borrowed(text) };
    !workflow && (text.contains("{{") || text.contains("{%"))
}

/// The parsers close their messages with the place, which the finding names itself.
fn without_place(message: &str) -> String {
    let line = first_line(message);
    line.rsplit_once(" at line ").map_or(line.as_str(), |(what, _)| what).to_owned()
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestStep, policy, tree};
    use super::*;
    use proptest::prelude::*;

    fn judge(path: &str, text: &str) -> Findings {
        let step = TestStep::new().before(tree(&[("kept.json", "{")])).after(tree(&[("kept.json", "{"), (path, text)]));
        step.judge(&LAW, &policy())
    }

    #[test]
    fn files_that_parse_pass() {
        for (path, text) in [
            ("a.json", "\u{feff}{\"a\": [1, 2.5e3, null]}\n"),
            ("a.txt", "{"),
            ("tsconfig.build.json", "{ // why\n \"a\": 1, /* , */ \"b\": \"//\",\n}"),
            (".vscode/settings.json", "{\"a\": [1,],}"),
            ("a.yml", ""),
            ("a.yaml", "# only\n"),
            ("a.yaml", "a: &x {b: 1}\nc: *x\nd: {<<: *x}\ne: !Ref f\ng: .inf\nh: 2026-11-21\n---\n- x\n---\n"),
            ("a.yaml", "on: [push]\nrun: \"${{ x }}\"\ne: |\n  {{ y }}\n"),
            ("a.toml", "[a]\nb = 1\n"),
        ] {
            let found = judge(path, text);
            assert_eq!((found.list, found.not_checked), (vec![], vec![]), "{path}: {text}");
        }
    }

    #[test]
    fn faults_have_a_line() {
        for (path, text, line) in [
            ("a.json", "{\n\"a\": 1,\n}", 3),
            ("A.JSON", "{} x", 1),
            ("a.json", "", 1),
            ("tsconfig.json", "{\n// a\n\"b\" 1}", 3),
            ("a.yaml", "a: 1\nb: [1\nc: 2\n", 3),
            ("a.yml", "a: 1\n\tb: 2\n", 2),
            ("a.yaml", "a: 1\n---\nb: *gone\n", 3),
            ("a.toml", "a = 1\nb = \n", 2),
            ("a.toml", "a = 1\na = 2\n", 2),
            (".github/workflows/ci.yml", "a: ${{ x }}\nb: {{ y\n", 2),
        ] {
            let found = judge(path, text).list;
            assert_eq!(found.len(), 1, "{path}: {text}");
            let near = found[0].place.line.is_some_and(|found| found.abs_diff(line) <= 1);
            assert!(near, "{path}: {:?}, expected line {line}", found[0]);
        }
    }

    #[test]
    fn duplicate_keys_in_yaml_are_a_fault() {
        assert_eq!(judge("a.yaml", "a: 1\nb: 2\na: 3\n").list.len(), 1);
    }

    #[test]
    fn templates_are_named_as_not_checked() {
        let found = judge("chart/templates/a.yaml", "{{- if .x }}\na: {{ .y }}\n{{- end }}\n");
        assert_eq!((found.list.len(), found.not_checked.len()), (0, 1));
        assert_eq!(judge("a.yaml", "{{ x }}: [\n").not_checked.len(), 1);
    }

    #[test]
    fn bombs_and_giants_end() {
        let mut bomb = String::from("a0: &a0 [x, x]\n");
        for level in 1..40 {
            bomb.push_str(&format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1));
        }
        assert_eq!(judge("bomb.yaml", &bomb).list.len(), 1);
        for (path, deep) in [
            ("a.json", "[".repeat(200_000)),
            ("a.yaml", "[".repeat(200_000)),
            ("a.toml", "a=[".to_owned() + &"[".repeat(200_000)),
        ] {
            assert_eq!(judge(path, &deep).list.len(), 1, "{path}");
        }
        assert!(judge("a.json", &" ".repeat(9 << 20)).list[0].message.contains("9437184 bytes"));
    }

    #[test]
    fn only_changed_content_is_read() {
        let mut after = tree(&[("kept.json", "{")]);
        let before = after.clone();
        after.put_mode("kept.json", crate::model::tree::Mode::Executable, "{");
        after.put_mode("link.json", crate::model::tree::Mode::Symlink, "kept.json");
        assert_eq!(TestStep::new().before(before).after(after).judge(&LAW, &policy()).list, []);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "([\\[\\]{}:,\"'&*!|>\\-#a1= \n\t]|/\\*|\\*/|//){0,40}") {
            for language in [Language::Json, Language::JsonWithComments, Language::Yaml, Language::Toml] {
                let _ = language.fault(&text);
            }
        }
    }
}
