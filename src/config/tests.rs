//! Whole trees read, and one mistake at a time planted in them.

use crate::model::law_id::{LawId, Level};
use crate::model::layout;
use crate::model::name::{Principal, ProfileName};
use crate::model::policy::{Actor, ActorKind};
use crate::model::profile::ArtifactKind;
use crate::model::state::Stage;
use crate::model::tree::{MemoryTree, Mode};
use crate::model::vote::Proof;

use super::*;

pub(super) fn profile_name(text: &str) -> ProfileName {
    ProfileName::parse(text).unwrap()
}

fn actor(name: &str, kind: ActorKind) -> (Principal, Actor) {
    let emails = vec![format!("{name}@example.org")];
    let roles = vec!["owner".parse().unwrap()];
    (Principal::parse(name).unwrap(), Actor { kind, emails, profiles: Vec::new(), all_profiles: true, roles })
}

/// A tree as `init` writes it, with the profiles `mine` (new) and `child` (extends `mine`).
pub(super) fn valid_tree() -> MemoryTree {
    let mut tree = MemoryTree::new();
    let actors = [actor("alice", ActorKind::Human), actor("claude", ActorKind::Agent)];
    let markers = [("CLAUDECODE".to_owned(), actors[1].0.clone())];
    tree.put(layout::FORMAT, default_format(&"0a".repeat(16)));
    tree.put(layout::CONFIG, default_config(&actors, &markers, &[Proof::Terminal], &[]));
    let (mine, child) = (profile_name("mine"), profile_name("child"));
    for (path, bytes) in new_profile(&mine, None).into_iter().chain(new_profile(&child, Some(&mine))) {
        tree.put(path, bytes);
    }
    tree
}

const MINE: &str = ".agentops/mine/profile.toml";
const CHILD: &str = ".agentops/child/profile.toml";
const MAKER: &str = ".agentops/mine/agents/maker.md";

fn text_of(tree: &MemoryTree, path: &str) -> String {
    String::from_utf8(tree.file(&path.into(), u64::MAX).unwrap().unwrap()).unwrap()
}

/// The tree with the one place `from` of a file replaced by `to`.
fn edited(path: &str, from: &str, to: &str) -> MemoryTree {
    let mut tree = valid_tree();
    let text = text_of(&tree, path);
    assert_eq!(text.matches(from).count(), 1, "{from:?} in {path}");
    tree.put(path, text.replacen(from, to, 1));
    tree
}

/// Reads everything there is to read: the policy, then the agents of `mine`.
fn all_problems(tree: &MemoryTree) -> Vec<String> {
    let mut errors = [read_policy(tree).err(), agents(tree, &profile_name("mine")).err()];
    let problems = errors.iter_mut().flatten().flat_map(|error| error.problems().to_vec());
    problems.map(|problem| format!("{problem}")).collect()
}

/// The place of the one occurrence of `mark` in a file, as `path:line:column: `.
fn place_of(tree: &MemoryTree, path: &str, mark: &str) -> String {
    let text = text_of(tree, path);
    assert_eq!(text.matches(mark).count(), 1, "{mark:?} in {path}");
    let before = &text[..text.find(mark).unwrap()];
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{path}:{}:{column}: ", before.matches('\n').count() + 1)
}

/// Every problem has a remedy, the first one begins with the place and says `said`.
fn assert_problem(tree: &MemoryTree, place: &str, said: &str) {
    let problems = all_problems(tree);
    let found = problems.first().unwrap_or_else(|| panic!("nothing was found wrong: {said}"));
    assert!(found.starts_with(place) && found.contains(said), "expected {place} {said}\nfound {problems:#?}");
    assert!(problems.iter().all(|problem| problem.contains(" To mend it: ")), "{problems:#?}");
    assert_eq!(problems.len(), 1, "one mistake, one problem: {problems:#?}");
}

#[test]
fn a_fresh_repository_is_valid() {
    let tree = valid_tree();
    let policy = read_policy(&tree).unwrap();
    assert_eq!(policy.format.project, "0a".repeat(16));
    let names: Vec<&str> = policy.profiles.keys().map(ProfileName::as_str).collect();
    assert_eq!(names, ["child", "mine"]);
    for name in ["mine", "child"].map(profile_name) {
        let report = validate_profile(&tree, &name).unwrap();
        assert_eq!(Some(&report.profile), policy.profiles.get(&name));
        assert_eq!(read_profile(&tree, &name).as_ref(), Ok(&report.profile));
        assert_eq!((report.agents.len(), report.standards.len(), report.workflows.len()), (1, 1, 0));
        assert!(report.notes[0].contains("`[commands.test]` has no program yet"), "{:?}", report.notes);
    }
}

