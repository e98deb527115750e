//! The baseline: secrets that were there before, and are known. A text file, one of them a line.
//!
//! `<fingerprint> <rule> <path>`; lines that begin with `#` and empty ones say nothing. Rule and path are for people, and
//! checked against the fingerprint, so that nobody is shown one place and made to agree to another.

use std::collections::BTreeSet;

use super::found::Fingerprint;
use crate::model::escape::visible_bytes;
use crate::model::path::RepoPath;

/// The largest file, in bytes.
pub const MAX_BASELINE: u64 = 4 * 1024 * 1024;

/// What a baseline knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline(BTreeSet<Fingerprint>);

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Which, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Baseline {
    /// Reads the file of the project with this id.
    ///
    /// # Errors
    ///
    /// Every line that is none.
    pub fn read(bytes: &[u8], project: &str) -> Result<Self, Vec<BadLine>> {
        let mut known = BTreeSet::new();
        let mut bad = Vec::new();
        for (line, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            if text.is_empty() || text.starts_with(b"#") {
                continue;
            }
            match read_line(text, project) {
                Ok(fingerprint) => drop(known.insert(fingerprint)),
                Err(what) => bad.push(BadLine { line: line + 1, what }),
            }
        }
        if bad.is_empty() { Ok(Self(known)) } else { Err(bad) }
    }

    /// Whether it knows a secret.
    pub fn knows(&self, fingerprint: &Fingerprint) -> bool {
        self.0.contains(fingerprint)
    }

    /// How many it knows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it has that `other` has not.
    pub fn beyond(&self, other: &Self) -> usize {
        self.0.difference(&other.0).count()
    }
}

fn read_line(text: &[u8], project: &str) -> Result<Fingerprint, &'static str> {
    const FORM: &str = "this is not `<fingerprint> <rule> <path>`";
    let text = std::str::from_utf8(text).map_err(|_| FORM)?;
    let (fingerprint, rest) = text.split_once(' ').ok_or(FORM)?;
    let (rule, path) = rest.split_once(' ').ok_or(FORM)?;
    let fingerprint = Fingerprint::parse(fingerprint).ok_or(FORM)?;
    let path = unquoted(path).ok_or(FORM)?;
    if !fingerprint.is_at(project, rule, &path) {
        return Err("the fingerprint is not of that rule, that path and this project");
    }
    Ok(fingerprint)
}

/// One line for one secret, without its end.
pub fn line(fingerprint: &Fingerprint, rule: &str, path: &RepoPath) -> String {
    format!("{fingerprint} {rule} {}", quoted(path))
}

/// A path as a line holds it: as it is where that is plain, else its bytes in hex.
fn quoted(path: &RepoPath) -> String {
    match path.as_str() {
        Some(text) if !text.starts_with("hex:") && visible_bytes(text.as_bytes()) == text => text.to_owned(),
        _ => path.as_bytes().iter().fold("hex:".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    }
}

fn unquoted(text: &str) -> Option<RepoPath> {
    let Some(digits) = text.strip_prefix("hex:") else { return Some(text.into()) };
    let bytes = digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    Some(RepoPath::from_bytes(bytes.collect::<Option<Vec<u8>>>()?))
}

#[cfg(test)]
mod tests {
    use super::super::Scanner;
    use super::*;
    use crate::model::secret_rules::SecretRules;

    #[test]
    fn lines_are_read_back_and_checked() {
        let rules = SecretRules::default();
        let scanner = Scanner::new(&rules);
        let text = format!("db_password = \"{}\"\n", ["vN3", "kq8", "Zt5"].concat());
        let path = RepoPath::from("a b.py");
        let found = scanner.scan(&path, text.as_bytes()).unwrap().found;
        let fingerprint = found[0].fingerprint("p", &path);
        let odd = RepoPath::from_bytes(b"odd\n\xff".to_vec());
        let file = format!(
            "# What was there.\n\n{}\r\n{}\n",
            line(&fingerprint, &found[0].rule.id, &path),
            line(&found[0].fingerprint("p", &odd), &found[0].rule.id, &odd),
        );
        assert!(!file.contains("kq8"));
        let baseline = Baseline::read(file.as_bytes(), "p").unwrap();
        assert!(baseline.len() == 2 && baseline.knows(&fingerprint) && baseline.beyond(&Baseline::default()) == 2);
        let lines = |text: &str| {
            Baseline::read(text.as_bytes(), "p").unwrap_err().into_iter().map(|bad| bad.line).collect::<Vec<_>>()
        };
        assert_eq!(lines(&file.replace("a b.py", "other.py")), [3], "the path is part of it");
        assert_eq!(lines("x\n\nnot one\n"), [1, 3]);
        assert!(Baseline::read(file.as_bytes(), "another project").is_err());
    }
}
