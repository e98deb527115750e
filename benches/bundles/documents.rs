//! The documents and their questions.

use std::path::PathBuf;

use agentops::model::bundle::BundleType;

/// A document of a crate, and what is asked about it.
pub(crate) struct Document {
    /// The crate and the path in it.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
    /// What a bundle of it is for.
    pub(crate) kind: BundleType,
    /// Of each question, the strings that must stand in one block.
    pub(crate) questions: Vec<Vec<String>>,
    /// Whether it is one of those by which weights were chosen: every other one.
    pub(crate) is_for_choosing: bool,
}

/// Reads all documents, of the versions that the lock file pins.
pub(crate) fn documents() -> Vec<Document> {
    let questions: toml::Table = include_str!("questions.toml").parse().expect("questions");
    let folders = folders();
    let listed = questions["document"].as_array().expect("documents");
    let read = |(number, entry): (usize, &toml::Value)| {
        let text = |key: &str| entry[key].as_str().expect("a text").to_owned();
        let (own, path) = (text("crate"), text("path"));
        let read = folders
            .iter()
            .filter(|(name, _)| *name == own)
            .find_map(|(_, folder)| std::fs::read_to_string(folder.join(&path)).ok());
        let kind = BundleType::ALL.into_iter().find(|kind| kind.as_str() == text("type")).expect("a type");
        let strings = |question: &toml::Value, key: &str| -> Vec<String> {
            let list = question[key].as_array().expect("strings");
            list.iter().map(|item| item.as_str().expect("a string").to_owned()).collect()
        };
        Document {
            text: read.unwrap_or_else(|| panic!("{own} has no {path}: `cargo fetch --locked` brings the crates")),
            name: format!("{own}/{path}"),
            kind,
            questions: entry["question"]
                .as_array()
                .expect("questions")
                .iter()
                .map(|question| [strings(question, "answer"), strings(question, "context")].concat())
                .collect(),
            is_for_choosing: number % 2 == 0,
        }
    };
    listed.iter().enumerate().map(read).collect()
}

/// The names of all crates of the lock file with their folders in cargo's registry, newest version first.
fn folders() -> Vec<(String, PathBuf)> {
    let lock: toml::Table = include_str!("../../Cargo.lock").parse().expect("a lock file");
    #[expect(clippy::disallowed_methods, reason = "a benchmark asks where cargo keeps sources, as cargo does")]
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).expect("cargo's folder");
    let registries = std::fs::read_dir(home.join("registry/src")).expect("cargo's registry");
    let registries: Vec<PathBuf> = registries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let mut folders: Vec<(String, PathBuf)> = Vec::new();
    for package in lock["package"].as_array().expect("packages") {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        let folder = format!("{}-{}", text("name"), text("version"));
        folders.extend(registries.iter().map(|registry| (text("name"), registry.join(&folder))));
    }
    folders.sort_by(|a, b| b.cmp(a));
    folders
}
