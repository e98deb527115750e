//! The documents do what they say: each command shown in README.md and docs/*.md runs, and prints what is shown.
//!
//! A fenced block with the info string `console` holds commands and what they print. A line `$ COMMAND` is run by
//! `sh`; lines `> …` behind it continue it. What follows is its output, both streams as they come; a last line
//! `[exit N]` says how it ended, if not with 0. A line `…` stands for any lines left out. A block with the info string
//! `LANGUAGE FILE` is written to that file; a `*` in it stands for what lies there already.
//!
//! Each document has one repository of its own, in which Alice works. Paths of the sandbox read `/home/alice`. Ids of
//! objects and durations may differ, for they change with every text of the program. With `UPDATE_DOCS=1` in the
//! environment the outputs are rewritten instead of compared.

use std::fs;
use std::path::{Path, PathBuf};

use agentops::env::Env;
use agentops::law::registry;

use super::sandbox::{PROGRAM, Sandbox};
use super::terminal::Terminal;

/// A line that stands for lines left out.
const LEFT_OUT: &str = "…";

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_readme_runs() {
    run_document("README.md");
}

#[test]
fn the_page_on_custom_profiles_runs() {
    run_document("docs/custom-profile.md");
}

#[test]
fn the_page_on_two_profiles_runs() {
    run_document("docs/two-profiles.md");
}

#[test]
fn the_page_on_signing_runs() {
    run_document("docs/signing.md");
}

#[test]
fn the_page_on_governance_runs() {
    run_document("docs/governance.md");
}

#[test]
fn the_page_on_gates_runs() {
    run_document("docs/gates.md");
}

#[test]
fn the_page_on_security_runs() {
    run_document("docs/security.md");
}

#[test]
fn the_page_on_a_server_runs() {
    run_document("docs/server.md");
}

#[test]
fn the_page_on_secrets_runs() {
    run_document("docs/secrets.md");
}

#[test]
fn the_page_on_verdicts_for_forges_runs() {
    run_document("docs/ci.md");
}

#[test]
fn the_page_on_hooks_runs() {
    run_document("docs/hooks.md");
}

#[test]
fn the_page_on_deliverables_runs() {
    run_document("docs/deliverables.md");
}

#[test]
fn the_page_on_routing_runs() {
    run_document("docs/routing.md");
}

#[test]
fn the_page_on_bundles_runs() {
    run_document("docs/bundles.md");
}

#[test]
fn the_page_on_contexts_runs() {
    run_document("docs/context.md");
}

#[test]
fn the_page_on_learnings_runs() {
    run_document("docs/learnings.md");
}

#[test]
fn the_page_on_usage_runs() {
    run_document("docs/usage.md");
}

#[test]
fn no_document_is_forgotten() {
    let known = [
        "bundles.md",
        "ci.md",
        "context.md",
        "custom-profile.md",
        "deliverables.md",
        "gates.md",
        "governance.md",
        "hooks.md",
        "learnings.md",
        "routing.md",
        "secrets.md",
        "security.md",
        "server.md",
        "signing.md",
        "two-profiles.md",
        "usage.md",
    ];
    for entry in fs::read_dir(document("docs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let executable = text.lines().any(|line| line == "```console");
        // The page on verification goes on in the repository of the README.
        let is_run = known.contains(&&*name) || name == "verification.md";
        assert_eq!(executable, is_run, "docs/{name} is run by no test, or has nothing to run");
    }
}

#[test]
fn the_readme_lists_every_law() {
    let readme = fs::read_to_string(document("README.md")).unwrap();
    let shown: Vec<&str> = readme.lines().filter(|line| line.starts_with("| AO-")).collect();
    let rows: Vec<String> = registry()
        .iter()
        .map(|law| {
            format!("| {} | {} | {} |", law.id, law.title, format!("{:?}", law.id.default_level()).to_lowercase())
        })
        .collect();
    assert_eq!(shown, rows, "the table of laws should read\n{}", rows.join("\n"));
    assert!(readme.contains(&format!("[{} laws]", rows.len())), "there are {} laws", rows.len());
    let rust = concat!("Rust ", env!("CARGO_PKG_RUST_VERSION"), " or newer");
    assert!(readme.contains(rust), "needed: {rust}");
}

#[test]
fn the_page_on_verification_runs() {
    let sandbox = Sandbox::new();
    // It goes on where the README ends, with a task that is done.
    run_document_in(&sandbox, "README.md");
    run_document_in(&sandbox, "docs/verification.md");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut pages = vec![document("README.md")];
    pages.extend(fs::read_dir(document("docs")).unwrap().map(|entry| entry.unwrap().path()));
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        // Every other part is a fenced block.
        let prose: Vec<&str> = text.split("```").step_by(2).collect();
        let text = prose.concat();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                assert!(page.parent().unwrap().join(target).exists(), "{}: `{link}` leads nowhere", page.display());
            }
        }
    }
}

