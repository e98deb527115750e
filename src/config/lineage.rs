//! Profiles with their parents: `extends` followed, statements merged, templates found, uses looked up.
//!
//! What a child states replaces its parent's: commands, syntax and laws by key, lists as a whole. Templates are
//! looked for in the child's folder first, then in its parent's.

use std::collections::BTreeMap;

use super::problem::Problem;
use super::profile_toml::{self, Statement, check_commands};
use super::strict::{At, Source, listed, nearest};
use crate::model::digest::Digest;
use crate::model::law_id::{LawId, Level};
use crate::model::layout;
use crate::model::name::{ProfileName, Word};
use crate::model::path::RepoPath;
use crate::model::profile::{CommandSpec, Profile};
use crate::model::tree::{MAX_STATE_FILE, Mode, SightError, TreeView};

/// Most profiles in one line of `extends`.
const MAX_DEPTH: usize = 8;

/// Profiles of one tree, each file read once.
pub(crate) struct Lineage<'t> {
    tree: &'t dyn TreeView,
    reads_templates: bool,
    statements: BTreeMap<ProfileName, Option<Statement>>,
    problems: Vec<Problem>,
}

/// A profile, and what the config must agree with.
pub(crate) struct Resolved {
    /// The merged profile; `None` where any of its files has problems.
    pub(crate) profile: Option<Profile>,
    /// Its levels of laws, with their places.
    pub(crate) laws: BTreeMap<LawId, At<Level>>,
}

impl<'t> Lineage<'t> {
    /// Profiles of `tree`; nothing is read yet.
    pub(crate) fn new(tree: &'t dyn TreeView) -> Self {
        Self { tree, reads_templates: true, statements: BTreeMap::new(), problems: Vec::new() }
    }

    /// The same, where nobody will ask for the digests of templates: they must be there, and are not read.
    pub(crate) fn without_templates(tree: &'t dyn TreeView) -> Self {
        Self { reads_templates: false, ..Self::new(tree) }
    }

    /// The names of all profiles of the tree: folders that hold a `profile.toml`. Folders whose name no profile may
    /// have become problems.
    pub(crate) fn names(&mut self) -> Result<Vec<ProfileName>, SightError> {
        let root = RepoPath::from(layout::ROOT);
        let mut names = Vec::new();
        for entry in self.tree.list(&root)? {
            let file = root.join(&entry.name).join(b"profile.toml");
            if entry.mode != Mode::Tree || self.tree.entry(&file)?.is_none() {
                continue;
            }
            let name = std::str::from_utf8(&entry.name).ok().and_then(|name| ProfileName::parse(name).ok());
            match name {
                Some(name) => names.push(name),
                None => {
                    let message = "the folder's name is not that of a profile.";
                    let fix = "rename the folder: a-z, 0-9 and single hyphens, 32 characters at most";
                    self.problems.push(Problem::of_file(file, message, fix));
                }
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The profile `name`, merged with its parents. A profile that is not there is a problem.
    pub(crate) fn resolve(&mut self, name: &ProfileName) -> Result<Resolved, SightError> {
        let failed = Resolved { profile: None, laws: BTreeMap::new() };
        if !self.load(name)? {
            let names = self.names()?;
            let (message, fix) = absent(name, &names);
            self.problems.push(Problem::of_file(layout::profile_file(name), message, fix));
            return Ok(failed);
        }
        let Some(chain) = self.chain(name)? else { return Ok(failed) };
        let line: Vec<&Statement> = chain.iter().filter_map(|name| self.statements.get(name)?.as_ref()).collect();
        let merged = Merged::of(&line);
        let known: Vec<&str> = merged.commands.keys().map(|command| command.as_str()).collect();
        check_commands(merged.syntax.values().copied(), &known);
        let mut templates = BTreeMap::new();
        if let Some(lifecycle) = merged.lifecycle {
            check_commands(lifecycle.commands.iter(), &known);
            for template in &lifecycle.templates {
                let found = if self.reads_templates {
                    let found = find_template(self.tree, &chain, &template.value)?;
                    let digest = found.map(|(_, bytes)| (template.value.clone(), Digest::of(&bytes)));
                    templates.extend(digest.clone());
                    digest.is_some()
                } else {
                    has_template(self.tree, &chain, &template.value)?
                };
                if !found {
                    let message = format!("there is no file `templates/{}` beside this one.", template.value);
                    template.spot.report(message, "add the file, or name another");
                }
            }
        }
        let profile = if line.iter().any(|statement| statement.source.has_problems()) {
            None
        } else {
            merged.profile(name, templates)
        };
        let laws = merged.laws.into_iter().map(|(law, level)| (law, level.clone())).collect();
        Ok(Resolved { profile, laws })
    }

    /// The bytes and the place of a template of `name`; `None` where neither it nor a parent has the file.
    pub(crate) fn template(
        &mut self,
        name: &ProfileName,
        file: &str,
    ) -> Result<Option<(RepoPath, Vec<u8>)>, SightError> {
        if !self.load(name)? {
            return Ok(None);
        }
        match self.chain(name)? {
            Some(chain) => find_template(self.tree, &chain, file),
            None => Ok(None),
        }
    }

    /// Everything found wrong so far.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let own = self.statements.into_values().flatten().flat_map(|statement| statement.source.take_problems());
        self.problems.into_iter().chain(own).collect()
    }

    /// Reads the file of `name` unless that was done; `false` where there is none.
    fn load(&mut self, name: &ProfileName) -> Result<bool, SightError> {
        if !self.statements.contains_key(name) {
            let source = Source::read(self.tree, &layout::profile_file(name))?;
            let statement = source.map(|source| profile_toml::read(&source, name));
            self.statements.insert(name.clone(), statement);
        }
        Ok(self.statements.get(name).is_some_and(Option::is_some))
    }

    /// `name` and its parents, the child first; `None`, with a problem, where the line has no end.
    fn chain(&mut self, name: &ProfileName) -> Result<Option<Vec<ProfileName>>, SightError> {
        let mut chain = vec![name.clone()];
        loop {
            let last = chain[chain.len() - 1].clone();
            let extends = self.statements.get(&last).and_then(|statement| statement.as_ref()?.extends.clone());
            let Some(parent) = extends else { return Ok(Some(chain)) };
            if let Some(start) = chain.iter().position(|other| *other == parent.value) {
                self.report_cycle(&chain[start..]);
                return Ok(None);
            }
            if !self.load(&parent.value)? {
                let (message, fix) = absent(&parent.value, &self.names()?);
                parent.spot.report(message, fix);
                return Ok(None);
            }
            chain.push(parent.value.clone());
            if chain.len() > MAX_DEPTH {
                let message = format!("the line of parents has more than {MAX_DEPTH} profiles: {}.", arrows(&chain));
                parent.spot.report(message, "extend a profile that is nearer to the root");
                return Ok(None);
            }
        }
    }

    /// One circle is one problem, wherever one enters it: told from its first name in the alphabet.
    fn report_cycle(&self, circle: &[ProfileName]) {
        let mut circle = circle.to_vec();
        let first = circle.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(index, _)| index);
        circle.rotate_left(first);
        circle.push(circle[0].clone());
        let statement = self.statements.get(&circle[0]).and_then(Option::as_ref);
        if let Some(extends) = statement.and_then(|statement| statement.extends.as_ref()) {
            let message = format!("the profile extends itself: {}.", arrows(&circle));
            extends.spot.report(message, "remove one `extends` of that circle");
        }
    }
}

/// What a line of statements says together.
struct Merged<'s> {
    child: &'s Statement,
    examples: &'s [String],
    documents: &'s [String],
    laws: BTreeMap<LawId, &'s At<Level>>,
    commands: BTreeMap<&'s Word, &'s Option<CommandSpec>>,
    syntax: BTreeMap<&'s str, &'s At<Word>>,
    lifecycle: Option<&'s super::phases_toml::Lifecycle>,
}

