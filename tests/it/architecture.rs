//! The rules of the house, read off the source: dependencies point down, and git, output, environment and time each
//! have one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::source::{Placed, Token, starts_with, tokens, without_tests};

/// What each module may name of the others. `lib` only declares them.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("env", &[]),
    ("clock", &["env", "model"]),
    ("faults", &["env"]),
    ("secrets", &["model"]),
    ("routing", &["model"]),
    ("text", &["model"]),
    ("workflow", &["model"]),
    ("law", &["workflow", "secrets", "model"]),
    ("config", &["secrets", "model"]),
    ("usage", &["model"]),
    ("git", &["model", "faults"]),
    ("store", &["git", "model", "faults"]),
    (
        "engine",
        &["store", "law", "workflow", "config", "secrets", "routing", "git", "model", "clock", "env", "text", "usage"],
    ),
    ("hooks", &["engine", "store", "config", "git", "law", "model", "clock", "env"]),
    ("ui", &["law", "model"]),
    ("cli", &["engine", "hooks", "ui", "law", "routing", "model", "clock", "env", "faults"]),
    ("main", &["cli", "env"]),
    ("lib", &[]),
];

/// The rooms of the engine, each above those that it may use.
const ENGINE: &[&str] = &[
    "error",
    "policies",
    "site",
    "running",
    "judging",
    "writing",
    "governance",
    "adoption",
    "doctor",
    "knowledge",
    "tasks",
    "records",
    "context",
    "compliance",
    "verify",
];

/// No file is longer than this, in lines.
const LONGEST: usize = 500;

/// What stands in one place alone: a pattern of tokens, where it may stand, what it is.
const ONE_PLACE: &[(&str, &str, &str)] = &[
    ("gix::", "src/git/", "gix"),
    ("use gix", "src/git/", "gix"),
    ("Command::new(\"git\"", "src/git/", "the git command"),
    ("println!", "src/ui/", "printing"),
    ("print!", "src/ui/", "printing"),
    ("eprintln!", "src/ui/", "printing"),
    ("eprint!", "src/ui/", "printing"),
    ("stdout()", "src/ui/", "printing"),
    ("stderr()", "src/ui/", "printing"),
    ("anstream::", "src/ui/", "printing"),
    ("std::env", "src/env.rs", "the environment"),
    ("SystemTime", "src/clock.rs", "the clock"),
    ("Instant::now", "src/clock.rs", "the clock"),
    ("Timestamp::now", "src/clock.rs", "the clock"),
    ("Zoned::now", "src/clock.rs", "the clock"),
    ("getrandom::", "src/clock.rs", "randomness"),
    ("use getrandom", "src/clock.rs", "randomness"),
];

/// Asking whether a stream is a terminal needs the stream; [`ONE_PLACE`] means writing.
const EXCEPTIONS: &[(&str, &str)] = &[("src/env.rs", "stdout()"), ("src/env.rs", "stderr()")];