fn run_document(name: &str) {
    run_document_in(&Sandbox::new(), name);
}

fn run_document_in(sandbox: &Sandbox, name: &str) {
    let path = document(name);
    let before = fs::read_to_string(&path).unwrap();
    let mut after = String::new();
    let mut lines = before.lines();
    while let Some(line) = lines.next() {
        after.push_str(line);
        after.push('\n');
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if info == "console" {
            after.push_str(&run_block(sandbox, &body));
        } else {
            if let Some((_, file)) = info.split_once(' ') {
                fs::write(written(sandbox, file), body.join("\n") + "\n").unwrap();
            }
            body.iter().for_each(|line| after.push_str(&format!("{line}\n")));
        }
        after.push_str("```\n");
    }
    if after == before {
        return;
    }
    assert!(Env::process().marker("UPDATE_DOCS"), "{name} differs from what its commands print:\n{}", {
        let difference = similar::TextDiff::from_lines(&before, &after);
        difference.unified_diff().context_radius(3).header("shown", "printed").to_string()
    });
    fs::write(&path, after).unwrap();
}

/// Runs the commands of one block: the block as it should read.
fn run_block(sandbox: &Sandbox, body: &[&str]) -> String {
    let mut out = String::new();
    let mut lines = body.iter().copied().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else {
            assert!(line.is_empty(), "`{line}` stands before the first command of its block");
            continue;
        };
        let mut command = first.to_owned();
        out.push_str(&format!("{line}\n"));
        while let Some(more) = lines.next_if(|line| line.starts_with("> ") || *line == ">") {
            command.push_str(&format!("\n{}", more.strip_prefix("> ").unwrap_or_default()));
            out.push_str(&format!("{more}\n"));
        }
        let mut shown: Vec<&str> = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            shown.push(line);
        }
        // An empty line before the next command is for the eye.
        let gap = shown.last().is_some_and(|line| line.is_empty()) && lines.peek().is_some();
        if gap {
            shown.pop();
        }
        let printed = run_command(sandbox, &command);
        let printed: Vec<&str> = printed.lines().collect();
        let lines = if alike(&shown, &printed) { shown } else { printed };
        lines.iter().for_each(|line| out.push_str(&format!("{line}\n")));
        out.push_str(if gap { "\n" } else { "" });
    }
    out
}

