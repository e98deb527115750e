//! The bytes of a hook file: which binary they name, and whether they are ours.

use std::path::{Path, PathBuf};

use super::InstallError;
use crate::config::builtin::{GIT_HOOK, GIT_HOOK_SH};

/// What stands for the binary in the texts.
const BINARY: &str = "{binary}";
/// A first line up to here is read whole by every system.
const LONGEST_FIRST_LINE: usize = 120;
/// What makes a hook file ours, whatever was done to the rest of it.
const MARK: &str = "A git hook managed by agentops, written by `agentops hooks install`.";

/// The text of every hook file for this binary.
pub(super) fn wanted(binary: &Path) -> Result<String, InstallError> {
    let refuse = |why| InstallError::Binary { binary: binary.to_owned(), why };
    let path = binary.to_str().ok_or_else(|| refuse("it is not UTF-8"))?;
    if path.contains(['\n', '\r', '\0']) {
        return Err(refuse("it holds a line break"));
    }
    let direct = GIT_HOOK.replace(BINARY, path);
    let first = direct.lines().next().unwrap_or_default().len();
    if cfg!(unix) && first <= LONGEST_FIRST_LINE && !path.contains(|c: char| c.is_whitespace() || "'\"\\".contains(c)) {
        return Ok(direct);
    }
    Ok(GIT_HOOK_SH.replace(&format!("'{BINARY}'"), &always_quoted(path)))
}

/// Whether the file was written by an install, tampered with or not.
pub(super) fn is_ours(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|part| part == MARK.as_bytes())
}

/// The binary that an untouched hook file names; `None` where anything else was changed.
pub(super) fn binary_of(bytes: &[u8]) -> Option<PathBuf> {
    let text = std::str::from_utf8(bytes).ok()?;
    let between = |template: &str, mark: &str| -> Option<String> {
        let (before, after) = template.split_once(mark)?;
        Some(text.strip_prefix(before)?.strip_suffix(after)?.to_owned())
    };
    let direct = between(GIT_HOOK, BINARY).filter(|path| !path.contains('\n'));
    let quoted = || {
        let path = between(GIT_HOOK_SH, &format!("'{BINARY}'"))?;
        let path = path.strip_prefix('\'')?.strip_suffix('\'')?.replace("'\\''", "'");
        (!path.contains('\n')).then_some(path)
    };
    direct.or_else(quoted).map(PathBuf::from)
}

fn always_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_paths_are_interpreters() {
        let text = wanted(Path::new("/usr/bin/agentops")).unwrap();
        assert!(text.starts_with("#!/usr/bin/agentops --git-hook\n"));
        assert_eq!(binary_of(text.as_bytes()), Some("/usr/bin/agentops".into()));
    }

    #[test]
    fn odd_and_long_paths_go_through_a_shell() {
        let long = format!("/{}/agentops", "d".repeat(100));
        for (path, line) in [
            ("/my tools/agentops", "binary='/my tools/agentops'\n"),
            ("/it's/agentops", "binary='/it'\\''s/agentops'\n"),
            (long.as_str(), "binary='/ddd"),
        ] {
            let text = wanted(Path::new(path)).unwrap();
            assert!(text.starts_with("#!/bin/sh\n") && text.contains(line), "{text}");
            assert_eq!(binary_of(text.as_bytes()), Some(path.into()));
        }
        assert!(matches!(wanted(Path::new("/a\nb")), Err(InstallError::Binary { .. })));
    }

    #[test]
    fn changed_texts_name_no_binary() {
        let text = wanted(Path::new("/usr/bin/agentops")).unwrap();
        assert!(is_ours(text.as_bytes()));
        for changed in [text.replace("--git-hook", ""), format!("{text}exit 0\n"), text.replace("#\n", "")] {
            assert!(is_ours(changed.as_bytes()));
            assert_eq!(binary_of(changed.as_bytes()), None);
        }
        assert!(!is_ours(b"#!/bin/sh\nagentops check\n"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(path in "/[ -~é]{1,150}") {
            let text = wanted(Path::new(&path)).unwrap();
            prop_assert_eq!(binary_of(text.as_bytes()), Some(PathBuf::from(path)));
        }
    }
}
