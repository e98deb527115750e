//! The built-in profiles and the texts that are installed with them, embedded in the binary.
//!
//! They come from `profiles/`, `templates/` and `hooks/` of this repository; what `init` wrote once is the user's own.

use include_dir::{Dir, include_dir};

use crate::model::layout;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;

static PROFILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/profiles");
static DOCUMENTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/documents");

/// The names of the built-in profiles, sorted.
pub fn names() -> Vec<ProfileName> {
    let mut names: Vec<ProfileName> =
        PROFILES.dirs().filter_map(|folder| ProfileName::parse(folder.path().to_str()?).ok()).collect();
    names.sort();
    names
}

/// Every file that installing a built-in profile writes, sorted by path; none for a name that is not built in.
pub fn files(name: &ProfileName) -> Vec<(RepoPath, Vec<u8>)> {
    let mut files = Vec::new();
    collect(PROFILES.get_dir(name.as_str()), &layout::namespace(name), &mut files);
    collect(DOCUMENTS.get_dir(name.as_str()), &format!("{}/templates", layout::namespace(name)), &mut files);
    files.sort();
    files
}

/// Puts every file below `folder` to `files`, its path below `target`.
fn collect(folder: Option<&Dir<'_>>, target: &str, files: &mut Vec<(RepoPath, Vec<u8>)>) {
    let Some(folder) = folder else { return };
    let file_name = |path: &std::path::Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    for file in folder.files() {
        if let Some(name) = file_name(file.path()) {
            files.push((format!("{target}/{name}").into(), file.contents().to_vec()));
        }
    }
    for inner in folder.dirs() {
        if let Some(name) = file_name(inner.path()) {
            collect(Some(inner), &format!("{target}/{name}"), files);
        }
    }
}