#[test]
fn every_built_in_profile_is_valid() {
    let names = builtin::names();
    let words: Vec<&str> = names.iter().map(ProfileName::as_str).collect();
    assert_eq!(words, ["data-eng", "devops", "product-dev", "sre"]);
    let mut tree = MemoryTree::new();
    tree.put(layout::FORMAT, default_format(&"0a".repeat(16)))
        .put(layout::CONFIG, default_config(&[], &[], &[Proof::Terminal], &[]));
    for (path, bytes) in names.iter().flat_map(builtin::files) {
        assert!(tree.entry(&path).unwrap().is_none(), "{path} is installed twice");
        tree.put(path, bytes);
    }
    let policy = read_policy(&tree).unwrap_or_else(|error| panic!("{error}"));
    for name in &names {
        let report = validate_profile(&tree, name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Some(&report.profile), policy.profiles.get(name));
        assert!(report.agents.len() >= 4 && !report.profile.examples.is_empty(), "{name}");
        let unused = report.notes.iter().find(|note| note.contains("uses the template"));
        assert_eq!(unused, None, "{name}");
        let manifest = |phase: &crate::model::profile::Phase| {
            phase.artifacts.iter().any(|artifact| artifact.kind == ArtifactKind::Manifest)
        };
        let (_, implement) = report.profile.phase_of_stage(Stage::Implement).unwrap();
        assert!(manifest(implement), "{name}");
        let run = ["make".to_owned(), "check".to_owned()];
        let file = layout::profile_file(name);
        let text = text_of(&tree, file.as_str().unwrap());
        let (command, _) = report.profile.commands.first_key_value().unwrap();
        let text = set_command(name, &text, command, &run).unwrap_or_else(|error| panic!("{error}"));
        let mut set = tree.clone();
        set.put(file, text);
        assert_eq!(read_profile(&set, name).unwrap().commands[command].run, run);
    }
    assert_eq!(builtin::files(&profile_name("nobody")), []);
}

#[test]
fn what_is_no_repository_of_ours_is_told_apart() {
    assert_eq!(read_policy(&MemoryTree::new()), Err(PolicyError::Absent));
    let mut tree = MemoryTree::new();
    tree.put_mode(".agentops", Mode::Symlink, "elsewhere");
    assert!(read_policy(&tree).unwrap_err().to_string().contains("`.agentops` is not a folder"));
    let newer = edited(layout::FORMAT, "laws = 2", "laws = 3");
    assert_eq!(read_policy(&newer), Err(PolicyError::TooNew { key: "laws", found: 3, known: 2 }));
}

