//! From TOML to promises: what serde sees, and the rules that types alone do not express.

use super::{COVERAGE, Change, Coverage, Criterion, Deliverables, Evidence, File, Integration, Test};
use crate::model::canonical::{check_line, line_of};
use crate::model::document::Problem;
use crate::model::layout;
use crate::model::name::Word;
use crate::model::path::RepoPath;

/// Most entries of one list.
const MOST: usize = 500;
/// Most characters of one text.
const LONGEST: usize = 1000;
/// Fewest visible characters of a text that a file must hold: fewer stand in every file.
const SHORTEST: usize = 3;

/// Checks what was parsed from `text`.
pub(super) fn read(text: &str, raw: raw::Top) -> Result<Deliverables, Vec<Problem>> {
    let mut reader = Reader { text, problems: Vec::new() };
    let deliverables = reader.read(raw);
    if reader.problems.is_empty() { Ok(deliverables) } else { Err(reader.problems) }
}

/// The file as serde sees it, each value with its place.
pub(super) mod raw {
    use serde::Deserialize;
    use toml::Spanned;

    use crate::model::deliverables::{Change, CriterionKind, IntegrationKind};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(in crate::model::deliverables) struct Top {
        pub(in crate::model::deliverables) deliverables: Spanned<Deliverables>,
        #[serde(default)]
        pub(in crate::model::deliverables) integration: Vec<Integration>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(in crate::model::deliverables) struct Deliverables {
        pub(in crate::model::deliverables) coverage: Option<Coverage>,
        #[serde(default)]
        pub(in crate::model::deliverables) file: Vec<File>,
        #[serde(default)]
        pub(in crate::model::deliverables) test: Vec<Test>,
        #[serde(default)]
        pub(in crate::model::deliverables) criterion: Vec<Criterion>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(in crate::model::deliverables) struct Coverage {
        pub(in crate::model::deliverables) report: Spanned<String>,
        pub(in crate::model::deliverables) least: Option<Spanned<u64>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(in crate::model::deliverables) struct File {
        pub(in crate::model::deliverables) path: Spanned<String>,
        pub(in crate::model::deliverables) change: Change,
        #[serde(default)]
        pub(in crate::model::deliverables) contains: Vec<Spanned<String>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(in crate::model::deliverables) struct Test {
        pub(in crate::model::deliverables) path: Spanned<String>,
        #[serde(default)]
        pub(in crate::model::deliverables) contains: Vec<Spanned<String>>,
        pub(in crate::model::deliverables) command: Spanned<String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(in crate::model::deliverables) struct Criterion {
        pub(in crate::model::deliverables) name: Spanned<String>,
        pub(in crate::model::deliverables) kind: CriterionKind,
        pub(in crate::model::deliverables) text: Spanned<String>,
        #[serde(default)]
        pub(in crate::model::deliverables) evidence: Vec<Evidence>,
        pub(in crate::model::deliverables) command: Option<Spanned<String>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(in crate::model::deliverables) struct Evidence {
        pub(in crate::model::deliverables) path: Spanned<String>,
        pub(in crate::model::deliverables) contains: Option<Spanned<String>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(in crate::model::deliverables) struct Integration {
        pub(in crate::model::deliverables) name: Spanned<String>,
        pub(in crate::model::deliverables) kind: IntegrationKind,
        pub(in crate::model::deliverables) text: Spanned<String>,
        pub(in crate::model::deliverables) command: Spanned<String>,
    }
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn read(&mut self, raw: raw::Top) -> Deliverables {
        let whole = raw.deliverables.span().start;
        let raw::Deliverables { coverage, file, test, criterion } = raw.deliverables.into_inner();
        for (name, count) in [
            ("file", file.len()),
            ("test", test.len()),
            ("criterion", criterion.len()),
            ("integration", raw.integration.len()),
        ] {
            if count > MOST {
                self.problem(whole, format!("there are {count} of `{name}`; at most {MOST} are read"));
            }
        }
        if criterion.is_empty() {
            self.problem(whole, "no `[[deliverables.criterion]]` says when the work is accepted".into());
        }
        let deliverables = Deliverables {
            files: file.into_iter().filter_map(|file| self.file(file)).collect(),
            tests: test.into_iter().filter_map(|test| self.test(test)).collect(),
            criteria: criterion.into_iter().filter_map(|criterion| self.criterion(criterion)).collect(),
            integrations: raw.integration.into_iter().filter_map(|point| self.integration(point)).collect(),
            coverage: coverage.and_then(|coverage| self.coverage(coverage)),
        };
        self.unique("path", deliverables.files.iter().map(|file| file.path.to_string()), whole);
        self.unique("criterion", deliverables.criteria.iter().map(|one| one.name.to_string()), whole);
        self.unique("integration", deliverables.integrations.iter().map(|one| one.name.to_string()), whole);
        deliverables
    }

    fn file(&mut self, raw: raw::File) -> Option<File> {
        let place = raw.path.span().start;
        let (path, contains) = (self.path(&raw.path), self.texts(&raw.contains));
        if raw.change == Change::Removed && !contains.is_empty() {
            self.problem(place, "a file that is removed contains nothing".into());
        }
        Some(File { path: path?, change: raw.change, contains, line: line_of(self.text, place) })
    }

    fn test(&mut self, raw: raw::Test) -> Option<Test> {
        let line = line_of(self.text, raw.path.span().start);
        let (path, contains, command) = (self.path(&raw.path), self.texts(&raw.contains), self.word(&raw.command));
        Some(Test { path: path?, contains, command: command?, line })
    }

    fn criterion(&mut self, raw: raw::Criterion) -> Option<Criterion> {
        let place = raw.name.span().start;
        let (name, text) = (self.word(&raw.name), self.line(&raw.text));
        let command = raw.command.as_ref().and_then(|command| self.word(command));
        if raw.evidence.is_empty() && raw.command.is_none() {
            self.problem(place, format!("criterion `{}` names neither `evidence` nor `command`", raw.name.get_ref()));
        }
        let mut evidence = Vec::new();
        for item in raw.evidence {
            let line = line_of(self.text, item.path.span().start);
            let (path, contains) = (self.path(&item.path), item.contains.as_ref().map(|text| self.wanted(text)));
            match (path, contains) {
                (Some(path), None) => evidence.push(Evidence { path, contains: None, line }),
                (Some(path), Some(Some(text))) => evidence.push(Evidence { path, contains: Some(text), line }),
                _ => {}
            }
        }
        let line = line_of(self.text, place);
        Some(Criterion { name: name?, kind: raw.kind, text: text?, evidence, command, line })
    }

    fn integration(&mut self, raw: raw::Integration) -> Option<Integration> {
        let line = line_of(self.text, raw.name.span().start);
        let (name, text, command) = (self.word(&raw.name), self.line(&raw.text), self.word(&raw.command));
        Some(Integration { name: name?, kind: raw.kind, text: text?, command: command?, line })
    }

    fn coverage(&mut self, raw: raw::Coverage) -> Option<Coverage> {
        let least = match &raw.least {
            None => Some(COVERAGE),
            Some(value) => match u8::try_from(*value.get_ref()) {
                Ok(least @ 1..=100) => Some(least),
                _ => {
                    self.problem(value.span().start, "`least` is a percentage from 1 to 100".into());
                    None
                }
            },
        };
        let line = line_of(self.text, raw.report.span().start);
        Some(Coverage { report: self.path(&raw.report)?, least: least?, line })
    }

    fn path(&mut self, raw: &toml::Spanned<String>) -> Option<RepoPath> {
        let path = RepoPath::from(raw.get_ref().as_str());
        if path.is_ordinary() && !path.is_below(layout::ROOT) {
            return Some(path);
        }
        let message = match raw.get_ref().as_str() {
            "" => "the path is empty".to_owned(),
            _ => format!("`{path}` is not an ordinary path outside `.agentops`"),
        };
        self.problem(raw.span().start, message);
        None
    }

    fn word(&mut self, raw: &toml::Spanned<String>) -> Option<Word> {
        match Word::parse(raw.get_ref()) {
            Ok(word) => Some(word),
            Err(error) => {
                self.problem(raw.span().start, error.to_string());
                None
            }
        }
    }

    fn texts(&mut self, raw: &[toml::Spanned<String>]) -> Vec<String> {
        raw.iter().filter_map(|text| self.wanted(text)).collect()
    }

    /// A text that a file must hold.
    fn wanted(&mut self, raw: &toml::Spanned<String>) -> Option<String> {
        let text = self.line(raw)?;
        if text.chars().filter(|c| !c.is_whitespace()).count() >= SHORTEST {
            return Some(text);
        }
        self.problem(raw.span().start, format!("the text `{text}` is too short to show anything"));
        None
    }

    fn line(&mut self, raw: &toml::Spanned<String>) -> Option<String> {
        match check_line("the text", raw.get_ref(), LONGEST, false) {
            Ok(()) => Some(raw.get_ref().clone()),
            Err(error) => {
                self.problem(raw.span().start, error.to_string());
                None
            }
        }
    }

    fn unique(&mut self, what: &str, names: impl Iterator<Item = String>, place: usize) {
        let mut names: Vec<String> = names.collect();
        names.sort();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            self.problem(place, format!("the {what} `{}` is there twice", pair[0]));
        }
    }

    fn problem(&mut self, offset: usize, message: String) {
        self.problems.push(Problem { line: line_of(self.text, offset), message });
    }
}
