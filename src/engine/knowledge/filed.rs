//! Files in a tree that are named by their ids; of them session records and learnings, found by id, newest first.

use std::marker::PhantomData;

use crate::engine::error::EngineError;
use crate::engine::site::{Base, near, refuse_empty_id};
use crate::model::bundle::WrittenId;
use crate::model::canonical::Canonical;
use crate::model::digest::ObjectId;
use crate::model::layout::{self, Place};
use crate::model::name::{ProfileName, RecordId};
use crate::model::path::RepoPath;
use crate::model::record::{Learning, Session};
use crate::model::tree::{MAX_STATE_FILE, TreeView as _};

/// A kind of record that lies in a folder of its own.
pub(crate) trait Record: Canonical + Clone {
    /// What it is called in messages.
    const NOUN: &'static str;
    /// Its folder below the namespace.
    const FOLDER: &'static str;
    /// The command that lists them.
    const LIST: &'static str;
}

impl Record for Session {
    const NOUN: &'static str = "session";
    const FOLDER: &'static str = "sessions";
    const LIST: &'static str = "agentops session list";
}

impl Record for Learning {
    const NOUN: &'static str = "learning";
    const FOLDER: &'static str = "learnings";
    const LIST: &'static str = "agentops learn list";
}

/// A file that is named by the id of what it holds, not yet opened.
#[derive(Debug, Clone)]
pub(crate) struct Filed<T> {
    pub(crate) id: RecordId,
    pub(crate) profile: ProfileName,
    pub(crate) path: RepoPath,
    /// The blob.
    pub(crate) object: ObjectId,
    kind: PhantomData<T>,
}

impl<T> Filed<T> {
    /// The file with this id.
    pub(crate) fn new(id: RecordId, profile: ProfileName, path: RepoPath, object: ObjectId) -> Self {
        Self { id, profile, path, object, kind: PhantomData }
    }

    /// That the beginning of an id fits several; `noun` is what each of them is.
    pub(crate) fn several(noun: &str, written: &str, fits: &[&Self]) -> EngineError {
        let names: Vec<&str> = fits.iter().take(8).map(|file| file.id.as_str()).collect();
        EngineError::usage(format!("`{written}` fits {} {noun}s", fits.len()), format!("one of: {}", names.join(", ")))
    }
}

impl<T: Record> Filed<T> {
    /// The record that lies at `path`; `None` where none can.
    pub(crate) fn at(path: RepoPath, object: ObjectId) -> Option<Self> {
        let Some(Place::Session(profile, id) | Place::Learning(profile, id)) = Place::of(&path) else { return None };
        Some(Self::new(id, profile, path, object))
    }

    /// The record; `None` where the file is malformed, which AO-E2 tells.
    pub(crate) fn open(&self, base: &Base<'_>) -> Result<Option<T>, EngineError> {
        let bytes = base.tree.blob(&self.object, &self.path, MAX_STATE_FILE)?;
        Ok(T::parse(&bytes).ok())
    }
}

/// The folder in which the records of a profile lie.
pub(crate) fn root<T: Record>(profile: &ProfileName) -> RepoPath {
    RepoPath::from(format!("{}/{}", layout::namespace(profile), T::FOLDER))
}

/// The records of all profiles, or of one, newest first. Only folders are read.
pub(crate) fn list<T: Record>(base: &Base<'_>, only: Option<&ProfileName>) -> Result<Vec<Filed<T>>, EngineError> {
    let mut found = Vec::new();
    for profile in base.policy.profiles.keys().filter(|name| only.is_none_or(|only| only == *name)) {
        let root = root::<T>(profile);
        for year in base.tree.list(&root)? {
            let years = root.join(&year.name);
            for month in base.tree.list(&years)? {
                let months = years.join(&month.name);
                for file in base.tree.list(&months)?.into_iter().filter(|file| file.mode.is_file()) {
                    if let Some(id) = layout::record_of(&year.name, &month.name, &file.name) {
                        let (profile, path) = (profile.clone(), months.join(&file.name));
                        found.push(Filed::new(id, profile, path, file.id));
                    }
                }
            }
        }
    }
    found.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(found)
}

/// The record whose id, or its UUID, starts with `prefix`, if that is one record.
pub(crate) fn find<T: Record>(base: &Base<'_>, prefix: &str) -> Result<(Filed<T>, T), EngineError> {
    refuse_empty_id(T::NOUN, T::LIST, prefix)?;
    let written = WrittenId::new(prefix);
    let prefix = written.as_str();
    let all = list::<T>(base, None)?;
    let mut fits = written.select(&all, |file| &file.id);
    if fits.len() > 1 {
        return Err(Filed::several(T::NOUN, prefix, &fits));
    }
    let Some(file) = fits.pop() else {
        let hint = match all.is_empty() {
            true => "there is none yet".to_owned(),
            false => format!("{}; `{}` lists them", near(prefix, all.iter().map(|file| file.id.as_str())), T::LIST),
        };
        return Err(EngineError::NotFound { what: T::NOUN, name: prefix.to_owned(), hint });
    };
    let record = file.open(base)?.ok_or_else(|| {
        EngineError::refused(
            format!("`{}` is no well-formed {}", file.path, T::NOUN),
            "`agentops check --all` says what is wrong with it",
        )
    })?;
    Ok((file.clone(), record))
}