#[test]
fn mistakes_in_the_config_have_a_place_and_a_remedy() {
    let law = "# AO-N2 = \"error\"";
    let cases = [
        ("owners = 0", "owners = 0\nowner = 1", "owner = 1", "`owner` is not a key of `[governance]`", "`owners`"),
        ("[waivers]", "[waiver]", "waiver]", "`waiver` is not a key", "did you mean `waivers`"),
        (law, "AO-L1 = \"off\"", "\"off\"\n", "AO-L1 can not be set", "`warn` or `error`"),
        (law, "AO-E1 = \"warn\"", "\"warn\"\n", "AO-E1 can not be set", "`error` only"),
        (law, "AO-LI = \"warn\"", "AO-LI", "`AO-LI` is not the id", "did you mean `AO-L1`"),
        (law, "AO-N2 = \"eror\"", "\"eror\"", "`eror` is no value", "did you mean `error`"),
        ("\"Learning\", ", "", "[\"Context\"", "`sections` must name", "`Learning` among them"),
        ("\"Context\"", "\"context\"", "\"context\"", "`context` cannot be the token", "a capital"),
        (
            "\"Context\", \"Solution\"",
            "\"Solution\", \"Solution\"",
            "\"Solution\", \"L",
            "stands there twice",
            "remove one",
        ),
        (
            "\"chore\", \"style\", \"revert\"]",
            "\"chore\", \"revert\"]",
            "\"style\"",
            "`style` is not one",
            "add it to `types`",
        ),
        ("\"feat\"", "\"Feat\"", "\"Feat\"", "`Feat` cannot be a commit type", "lower-case"),
        (
            "[waivers]",
            "[[gates.risk]]\nname = \"a\"\n[waivers]",
            "[[gates.risk]]\nname = \"a\"",
            "the class asks for nothing",
            "`voters = 2`",
        ),
        (
            "[waivers]",
            "[[gates.risk]]\nname = \"a\"\nvoters = 0\n[waivers]",
            "0\n[waivers]",
            "`voters` must lie between 1 and 16",
            "from 1 to 16",
        ),
        (
            "[waivers]",
            "[[gates.risk]]\nname = \"a\"\nvoterss = 2\nvoters = 2\n[waivers]",
            "voterss = 2",
            "`voterss` is not a key of `[[gates.risk]]`",
            "did you mean `voters`",
        ),
        (
            "[waivers]",
            "[[gates.risk]]\nname = \"a\"\nvoters = 2\nproof = \"simulated\"\n[waivers]",
            "\"simulated\"\n[waivers]",
            "`simulated` is no value of `proof`",
            "`signature` and `terminal`",
        ),
        ("[\"terminal\"]", "[]\n#", "[]\n#", "`proof` is empty", "`[\"signature\"]`"),
        ("[\"terminal\"]", "\"terminal\"#", "\"terminal\"#", "`proof` must be a list, not a text", "[]"),
        (
            "self_approve = false",
            "self_approve = 0",
            "0\n\n# How many humans",
            "`self_approve` must be `true` or `false`",
            "false",
        ),
        ("owners = 0", "owners = 2", "2\n\n", "2 owners must sign an amend, but 1 humans", "lower `owners`"),
        ("max = 3", "max = -1", "-1", "`max` must lie between 0 and 1000", "whole number"),
        ("readonly = []", "readonly = [\"a/{b\"]", "\"a/{b\"", "`a/{b` is not a glob", "correct the glob"),
        ("readonly = []", "readonly = [\"../a\"]", "\"../a\"", "the glob `../a` is not relative", "without a leading"),
        (
            "generated = []",
            "generated = [{ output = \"a\" }]",
            "{ output = \"a\" }",
            "`source` is missing",
            "add a line",
        ),
        ("\"main\", ", "\"ma in\", ", "\"ma in\"", "`ma in` is not the name of a branch", "as `git branch` shows it"),
        ("\"main\", ", "\"refs/heads/main\", ", "\"refs/heads", "`refs/heads/main` is a full ref", "`main`"),
        ("kind = \"human\"", "kind = \"humn\"", "\"humn\"", "`humn` is no value", "did you mean `human`"),
        ("claude@example.org", "Alice@example.org", "\"Alice@", "already belongs to `alice`", "one actor"),
        ("claude@example.org", "claude", "\"claude\"]", "`claude` is not an e-mail address", "as git shows it"),
        ("[actors.alice]", "[actors.Alice]", "Alice]", "`Alice` is not a principal", "rename"),
        ("CODE = \"claude\"", "CODE = \"alice\"", "\"alice\"", "`alice` is a human", "kind `agent`"),
        ("CODE = \"claude\"", "CODE = \"codex\"", "\"codex\"", "there is no actor `codex`", "[actors.codex]"),
        ("CLAUDECODE", "\"CLAUDE CODE\"", "\"CLAUDE CODE\"", "is not the name of an environment variable", "letters"),
    ];
    for (from, to, mark, said, fix) in cases {
        let tree = edited(layout::CONFIG, from, to);
        assert_problem(&tree, &place_of(&tree, layout::CONFIG, mark), said);
        assert!(all_problems(&tree)[0].contains(fix), "{:?}", all_problems(&tree));
    }
}

