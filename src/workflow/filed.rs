//! Write-once files of one folder, each named after its content: votes, verdicts, amends.

use crate::model::canonical::Canonical;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_STATE_FILE, Mode, SightError, TreeView};

/// A file of such a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed<T> {
    /// Where.
    pub path: RepoPath,
    /// What it says, or why that does not count.
    pub content: Result<T, String>,
}

/// All files of `folder`, in the order of their names; `file_name` is the one that a content may have.
pub(super) fn read<T: Canonical>(
    tree: &dyn TreeView,
    folder: &RepoPath,
    file_name: fn(&T) -> String,
) -> Result<Vec<Filed<T>>, SightError> {
    let mut files = Vec::new();
    for entry in tree.list(folder)? {
        let path = folder.join(&entry.name);
        let content = if entry.mode == Mode::File {
            parse(&entry.name, &tree.blob(&entry.id, &path, MAX_STATE_FILE)?, file_name)
        } else {
            Err(format!("mode {:o} is not a plain file", entry.mode.bits()))
        };
        files.push(Filed { path, content });
    }
    Ok(files)
}

fn parse<T: Canonical>(name: &[u8], bytes: &[u8], file_name: fn(&T) -> String) -> Result<T, String> {
    let content = T::parse(bytes).map_err(|error| error.to_string())?;
    let expected = file_name(&content);
    if name == expected.as_bytes() { Ok(content) } else { Err(format!("its content asks for the name `{expected}`")) }
}
