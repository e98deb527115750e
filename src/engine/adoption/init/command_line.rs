//! The command that runs the tests: found from the files of the repository, or split from what the user typed.

use crate::engine::error::EngineError;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};

/// A command line for `[commands.test]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCommand {
    /// Program and arguments.
    pub run: Vec<String>,
    /// The file that told; `None` where the user said it.
    pub found_in: Option<&'static str>,
    /// Whether paths of test files may follow.
    pub takes_paths: bool,
}

/// A file that tells how tests are run.
struct Known {
    file: &'static str,
    says_so: fn(&str) -> bool,
    run: &'static [&'static str],
    takes_paths: bool,
}

/// Cargo, Go and make read a path behind the command as something else than a test to run, and may then run nothing and
/// be content: they take no paths.
const KNOWN: &[Known] = &[
    Known { file: "Cargo.toml", says_so: |_| true, run: &["cargo", "test"], takes_paths: false },
    Known { file: "package.json", says_so: has_test_script, run: &["npm", "test"], takes_paths: false },
    Known { file: "go.mod", says_so: |_| true, run: &["go", "test", "./..."], takes_paths: false },
    Known { file: "pyproject.toml", says_so: has_pytest, run: &["python3", "-m", "pytest"], takes_paths: true },
    Known { file: "setup.cfg", says_so: has_pytest, run: &["python3", "-m", "pytest"], takes_paths: true },
    Known { file: "Makefile", says_so: has_test_target, run: &["make", "test"], takes_paths: false },
    Known { file: "makefile", says_so: has_test_target, run: &["make", "test"], takes_paths: false },
];

/// What the files at the top of `tree` say about running tests; the first that does.
pub(super) fn detect(tree: &dyn TreeView) -> Result<Option<TestCommand>, SightError> {
    let read = |name: &str| -> Result<Option<String>, SightError> {
        match tree.entry(&RepoPath::from(name))? {
            Some(entry) if entry.mode.is_file() => match tree.file(&RepoPath::from(name), MAX_TEXT_FILE) {
                Ok(bytes) => Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())),
                // A manifest of that size says nothing to us, and setting up goes on.
                Err(SightError::TooLarge { .. }) => Ok(None),
                Err(error) => Err(error),
            },
            _ => Ok(None),
        }
    };
    for Known { file, says_so, run, takes_paths } in KNOWN {
        if read(file)?.is_some_and(|text| says_so(&text)) {
            let run = run.iter().map(|word| (*word).to_owned()).collect();
            return Ok(Some(TestCommand { run, found_in: Some(file), takes_paths: *takes_paths }));
        }
    }
    Ok(None)
}

/// What the user typed as one command line.
pub(super) fn given(line: &str) -> Result<TestCommand, EngineError> {
    let usage = |what: &str| {
        EngineError::usage(
            format!("`--test-command`: {what}"),
            "write the program and its arguments, such as `--test-command \"npm run test:all\"`; for pipes and `&&` \
             name a script",
        )
    };
    let run = split(line).map_err(usage)?;
    if run.first().is_none_or(String::is_empty) {
        return Err(usage("there is no program in it"));
    }
    Ok(TestCommand { run, found_in: None, takes_paths: false })
}

/// Words as a shell parts them: at spaces, with quotes and backslashes, without anything being replaced. What only a
/// shell could do is refused: no shell runs here.
fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err("a `'` is not closed"),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => match chars.next() {
                            Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                            Some(c) => word.extend(['\\', c]),
                            None => return Err("a `\"` is not closed"),
                        },
                        Some(c) => word.push(c),
                        None => return Err("a `\"` is not closed"),
                    }
                }
            }
            '\\' => match chars.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err("it ends in a `\\`"),
            },
            '|' | '&' | ';' | '<' | '>' | '`' => {
                return Err("it needs a shell, and none runs: quote the sign if it is meant as it is");
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Whether a `package.json` has a test script other than the one that `npm init` writes.
fn has_test_script(text: &str) -> bool {
    let parsed: Option<serde_json::Value> = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok();
    let script = parsed.as_ref().and_then(|value| value.get("scripts")?.get("test")?.as_str());
    script.is_some_and(|script| !script.trim().is_empty() && !script.contains("no test specified"))
}

/// Whether a configuration of Python speaks of pytest.
fn has_pytest(text: &str) -> bool {
    text.contains("pytest")
}

/// Whether a makefile has a rule for `test`.
fn has_test_target(text: &str) -> bool {
    text.lines().any(|line| {
        let Some((targets, rest)) = line.split_once(':') else { return false };
        let assigns = rest.starts_with('=') || rest.starts_with(":=") || rest.starts_with("::=");
        !line.starts_with([' ', '\t', '#']) && !assigns && targets.split_whitespace().any(|target| target == "test")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tree::MemoryTree;

    fn found(files: &[(&str, &str)]) -> Option<String> {
        let mut tree = MemoryTree::new();
        for (name, text) in files {
            tree.put(*name, *text);
        }
        detect(&tree).unwrap().map(|command| command.run.join(" "))
    }

    #[test]
    fn manifests_tell_how_to_test() {
        let script = r#"{"scripts": {"test": "vitest"}}"#;
        assert_eq!(found(&[("Cargo.toml", ""), ("package.json", script)]).as_deref(), Some("cargo test"));
        assert_eq!(found(&[("package.json", script)]).as_deref(), Some("npm test"));
        assert_eq!(found(&[("go.mod", "module a")]).as_deref(), Some("go test ./..."));
        assert_eq!(found(&[("setup.cfg", "[tool:pytest]")]).as_deref(), Some("python3 -m pytest"));
        assert_eq!(
            found(&[("pyproject.toml", "[project]"), ("Makefile", "test: all\n\t./t\n")]).as_deref(),
            Some("make test")
        );
        assert_eq!(found(&[("Makefile", ".PHONY: test\nlint test:\n")]).as_deref(), Some("make test"));
    }

    #[test]
    fn what_tells_nothing_is_passed_over() {
        let npm_init = r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#;
        for (name, text) in [
            ("package.json", npm_init),
            ("package.json", "{"),
            ("package.json", "[]"),
            ("pyproject.toml", "[project]\n"),
            ("Makefile", "test := x\ntest ::= y\n.PHONY: test\n\ttest: a\n# test: b\ntests: c\n"),
            ("src/Cargo.toml", ""),
        ] {
            assert_eq!(found(&[(name, text)]), None, "{name}: {text}");
        }
    }

    #[test]
    fn lines_split_as_a_shell_would() {
        let words = |line: &str| split(line).map(|words| words.join("|"));
        assert_eq!(words("npm  run test:all").as_deref(), Ok("npm|run|test:all"));
        assert_eq!(words(r#"a 'b c' "d \" $e" f\ g ''"#).as_deref(), Ok("a|b c|d \" $e|f g|"));
        assert_eq!(words("-k 'a and b'x").as_deref(), Ok("-k|a and bx"));
        for line in ["a 'b", "a \"b", "a \\", "a | b", "a && b", "a; b", "a > b"] {
            assert!(split(line).is_err(), "{line}");
        }
        assert!(given("  ").is_err() && given("''").is_err());
    }
}