#[test]
fn exemptions_are_narrow() {
    let with = |lines: &str| {
        edited(layout::CONFIG, "\n# Commits of a bot", &format!("\n[[exempt]]\n{lines}\n# Commits of a bot"))
    };
    let tree = with("author = \"b@x\"\nlaws = [\"AO-L1\", \"AO-R3\", \"AO-T1\"]\npaths = [\"Cargo.lock\"]");
    assert_eq!(read_policy(&tree).unwrap().config.exempt[0].laws, [LawId::L1, LawId::R3, LawId::T1]);
    let tree = with("author = \"b@x\"\nlaws = [\"AO-E1\"]\npaths = [\"Cargo.lock\"]");
    assert_problem(&tree, &place_of(&tree, layout::CONFIG, "\"AO-E1\""), "AO-E1 has no exemptions");
    for law in ["AO-L2", "AO-L4", "AO-L5"] {
        // These read records and trees, which are nobody's alone.
        let tree = with(&format!("author = \"b@x\"\nlaws = [\"{law}\"]\npaths = [\"Cargo.lock\"]"));
        let said = format!("{law} has no exemptions");
        assert_problem(&tree, &place_of(&tree, layout::CONFIG, &format!("\"{law}\"")), &said);
    }
    let tree = with("author = \"b@x\"\nlaws = [\"AO-L1\"]\npaths = []");
    assert_problem(&tree, &place_of(&tree, layout::CONFIG, "[]\n# Commits"), "names no path");
}

#[test]
fn actors_name_profiles_that_exist() {
    let text = text_of(&valid_tree(), layout::CONFIG);
    let with = |profiles: &str| {
        let mut tree = valid_tree();
        tree.put(
            layout::CONFIG,
            text.replacen("profiles = [\"*\"]\nroles", &format!("profiles = {profiles}\nroles"), 1),
        );
        tree
    };
    let actors = read_policy(&with("[\"mine\"]")).unwrap().config.actors;
    let alice = &actors[&Principal::parse("alice").unwrap()];
    assert!(alice.may_write(&profile_name("mine")) && !alice.may_write(&profile_name("child")));
    assert_problem(
        &with("[\"mime\"]"),
        ".agentops/config.toml:55:13: there is no profile `mime`",
        "did you mean `mine`",
    );
    assert_problem(&with("[\"*\", \"mine\"]"), ".agentops/config.toml:55:12: ", "`*` already stands for all");
}

