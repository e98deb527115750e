//! The texts to learn from and to be judged by, with the digests that the model's header tells.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use agentops::model::digest::Digest;
use agentops::routing::evaluation::{Gold, read};

use super::trainer::{Lesson, Lexicon};

/// Our own texts: a file for each label, a text a line; those of `multi` begin with their two profiles and a tab.
pub(crate) const LABELS: [&str; 6] = ["product-dev", "devops", "sre", "data-eng", "multi", "other"];

/// What the command line names.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    train: Vec<PathBuf>,
    dev: Vec<PathBuf>,
    /// Whether the model is to be written.
    pub(crate) writes: bool,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/routing")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Sources {
    /// Reads `--train FILE`, `--dev FILE` and `--write`; what cargo adds is passed over.
    pub(crate) fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut sources = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--train" => sources.train.extend(arguments.next().map(PathBuf::from)),
                "--dev" => sources.dev.extend(arguments.next().map(PathBuf::from)),
                "--write" => sources.writes = true,
                _ => {}
            }
        }
        sources
    }

    /// The texts of `--train`.
    pub(crate) fn first(&self) -> Vec<Lesson> {
        labelled(&self.train)
    }

    /// The texts of `--dev`.
    pub(crate) fn dev(&self) -> Vec<Lesson> {
        labelled(&self.dev)
    }

    /// Our own.
    pub(crate) fn own(&self) -> Vec<Lesson> {
        own_texts(|label| text(&folder().join(format!("texts/{label}.txt"))))
    }

    /// The words of the field.
    pub(crate) fn lexicon(&self) -> Lexicon {
        Lexicon::read(&text(&folder().join("lexicon.txt")))
    }

    /// What a model of all of it is made of, a line each: name, digest, number of lines.
    pub(crate) fn header(&self) -> String {
        let own = LABELS.iter().map(|label| folder().join(format!("texts/{label}.txt")));
        let all = self.train.iter().chain(&self.dev).cloned().chain(own).chain([folder().join("lexicon.txt")]);
        let mut header = String::new();
        for path in all {
            let text = text(&path);
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let _ =
                writeln!(header, "{name} sha256 {} lines {}", Digest::of(text.as_bytes()).hex(), text.lines().count());
        }
        header
    }
}

fn labelled(files: &[PathBuf]) -> Vec<Lesson> {
    let texts =
        files.iter().flat_map(|file| read(&text(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    texts.map(|one| Lesson { text: one.text, gold: one.gold, is_first: true }).collect()
}

/// Our own texts, from the content of the file of each label.
pub(crate) fn own_texts(content: impl Fn(&str) -> String) -> Vec<Lesson> {
    let mut lessons = Vec::new();
    for label in LABELS {
        for line in content(label).lines().filter(|line| !line.trim().is_empty()) {
            let (labels, text) = match line.split_once('\t') {
                Some((two, text)) => (two.split(',').collect(), text),
                None => (vec![label], line),
            };
            let gold = Gold::parse(label, &labels).unwrap_or_else(|| panic!("texts/{label}.txt: {line}"));
            lessons.push(Lesson { text: text.to_owned(), gold, is_first: false });
        }
    }
    lessons
}
