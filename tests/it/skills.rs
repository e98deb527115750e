//! `init --skills`: texts for agent clients that name verbs, and nothing that the verbs do not have.

use std::collections::BTreeSet;

use agentops::cli;

use super::governed::governed;
use super::sandbox::{Output, Sandbox};

const NAMES: [&str; 6] = ["bundle-load", "bundle-save", "implement", "plan", "prime-with-routing", "research"];

fn run(sandbox: &Sandbox, arguments: &str) -> Output {
    sandbox.agentops(arguments).run().expect_code(0)
}

fn path(name: &str) -> String {
    format!("skills/{name}/SKILL.md")
}

/// The skills that git has at HEAD.
fn committed(sandbox: &Sandbox) -> Vec<String> {
    sandbox.git("ls-tree -r --name-only HEAD skills").lines().map(str::to_owned).collect()
}

#[test]
fn they_come_with_the_first_set_up_and_go_with_the_last() {
    let sandbox = Sandbox::new();
    sandbox.write("README.md", "# Mine\n");
    sandbox.commit_all("first");
    let before = sandbox.git("rev-parse HEAD^{tree}");
    let dry = run(&sandbox, "init --profile sre --skills --dry-run --json").json();
    run(&sandbox, "init --profile sre --skills");
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2", "one commit for all of it");
    let expected: Vec<String> = NAMES.iter().map(|name| path(name)).collect();
    assert_eq!(committed(&sandbox), expected);
    let foretold: Vec<&str> = dry["paths"].as_array().unwrap().iter().filter_map(|path| path.as_str()).collect();
    assert!(expected.iter().all(|path| foretold.contains(&path.as_str())), "{foretold:?}");
    assert_eq!(sandbox.git("status --porcelain"), "");
    run(&sandbox, "check --all");
    run(&sandbox, &format!("deinit --confirm {}", sandbox.path().file_name().unwrap().to_string_lossy()));
    assert_eq!(sandbox.git("rev-parse HEAD^{tree}"), before);
}

#[test]
fn they_come_later_and_what_is_there_stays() {
    let sandbox = governed();
    sandbox.write(&path("plan"), "mine\n");
    let output = run(&sandbox, "init --skills --no-agents-md --no-hooks");
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 0
    --- stdout
    already set up: what was missing added on main
      commit  <id>
      files   skills/bundle-load/SKILL.md, skills/bundle-save/SKILL.md, skills/implement/SKILL.md, skills/prime-with-routing/SKILL.md, skills/research/SKILL.md
    kept skills/plan/SKILL.md: it differs from this version's; remove it and run `agentops init --skills` again to renew it
    ");
    assert_eq!(committed(&sandbox).len(), 5);
    assert_eq!(sandbox.read(&path("plan")), "mine\n");
    let again = run(&sandbox, "init --skills --no-agents-md --no-hooks --json").json();
    assert_eq!((again["done"].as_str(), again["commits"].as_array().map(Vec::len)), (Some("nothing"), Some(0)));
    // An edited one is its editor's: taking agentops away leaves it.
    sandbox.write(&path("research"), "mine, too\n");
    sandbox.commit_all(&super::sandbox::lawful("docs: say research in our words"));
    run(&sandbox, &format!("deinit --confirm {}", sandbox.path().file_name().unwrap().to_string_lossy()));
    assert_eq!(committed(&sandbox), [path("plan"), path("research")]);
    assert_eq!(sandbox.read(&path("plan")), "mine\n");
}

#[test]
fn without_a_commit_they_lie_in_the_working_tree() {
    let sandbox = governed();
    run(&sandbox, "init --skills --no-agents-md --no-hooks --no-commit");
    assert_eq!(committed(&sandbox), Vec::<String>::new());
    assert!(sandbox.read(&path("plan")).starts_with("---\nname: plan\n"));
}

/// What clients ask of such a file, and that no skill names a command or a flag that there is not.
#[test]
fn they_say_what_the_verbs_have() {
    let sandbox = governed();
    run(&sandbox, "init --skills --no-agents-md --no-hooks");
    let mut named = BTreeSet::new();
    for name in NAMES {
        let text = sandbox.read(&path(name));
        let head =
            text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map(|(head, _)| head).unwrap();
        let lines: Vec<&str> = head.lines().collect();
        assert_eq!(lines[0], format!("name: {name}"));
        let description = lines[1].strip_prefix("description: ").unwrap();
        assert!((40..=1024).contains(&description.len()) && lines.len() == 2, "{name}");
        // A colon and a space would make a mapping of it.
        assert!(!description.contains(": "), "{name}");
        for part in text.split("agentops ").skip(1) {
            let line = part.split(['`', '\n']).next().unwrap();
            named.insert(known(line).unwrap_or_else(|| panic!("{name}: `agentops {line}`")));
        }
    }
    for verb in ["prime", "context", "route", "phase next", "phase status", "bundle save", "bundle load", "learn add"] {
        assert!(named.contains(verb), "{verb}: {named:?}");
    }
}

/// The verb that a line names; nothing where it, or a flag of the line, is none of ours.
fn known(line: &str) -> Option<String> {
    let mut command = &cli::tree();
    let mut verb = Vec::new();
    for word in line.split(' ') {
        match command.find_subcommand(word) {
            Some(inner) => {
                command = inner;
                verb.push(word);
            }
            None if verb.is_empty() => return None,
            None => break,
        }
    }
    let flags = line.split(' ').filter_map(|word| word.strip_prefix("--"));
    let has = |flag: &str| command.get_arguments().any(|argument| argument.get_long() == Some(flag));
    flags.into_iter().all(has).then(|| verb.join(" "))
}