#[test]
fn mistakes_in_a_profile_have_a_place_and_a_remedy() {
    let path = "work/{opened}-{task}/plan.md";
    let cases = [
        ("version = 1", "version = 1\ndescrption = \"x\"", "descrption", "`descrption` is not a key"),
        ("version = 1", "version = \"1\"", "\"1\"", "`version` must be a whole number"),
        ("version = 1", "version = 1\nname = \"x\"", "name = \"x\"", "this is not TOML: duplicate key"),
        ("\"The work of mine\"", "\"x\\u202Ey\"", "\"x\\u202E", "`description` holds control or invisible"),
        ("\"The work of mine\"", "\"x \"", "\"x \"", "`description` begins or ends with a space"),
        ("\"The work of mine\"", "\"\"", "\"\"", "`description` is empty"),
        ("run = []", "run = [\"\", \"x\"]", "[\"\", \"x\"]", "the program to run is empty"),
        ("name = \"mine\"", "name = \"other\"", "\"other\"", "the name `other` is not that of the folder, `mine`"),
        ("documents = [] ", "documents = [\"events/*.md\"] ", "\"events/", "`events/` holds files of agentops"),
        ("timeout_seconds = 900", "timeout_seconds = 0", "0\ntakes", "`timeout_seconds` must lie between 1 and 86400"),
        ("[syntax]\n", "[syntax]\n\"*.sh\" = \"tets\"\n", "\"tets\"", "there is no command `tets`"),
        ("[syntax]\n", "[syntax]\n\"*.{sh\" = \"test\"\n", "\"*.{sh\"", "`*.{sh` is not a glob"),
        (
            "commands = [\"test\"]",
            "commands = [\"test\"]\nfour_eyes = \"proven\"",
            "\"proven\"",
            "`proven` is no value of `four_eyes`",
        ),
        ("[syntax]\n", "[laws]\nAO-R1 = \"off\"\n", "\"off\"", "a profile can only raise"),
        ("[syntax]\n", "[laws]\nAO-L1 = \"warn\"\n", "\"warn\"", "the profile lowers AO-L1"),
        ("[syntax]\n", "[laws]\nAO-P1 = \"warn\"\n", "\"warn\"", "AO-P1 can not be set"),
        (
            "name = \"plan\"\nstage",
            "name = \"research\"\nstage",
            "\"research\"\nstage = \"plan\"",
            "two phases `research`",
        ),
        ("name = \"plan\"\nstage", "name = \"in-plan\"\nstage", "\"in-plan\"", "`in-plan` is not a phase name"),
        ("stage = \"plan\"", "stage = \"plans\"", "\"plans\"", "`plans` is no value of `stage`"),
        ("{ name = \"plan\"", "{ name = \"research\"", "\"research\", kind = \"plan\"", "two artifacts `research`"),
        ("{task}/plan.md", "{task}/research.md", "\"work/{opened}-{task}/research.md\", template = \"plan", "collides"),
        (path, "work/{opened}-{task}/research.md/plan.md", "\"work/{opened}-{task}/research.md/", "collides"),
        (path, "/work/{task}.md", "\"/work", "`/work/{task}.md` is not a relative path"),
        (path, "../{task}/plan.md", "\"../", "`../{task}/plan.md` is not a relative path"),
        (path, "work/{opened}/plan.md", "\"work/{opened}/", "is the same for every task"),
        (path, "work/{tasks}.md", "\"work/{tasks}", "an unknown placeholder"),
        (path, "Work/{task}.md", "\"Work", "other characters than"),
        (path, "votes/{task}.md", "\"votes/", "in a folder that agentops uses"),
        (path, "a/b/c/d/e/f/{task}", "\"a/b", "lies too deep"),
        ("template = \"plan.md\"", "template = \"plam.md\"", "\"plam.md\"", "there is no file `templates/plam.md`"),
        ("template = \"plan.md\"", "template = \"../plan.md\"", "\"../plan.md\"", "is not the name of a template"),
        ("template = \"plan.md\", ", "", "{ name = \"plan\"", "the artifact has no template"),
        (
            "txt\",",
            "txt\", template = \"plan.md\",",
            "\"plan.md\", required = true },\n]\n[phases.gate]\ntitle = \"Auto",
            "a manifest has no",
        ),
        ("txt\", required = true", "txt\", required = false", "[\n  { name = \"manifest\"", "an implement phase needs"),
        ("vote = \"approval\"", "vote = \"aproval\"", "\"aproval\"", "`aproval` is no value of `vote`"),
        ("vote = \"approval\"\nvoters = 1", "vote = \"none\"\nvoters = 7", "7\nroles", "nobody votes at this gate"),
        ("vote = \"none\"\nvoters = 0", "vote = \"review\"\nvoters = 0", "0\nroles", "the gate wants a vote"),
        ("\"AO-P4\"", "\"AO-L1\"", "\"AO-L1\"", "AO-L1 is not a check of phases"),
        ("commands = [\"test\"]", "commands = [\"tset\"]", "\"tset\"", "there is no command `tset`"),
        ("[\"AO-P6\", \"AO-P7\", \"AO-P9\"]", "[\"AO-P7\"]", "[\"test\"]", "but AO-P6 is not among its checks"),
        ("[\"AO-P6\", \"AO-P7\", \"AO-P9\"]", "[\"AO-P6\"]", "[\"AO-P6\"]", "AO-P7 is not among the checks"),
        (
            "[\"AO-P6\", \"AO-P7\", \"AO-P9\"]\ncommands = [\"test\"]",
            "[\"AO-P7\", \"AO-P9\"]\ncommands = []",
            "[\"AO-P7\", \"AO-P9\"]",
            "deliverables name commands, but AO-P6",
        ),
        (
            "\"AO-P2\", \"AO-P3\"]",
            "\"AO-P2\", \"AO-P9\"]",
            "[phases.gate]\ntitle = \"Research review\"",
            "AO-P9 is a check of plan",
        ),
        (
            "kind = \"deliverables\"",
            "kind = \"report\"",
            "[\n  { name = \"plan\"",
            "no artifact of kind `deliverables`",
        ),
        ("kind = \"research\"", "kind = \"deliverables\"", "[\n  { name = \"research\"", "are promised with the plan"),
        (", \"AO-P9\"]  #", "]  #", "[phases.gate]\ntitle = \"Plan approval\"", "nobody reads the deliverables"),
        (
            "{ tokens = 80000, artifact_tokens = 12000",
            "{ tokens = 11, artifact_tokens = 12",
            "12, green",
            "one artifact may be",
        ),
        ("green = 30, yellow = 40", "green = 50, yellow = 40", "50, yellow", "the green band"),
    ];
    for (from, to, mark, said) in cases {
        let tree = edited(MINE, from, to);
        assert_problem(&tree, &place_of(&tree, MINE, mark), said);
    }
    let late = all_problems(&edited(MINE, "stage = \"research\"", "stage = \"post\""));
    assert!(late.len() == 2 && late.iter().all(|problem| problem.contains("comes after `post`")), "{late:#?}");
    let mut tree = valid_tree();
    let text = text_of(&tree, MINE);
    tree.put(MINE, &text[..text.rfind("[[phases]]").unwrap()]);
    assert_problem(&tree, &format!("{MINE}:"), "no phase has the stage `implement`");
    tree.put(MINE, "name = \"mine\"\nversion = 1\ndescription = \"x\"\n");
    assert_problem(&tree, &format!("{MINE}:1:1: "), "no phases and extends no other profile");
}

