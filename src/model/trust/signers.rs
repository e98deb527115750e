//! `allowed_signers`: whose key is whose. OpenSSH's format, cut down to what cannot be read in two ways.

use std::collections::BTreeMap;

use super::NAMESPACE;
use super::key::PublicKey;
use crate::model::name::Principal;
use crate::model::time::Timestamp;

/// Lines beyond this are refused: a team, not a directory.
const MOST: usize = 1000;

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Whose key it is.
    pub principal: Principal,
    /// The key.
    pub key: PublicKey,
    /// Signatures dated before this do not count.
    pub after: Option<Timestamp>,
    /// Signatures dated after this do not count.
    pub before: Option<Timestamp>,
    /// The line, from 1.
    pub line: usize,
}

/// All signers: one key a principal, one principal a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signers {
    by_name: BTreeMap<Principal, Signer>,
}

/// What is wrong with one line. Any such line fails the whole file: a line that was meant to take a right away must not
/// be skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SignerError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, a sentence. May hold text from the repository: printers escape it.
    pub message: String,
    /// How to mend it.
    pub fix: String,
}

impl Signers {
    /// Reads the whole file, an empty one too. All problems are reported, in order of their lines.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<SignerError>> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) if !text.starts_with('\u{feff}') => text,
            _ => {
                return Err(vec![error(
                    1,
                    "The file is not plain UTF-8 text.",
                    "save it as UTF-8 without a byte order mark",
                )]);
            }
        };
        let mut signers = Self::default();
        let mut problems = Vec::new();
        for (index, line) in text.split('\n').enumerate() {
            if line.is_empty() || line.starts_with('#') && !line.contains(char::is_control) {
                continue;
            }
            if let Err(problem) = read_line(line, index + 1).and_then(|signer| signers.add(signer)) {
                problems.push(problem);
            }
            if index >= MOST {
                problems.push(error(
                    index + 1,
                    format!("The file has more than {MOST} lines."),
                    "keep the keys in use",
                ));
                break;
            }
        }
        if problems.is_empty() { Ok(signers) } else { Err(problems) }
    }

    fn add(&mut self, signer: Signer) -> Result<(), SignerError> {
        if let Some(other) = self.by_name.get(&signer.principal) {
            return Err(error(
                signer.line,
                format!("`{}` has a key already, on line {}.", signer.principal, other.line),
                "keep one key for each person; a rotation replaces the line",
            ));
        }
        let material = signer.key.material();
        if let Some(other) = self.by_name.values().find(|other| other.key.material() == material) {
            return Err(error(
                signer.line,
                format!("This key belongs to `{}` already, on line {}.", other.principal, other.line),
                "give each person a key of their own: two names with one key are one person",
            ));
        }
        self.by_name.insert(signer.principal.clone(), signer);
        Ok(())
    }

    /// The signer of that name.
    pub fn get(&self, principal: &Principal) -> Option<&Signer> {
        self.by_name.get(principal)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Signer> {
        self.by_name.values()
    }

    /// Whether nobody can sign.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

fn error(line: usize, message: impl Into<String>, fix: impl Into<String>) -> SignerError {
    SignerError { line, message: message.into(), fix: fix.into() }
}

fn read_line(text: &str, line: usize) -> Result<Signer, SignerError> {
    const FORM: &str = "write `alice namespaces=\"agentops-gate\" ssh-ed25519 AAAA…`";
    if text.ends_with('\r') {
        return Err(error(line, "The line ends with a carriage return.", "save the file with LF line ends"));
    }
    if text.contains(|c: char| c.is_control()) {
        return Err(error(line, "The line holds a control character.", "separate words with one space"));
    }
    let mut words = text.splitn(5, ' ');
    let mut next = |what: &str| {
        words
            .next()
            .filter(|word| !word.is_empty())
            .ok_or_else(|| error(line, format!("The line lacks {what}, or has two spaces in a row."), FORM))
    };
    let (name, options) = (next("a principal")?, next("its options")?);
    let (kind, base64) = (next("the type of a key")?, next("the key")?);
    let principal = Principal::parse(name).map_err(|problem| {
        error(line, format!("{problem}."), "write one actor of config.toml: no lists, patterns or quotes")
    })?;
    let (after, before) = read_options(options, line)?;
    if let (Some(after), Some(before)) = (&after, &before)
        && after >= before
    {
        return Err(error(line, "`valid-after` is not before `valid-before`.", "turn the two dates round"));
    }
    let key = PublicKey::parse(kind, base64).map_err(|what| {
        error(line, format!("The key of `{principal}` {what}."), "copy the line of the `.pub` file: type and key")
    })?;
    Ok(Signer { principal, key, after, before, line })
}

/// `namespaces="agentops-gate"`, and `valid-after` and `valid-before` with dates in UTC; each once, separated by commas.
fn read_options(text: &str, line: usize) -> Result<(Option<Timestamp>, Option<Timestamp>), SignerError> {
    const FIX: &str =
        "possible are `namespaces=\"agentops-gate\"`, `valid-after=\"20261121Z\"` and `valid-before=\"20271121Z\"`";
    let (mut namespaces, mut after, mut before) = (None, None, None);
    for option in split_options(text) {
        let value = |key: &str| option.strip_prefix(key)?.strip_prefix("=\"")?.strip_suffix('"');
        let slot = if let Some(value) = value("namespaces") {
            (namespaces.replace(value).is_none()).then_some(())
        } else if let Some(value) = value("valid-after") {
            (after.replace(date(value, line)?).is_none()).then_some(())
        } else if let Some(value) = value("valid-before") {
            (before.replace(date(value, line)?).is_none()).then_some(())
        } else {
            return Err(error(line, format!("`{option}` is not an option that is accepted."), FIX));
        };
        slot.ok_or_else(|| error(line, format!("`{option}` is there twice."), FIX))?;
    }
    let names = namespaces.ok_or_else(|| error(line, "The line names no namespace.", FIX))?;
    let literal = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._@".contains(&byte))
    };
    if !names.split(',').all(literal) || !names.split(',').any(|name| name == NAMESPACE) {
        return Err(error(
            line,
            format!("`namespaces` must name `{NAMESPACE}`, and only plain names."),
            format!("write `namespaces=\"{NAMESPACE}\"`, or `namespaces=\"{NAMESPACE},git\"`"),
        ));
    }
    Ok((after, before))
}

/// Splits at commas outside quotes.
fn split_options(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
    .collect()
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, and `Z`: without it a date means another time on every machine.
fn date(text: &str, line: usize) -> Result<Timestamp, SignerError> {
    let wrong = |what: &str| {
        error(line, format!("The date `{text}` {what}."), "write `YYYYMMDDZ` or `YYYYMMDDHHMMSSZ`: the `Z` says UTC")
    };
    let digits = text.strip_suffix('Z').ok_or_else(|| wrong("does not end in `Z`, so its time zone is unknown"))?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || ![8, 12, 14].contains(&digits.len()) {
        return Err(wrong("is not in the form `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS` with a `Z`"));
    }
    let full = format!("{digits:0<14}");
    let spelled =
        format!("{}-{}-{}T{}:{}:{}Z", &full[..4], &full[4..6], &full[6..8], &full[8..10], &full[10..12], &full[12..]);
    Timestamp::parse(&spelled).map_err(|_| wrong("does not exist"))
}