impl<'s> Merged<'s> {
    /// Merges a line of at least one statement, the child first.
    fn of(line: &[&'s Statement]) -> Self {
        let mut merged = Self {
            child: line[0],
            examples: line.iter().find_map(|statement| statement.examples.as_deref()).unwrap_or_default(),
            documents: line.iter().find_map(|statement| statement.documents.as_deref()).unwrap_or_default(),
            laws: BTreeMap::new(),
            commands: BTreeMap::new(),
            syntax: BTreeMap::new(),
            lifecycle: line.iter().find_map(|statement| statement.lifecycle.as_ref()),
        };
        // From the root down, so that what a child says comes last and stays.
        for statement in line.iter().rev() {
            merged.laws.extend(statement.laws.iter().map(|(law, level)| (*law, level)));
            merged.commands.extend(&statement.commands);
            merged.syntax.extend(statement.syntax.iter().map(|(glob, command)| (glob.as_str(), command)));
        }
        merged
    }

    fn profile(&self, name: &ProfileName, templates: BTreeMap<String, Digest>) -> Option<Profile> {
        let command = |(name, spec): (&&Word, &&Option<CommandSpec>)| Some(((*name).clone(), (*spec).clone()?));
        let syntax = |(glob, command): (&&str, &&At<Word>)| ((*glob).to_owned(), command.value.clone());
        Some(Profile {
            name: name.clone(),
            version: self.child.version?,
            description: self.child.description.clone()?,
            examples: self.examples.to_vec(),
            documents: self.documents.to_vec(),
            phases: self.lifecycle?.phases.clone(),
            commands: self.commands.iter().map(command).collect::<Option<_>>()?,
            syntax: self.syntax.iter().map(syntax).collect(),
            laws: self.laws.iter().map(|(law, level)| (*law, level.value)).collect(),
            templates,
        })
    }
}

fn find_template(
    tree: &dyn TreeView,
    chain: &[ProfileName],
    file: &str,
) -> Result<Option<(RepoPath, Vec<u8>)>, SightError> {
    for name in chain {
        let path = layout::template(name, file);
        if let Some(bytes) = tree.file(&path, MAX_STATE_FILE)? {
            return Ok(Some((path, bytes)));
        }
    }
    Ok(None)
}

fn has_template(tree: &dyn TreeView, chain: &[ProfileName], file: &str) -> Result<bool, SightError> {
    for name in chain {
        let entry = tree.entry(&layout::template(name, file))?;
        if entry.is_some_and(|entry| matches!(entry.mode, Mode::File | Mode::Executable)) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn absent(name: &ProfileName, names: &[ProfileName]) -> (String, String) {
    let names: Vec<&str> = names.iter().map(ProfileName::as_str).collect();
    let fix = match nearest(name.as_str(), &names) {
        Some(meant) => format!("did you mean `{meant}`? The profiles are {}", listed(&names)),
        None if names.is_empty() => "`agentops init` installs profiles".to_owned(),
        None => format!("the profiles are {}; `agentops profile new {name}` makes one", listed(&names)),
    };
    (format!("there is no profile `{name}`."), fix)
}

fn arrows(chain: &[ProfileName]) -> String {
    chain.iter().map(ProfileName::as_str).collect::<Vec<_>>().join(" → ")
}