#[test]
fn a_child_states_only_what_differs() {
    let mut tree = valid_tree();
    let text = text_of(&tree, CHILD)
        + "[laws]\nAO-N2 = \"error\"\n[commands.lint]\nrun = [\"lint\"]\n[commands.test]\nrun = [\"make\"]\n[syntax]\n\"*.sh\" = \"lint\"\n";
    tree.put(CHILD, text).put(".agentops/child/templates/plan.md", "# Our plan\n");
    let policy = read_policy(&tree).unwrap();
    let (mine, child) = (&policy.profiles[&profile_name("mine")], &policy.profiles[&profile_name("child")]);
    assert_eq!(child.phases, mine.phases);
    assert_eq!(child.commands.len(), 2);
    assert_eq!(child.commands[&"test".parse().unwrap()].run, ["make"]);
    assert_eq!(child.syntax, [("*.sh".to_owned(), "lint".parse().unwrap())]);
    assert_eq!(policy.level(LawId::N2, Some(&child.name)), Level::Error);
    assert_eq!(policy.level(LawId::N2, Some(&mine.name)), Level::Warn);
    assert_eq!(child.templates["research.md"], mine.templates["research.md"]);
    assert_ne!(child.templates["plan.md"], mine.templates["plan.md"]);
    let place = |file: &str| template(&tree, &child.name, file).unwrap().map(|(path, _)| path.to_string());
    assert_eq!(place("plan.md").as_deref(), Some(".agentops/child/templates/plan.md"));
    assert_eq!(place("research.md").as_deref(), Some(".agentops/mine/templates/research.md"));
    assert_eq!(place("other.md"), None);
}

#[test]
fn parents_exist_and_form_no_circle() {
    let tree = edited(CHILD, "extends = \"mine\"", "extends = \"mime\"");
    assert_problem(&tree, &format!("{CHILD}:8:11: "), "there is no profile `mime`. To mend it: did you mean `mine`");
    let mut tree = valid_tree();
    let phases = text_of(&tree, MINE);
    tree.put(MINE, phases.replace("version = 1", "version = 1\nextends = \"child\""));
    assert_problem(&tree, &format!("{CHILD}:8:11: "), "the profile extends itself: child → mine → child");
    let tree = edited(CHILD, "extends = \"mine\"", "extends = \"child\"");
    assert_problem(&tree, &format!("{CHILD}:8:11: "), "child → child");
    let mut tree = valid_tree();
    let mut parent = profile_name("mine");
    for depth in 1..=8 {
        let name = profile_name(&format!("p{depth}"));
        for (path, bytes) in new_profile(&name, Some(&parent)) {
            tree.put(path, bytes);
        }
        assert_eq!(read_profile(&tree, &name).is_ok(), depth < 8, "{depth}");
        parent = name;
    }
    assert_problem(&tree, ".agentops/p1/profile.toml:8:11: ", "more than 8 profiles: p8 → p7 → p6");
}

#[test]
fn a_broken_parent_is_blamed_once() {
    let tree = edited(MINE, "stage = \"plan\"", "stage = \"plans\"");
    assert_problem(&tree, MINE, "`plans`");
    assert!(read_profile(&tree, &profile_name("child")).is_err());
    let absent = read_profile(&tree, &profile_name("mime")).unwrap_err();
    assert!(absent.to_string().contains("did you mean `mine`"), "{absent}");
}