/// What a command prints, and `[exit N]` where it is not 0.
fn run_command(sandbox: &Sandbox, command: &str) -> String {
    let mut environment = sandbox.environment();
    let vote = command.starts_with("agentops gate approve ") || command.starts_with("agentops gate reject ");
    let (code, text) = if vote {
        environment.push(("NO_COLOR".to_owned(), "1".into()));
        let arguments = ["-c".to_owned(), command.to_owned()];
        let mut terminal = Terminal::start("sh", &arguments, sandbox.path(), &environment);
        terminal.wait_for("or Ctrl-C to leave");
        let prefix = command.split(' ').nth(3).unwrap();
        terminal.type_line(&task(sandbox, prefix));
        let ending = terminal.finish();
        (ending.code, ending.text)
    } else {
        let output = std::process::Command::new("sh")
            .args(["-c", &format!("exec 2>&1\n{command}")])
            .current_dir(sandbox.path())
            .env_clear()
            .envs(environment)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let code = output.status.code().unwrap_or_else(|| panic!("`{command}` was ended by a signal"));
        (code.unsigned_abs(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let mut text = readable(sandbox, &text);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    if code != 0 {
        text.push_str(&format!("[exit {code}]\n"));
    }
    text
}

/// The text with places that a reader's machine could have.
fn readable(sandbox: &Sandbox, text: &str) -> String {
    let binaries = Path::new(PROGRAM).parent().unwrap().to_string_lossy().into_owned();
    let canonical = fs::canonicalize(sandbox.root()).unwrap();
    text.replace(&*binaries, "/home/alice/.cargo/bin")
        .replace(&*canonical.to_string_lossy(), "/home/alice")
        .replace(&*sandbox.root().to_string_lossy(), "/home/alice")
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// The task whose id begins with `prefix`.
fn task(sandbox: &Sandbox, prefix: &str) -> String {
    let mut found = Vec::new();
    for profile in fs::read_dir(sandbox.path().join(".agentops")).unwrap() {
        let events = profile.unwrap().path().join("events");
        for entry in fs::read_dir(events).into_iter().flatten() {
            found.push(entry.unwrap().file_name().to_string_lossy().into_owned());
        }
    }
    found.retain(|id| id.starts_with(prefix));
    assert_eq!(found.len(), 1, "`{prefix}` should name one task");
    found.remove(0)
}

/// The path of a file to write; a component with a `*` is the one that is there.
fn written(sandbox: &Sandbox, file: &str) -> PathBuf {
    let mut path = sandbox.path().to_path_buf();
    for part in file.split('/') {
        let Some((start, end)) = part.split_once('*') else {
            path.push(part);
            continue;
        };
        let mut names: Vec<String> = fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with(start) && name.ends_with(end))
            .collect();
        assert_eq!(names.len(), 1, "`{part}` of `{file}` should stand for one name");
        path.push(names.remove(0));
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

/// Whether the lines shown stand for the lines printed.
fn alike(shown: &[&str], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((&LEFT_OUT, rest)) => (0..=printed.len()).any(|skipped| alike(rest, &printed[skipped..])),
        Some((first, rest)) => printed.split_first().is_some_and(|(line, others)| {
            let same = steady(first) == steady(line);
            same && alike(rest, others)
        }),
    }
}

/// The line without ids of objects, fingerprints of keys and durations.
fn steady(line: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    // A fingerprint is base64: 43 characters after its name.
    let line = line.split_inclusive("SHA256:").collect::<Vec<_>>();
    let line: String = line
        .iter()
        .enumerate()
        .map(|(index, part)| if index > 0 && part.len() >= 43 { part.get(43..).unwrap_or(part) } else { part })
        .collect();
    let line = line.as_str();
    for word in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let (name, mark) = match word.char_indices().last() {
            Some((index, c)) if !c.is_ascii_alphanumeric() => word.split_at(index),
            _ => (word, ""),
        };
        let hex = name.len() >= 7 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        out.push(if hex { "<id>".to_owned() } else { name.to_owned() });
        out.push(mark.to_owned());
    }
    for index in 2..out.len() {
        if out[index] == "ms" && out[index - 1] == " " && out[index - 2].bytes().all(|byte| byte.is_ascii_digit()) {
            out[index - 2] = "<n>".to_owned();
        }
    }
    out.concat()
}

#[test]
fn lines_are_compared_but_for_ids_and_durations() {
    assert!(alike(&["took 3 ms (4f2c413)"], &["took 17 ms (baad652)"]));
    assert!(alike(
        &[&format!("by SHA256:{}, ok", "a/".repeat(22).get(1..).unwrap())],
        &[&format!("by SHA256:{}, ok", "B+".repeat(22).get(1..).unwrap())]
    ));
    assert!(!alike(&["took 3 s"], &["took 17 s"]));
    assert!(!alike(&["a"], &["a", "b"]));
    assert!(!alike(&["a", "b"], &["a"]));
    assert!(alike(&["a", LEFT_OUT], &["a", "b", "c"]));
    assert!(alike(&[LEFT_OUT, "c"], &["a", "b", "c"]));
    assert!(!alike(&[LEFT_OUT, "b"], &["a", "b", "c"]));
}