#[test]
fn the_house_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    for entry in walkdir::WalkDir::new(root.join("src")) {
        let entry = entry.unwrap();
        if entry.path().extension().is_some_and(|extension| extension == "rs") {
            let name = entry.path().strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            files.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
    assert!(files.len() > 20, "the source was not found");
    let complaints = complaints(&files);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Every broken rule, as `file:line: what`.
fn complaints(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut out = Vec::new();
    let mut for_tests = BTreeSet::new();
    let mut code = BTreeMap::new();
    for (file, text) in files {
        let (kept, modules) = without_tests(&tokens(text));
        let folder = match file.strip_suffix("/mod.rs").or_else(|| file.strip_suffix("/lib.rs")) {
            Some(folder) => folder,
            None => file.trim_end_matches(".rs"),
        };
        for_tests.extend(modules.into_iter().map(|module| format!("{folder}/{module}")));
        code.insert(file, kept);
    }
    for (file, text) in files {
        if text.lines().count() > LONGEST {
            out.push(format!("{file}: longer than {LONGEST} lines; give a part of it a file of its own"));
        }
        if !text.starts_with("//!") {
            out.push(format!("{file}:1: does not begin with `//!`: what is this module for?"));
        }
        let own = file.trim_end_matches(".rs");
        if !for_tests.iter().any(|module| own == module || own.starts_with(&format!("{module}/"))) {
            out.extend(broken_places(file, &code[file]));
            out.extend(broken_dependencies(file, &code[file]));
        }
    }
    out
}

fn broken_places(file: &str, code: &[Placed]) -> Vec<String> {
    let mut out = Vec::new();
    let rules: Vec<_> =
        ONE_PLACE.iter().map(|(pattern, place, what)| (pattern, tokens(pattern), place, what)).collect();
    let several = tokens("use std::{");
    // These read nothing.
    let pure = ["std::env::join_paths", "std::env::split_paths", "std::env::consts"].map(tokens);
    for (index, (_, line)) in code.iter().enumerate() {
        let follows_dot = index > 0 && code[index - 1].0 == Token::Mark('.');
        for (pattern, wanted, place, what) in &rules {
            let excepted = pure.iter().any(|pure| starts_with(&code[index..], pure))
                || file.starts_with(**place)
                || EXCEPTIONS.contains(&(file, pattern));
            // `command.stdout(…)` and `command.stderr(…)` print nothing.
            if !excepted && !follows_dot && starts_with(&code[index..], wanted) {
                out.push(format!("{file}:{line}: `{pattern}`: {what} belongs in {place}"));
            }
        }
        if file != "src/env.rs" && starts_with(&code[index..], &several) && group(code, index + 3).contains(&"env") {
            out.push(format!("{file}:{line}: `std::env`: the environment belongs in src/env.rs"));
        }
    }
    out
}

fn broken_dependencies(file: &str, code: &[Placed]) -> Vec<String> {
    let parts: Vec<_> = file.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect();
    let own = parts[0];
    // How many `super` lead from the file to the crate: as many as its module path has names.
    let depth = parts.iter().filter(|part| **part != "mod").count();
    let Some((_, allowed)) = ALLOWED.iter().find(|(module, _)| *module == own) else {
        return vec![format!("{file}: `{own}` is not in the table of modules")];
    };
    let mut out = Vec::new();
    if own == "engine" && parts[1] != "mod" {
        out.extend(engine_upside_down(file, parts[1], code));
    }
    for (index, (token, line)) in code.iter().enumerate() {
        let Token::Name(name) = token else { continue };
        let after_path = index > 0 && code[index - 1].0 == Token::Path;
        let start = match name.as_str() {
            "crate" | "agentops" if !after_path => index + 1,
            "super" if !after_path => {
                let step = tokens("super::");
                let is_step = |count: &usize| starts_with(&code[(index + 2 * count).min(code.len())..], &step);
                let steps = (0..).take_while(is_step);
                let count = steps.count();
                if count < depth {
                    continue;
                }
                index + 2 * count - 1
            }
            _ => continue,
        };
        if code.get(start).is_none_or(|(token, _)| *token != Token::Path) {
            continue;
        }
        for named in group(code, start + 1) {
            let known = ALLOWED.iter().any(|(module, _)| *module == named);
            if known && named != own && !allowed.contains(&named) {
                out.push(format!("{file}:{line}: `{own}` may not depend on `{named}`"));
            }
        }
    }
    out
}

/// Where a room of the engine names one that does not lie below it.
fn engine_upside_down(file: &str, own: &str, code: &[Placed]) -> Vec<String> {
    let floor = |room: &str| ENGINE.iter().position(|known| *known == room);
    let Some(own_floor) = floor(own) else { return vec![format!("{file}: `{own}` is no room of the engine")] };
    let mut out = Vec::new();
    let path = tokens("engine::");
    for (index, (_, line)) in code.iter().enumerate().filter(|(index, _)| starts_with(&code[*index..], &path)) {
        for named in group(code, index + 2) {
            if floor(named).is_some_and(|floor| floor > own_floor) {
                out.push(format!("{file}:{line}: `engine::{own}` may not depend on `engine::{named}`"));
            }
        }
    }
    out
}

/// The first names behind a path: the one at `index`, or those of the `{…}` that starts there.
fn group(code: &[Placed], index: usize) -> Vec<&str> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut fresh = true;
    for (token, _) in code.get(index..).unwrap_or_default() {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            Token::Mark(',') if depth == 1 => fresh = true,
            Token::Name(name) if fresh => {
                names.push(name.as_str());
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// The complaints about one planted file.
fn about(file: &str, text: &str) -> Vec<String> {
    complaints(&BTreeMap::from([(file.to_owned(), format!("//! Planted.\n{text}"))]))
}

#[test]
fn a_planted_dependency_is_found() {
    for (file, text) in [
        ("src/model/x.rs", "use crate::ui::Ui;"),
        ("src/law/mod.rs", "use crate::git;"),
        ("src/law/x.rs", "use crate::{model::path, config::read, workflow};"),
        ("src/law/x.rs", "fn f() { crate::engine::open() }"),
        ("src/law/x.rs", "use super::super::store::Lock;"),
        ("src/law/mod.rs", "use super::store::Lock;"),
        ("src/law/x/y.rs", "use super::super::super::{git};"),
        ("src/ui/page.rs", "pub(in crate::cli) fn f() {}"),
        ("src/main.rs", "use agentops::engine;"),
        ("src/helpers/mod.rs", ""),
        ("src/engine/judging/x.rs", "use crate::engine::writing::transact;"),
        ("src/engine/site.rs", "fn f() { crate::engine::verify::report() }"),
        ("src/engine/helpers.rs", ""),
    ] {
        assert_eq!(about(file, text).len(), 1, "{file}: {text}");
    }
}

#[test]
fn what_is_allowed_is_not_complained_about() {
    for (file, text) in [
        ("src/law/x.rs", "use crate::{model::path::{self, engine}, workflow}; use super::super::model;"),
        ("src/law/x.rs", "//! crate::ui\nconst A: &str = \"crate::ui println!\"; /* gix:: */"),
        ("src/law/x.rs", "#[cfg(test)] mod tests { use crate::git; fn f() { println!(); Command::new(\"git\"); } }"),
        ("src/law/x/y.rs", "use super::super::engine_of_this_law; use super::git;"),
        ("src/main.rs", "fn main() { agentops::cli::run(agentops::env::arguments()) }"),
        ("src/store/x.rs", "fn f(c: Command) { c.stdout(Stdio::null()); env!(\"X\"); let now = clock.now(); }"),
        ("src/git/x.rs", "use gix::bstr; fn f() { Command::new(\"git\"); }"),
        ("src/ui/x.rs", "fn f() { anstream::stdout() }"),
        ("src/git/x.rs", "fn f() { std::env::join_paths(&[a]) }"),
        ("src/engine/verify/x.rs", "use crate::engine::{judging, tasks::task}; use super::report;"),
    ] {
        assert_eq!(about(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}

#[test]
fn a_planted_second_place_is_found() {
    for text in [
        "use gix::ObjectId;",
        "fn f() { gix::open() }",
        "fn f() { std::process::Command::new(\n\"git\") }",
        "fn f() { println!(\"x\") }",
        "fn f() { std::io::stderr().write_all(b\"x\") }",
        "use std::env;",
        "use std::{fs, env};",
        "fn f() { std::env::var_os(\"X\") }",
        "use std::time::SystemTime;",
        "fn f() { jiff::Timestamp::now() }",
        "use getrandom::fill;",
    ] {
        let found = about("src/engine/doctor.rs", text);
        assert!(
            !found.is_empty() && found.iter().all(|line| line.starts_with("src/engine/doctor.rs:")),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn size_and_purpose_are_asked_for() {
    let long = "\n".repeat(LONGEST);
    assert!(about("src/law/x.rs", &long)[0].contains("longer than"));
    let bare = BTreeMap::from([("src/law/x.rs".to_owned(), "use crate::model;".to_owned())]);
    assert!(complaints(&bare)[0].contains("what is this module for"));
}

#[test]
fn a_module_for_tests_is_free() {
    let files = BTreeMap::from([
        ("src/law/mod.rs".to_owned(), "//! Laws.\n#[cfg(test)]\npub(crate) mod testing;".to_owned()),
        ("src/law/testing.rs".to_owned(), "//! A step in memory.\nuse crate::config;".to_owned()),
        ("src/law/other.rs".to_owned(), "//! Not for tests.\nuse crate::config;".to_owned()),
    ]);
    assert_eq!(complaints(&files), ["src/law/other.rs:2: `law` may not depend on `config`"]);
}

#[test]
fn the_table_has_no_way_up() {
    let order: Vec<_> = ALLOWED.iter().map(|(module, _)| *module).collect();
    for (position, (module, allowed)) in ALLOWED.iter().enumerate() {
        for below in *allowed {
            assert!(order[..position].contains(below), "`{module}` names `{below}`, which stands above it");
        }
    }
}