#[test]
fn files_that_cannot_be_read_are_no_pass() {
    let with = |change: &dyn Fn(&mut MemoryTree)| {
        let mut tree = valid_tree();
        change(&mut tree);
        tree
    };
    let tree = with(&|tree| _ = tree.put_mode(CHILD, Mode::Symlink, "x"));
    assert_problem(&tree, &format!("{CHILD}:1:1: "), "not a plain file");
    let tree = with(&|tree| _ = tree.put(CHILD, vec![b'#'; 65 * 1024]));
    assert_problem(&tree, &format!("{CHILD}:1:1: "), "at most 65536");
    let tree = with(&|tree| _ = tree.put(CHILD, b"name = 1\nx\xff".to_vec()));
    assert_problem(&tree, &format!("{CHILD}:2:2: "), "not UTF-8");
    let tree = with(&|tree| _ = tree.remove(layout::CONFIG));
    assert_problem(&tree, &format!("{}:1:1: ", layout::CONFIG), "missing");
    let tree = with(&|tree| _ = tree.put(".agentops/Mine/profile.toml", ""));
    assert_problem(&tree, ".agentops/Mine/profile.toml:1:1: ", "not that of a profile");
}

#[test]
fn mistakes_in_an_agent_have_a_place_and_a_remedy() {
    let kind = "agent_type: implementation";
    let cases = [
        (kind, "agent_type: implementing", "implementing", "`implementing` is no value of `agent_type`"),
        (kind, "type: implementation", "type: implementation", "the front matter can not be read"),
        (kind, "agent_type: implementation\ncolor: red", "color", "the front matter can not be read"),
        (kind, "agent_type: [x]", "[x]", "the front matter can not be read"),
        ("\"Does the work of mine from research to the last commit\"", "\"\"", "\"\"\nagent", "`role`"),
        ("---\nrole", "role", "role:", "the file has no front matter"),
        ("AO-L2: the", "AO-L9: the", "AO-L9", "`AO-L9` is not the id of a law"),
    ];
    for (from, to, mark, said) in cases {
        let tree = edited(MAKER, from, to);
        assert_problem(&tree, &place_of(&tree, MAKER, mark), said);
    }
    for (from, to) in [("## Law checklist", "## Laws"), ("`Assisted-by:`\n", "`Assisted-by:`\n\n## More\n")] {
        let tree = edited(MAKER, from, to);
        assert_problem(&tree, &format!("{MAKER}:{}:1: ", text_of(&tree, MAKER).lines().count() + 1), "law checklist");
    }
    let mut tree = valid_tree();
    let text = text_of(&tree, MAKER);
    tree.put(MAKER, text.replace("- [ ] ", "- "));
    assert_problem(&tree, &place_of(&tree, MAKER, "## Law checklist"), "the law checklist is empty");
    let mut tree = valid_tree();
    tree.put(".agentops/mine/agents/Maker 2.md", "");
    assert_problem(&tree, ".agentops/mine/agents/Maker 2.md:1:1: ", "does not belong here");
    tree = valid_tree();
    tree.put(".agentops/mine/standards/empty.md", " \n").put(".agentops/mine/workflows/deep/x.md", "x");
    let problems = validate_profile(&tree, &profile_name("mine")).unwrap_err().to_string();
    assert!(
        problems.contains("empty.md:1:1: the file is empty") && problems.contains("workflows/deep:1:1:"),
        "{problems}"
    );
}

#[test]
fn without_templates_the_rest_is_the_same() {
    let mut tree = valid_tree();
    let whole = read_policy(&tree).unwrap();
    let mut lean = read_settled_policy(&tree).unwrap();
    assert!(lean.profiles.values().all(|profile| profile.templates.is_empty()));
    for (name, profile) in &mut lean.profiles {
        profile.templates.clone_from(&whole.profiles[name].templates);
    }
    assert_eq!(lean, whole);
    let (path, ..) = tree.files().find(|(path, ..)| path.to_string().contains("/templates/")).unwrap();
    let path = path.clone();
    tree.remove(path);
    assert_eq!(read_settled_policy(&tree).unwrap_err(), read_policy(&tree).unwrap_err());
}
