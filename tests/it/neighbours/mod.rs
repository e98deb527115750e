//! Beside other hook managers, each really installed: both are asked, each may refuse, and either goes without a trace.
//!
//! `.ci/peers` installs the managers and runs these tests; `imitated` needs none of them.

mod husky;
mod imitated;
mod lefthook;
mod page;
mod pre_commit;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::sandbox::{Call, Output, Sandbox, lawful};

const EVENT: &str = ".agentops/sre/events/db-k3f9/0001-detect-working-00112233445566778899aabbccddeeff.toml";

/// What the managers are told to run, with the hook's name: it counts its runs, and refuses what holds `FIXME`.
const TEAM_CHECK: &str = "#!/bin/sh
echo \"$1\" >> \"$(git rev-parse --git-common-dir)/ran\"
case $1 in
    pre-commit) ! git grep --cached --quiet FIXME -- '*.txt' ;;
    commit-msg) ! grep --quiet FIXME \"$2\" ;;
    pre-push) ! test -e \"$(git rev-parse --git-common-dir)/hold\" ;;
esac || { echo \"team check: no\" >&2; exit 1; }
";

#[expect(clippy::disallowed_methods, reason = "where the managers are is no surrounding of the program")]
fn peers() -> PathBuf {
    let folder = std::env::var_os("AGENTOPS_PEERS");
    folder.expect("`.ci/peers` says in AGENTOPS_PEERS where it installed them").into()
}

/// A governed repository whose team has a check of its own, with the programs of `.ci/peers`.
fn team() -> Sandbox {
    let folder = peers();
    let programs = ["venv/bin", "npm/node_modules/.bin"].map(|place| folder.join(place));
    let sandbox = Sandbox::adopted().with_programs(&programs);
    sandbox.write("team-check.sh", TEAM_CHECK);
    sandbox
}

/// The files of every place where hooks may be, and git's configuration: bytes and modes.
fn hooks_of(sandbox: &Sandbox) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![".git/hooks".into(), ".husky".into(), PathBuf::from(".git/config")];
    while let Some(path) = folders.pop() {
        let whole = sandbox.path().join(&path);
        if let Ok(entries) = fs::read_dir(&whole) {
            folders.extend(entries.map(|entry| path.join(entry.unwrap().file_name())));
        } else if let Ok(bytes) = fs::read(&whole) {
            found.insert(path, (bytes, whole.metadata().unwrap().permissions().mode()));
        }
    }
    found
}

/// A program that must succeed, and its run.
#[track_caller]
fn shell(sandbox: &Sandbox, command: &str) -> Output {
    let run = sandbox.shell(command).run();
    assert_eq!(run.code, Some(0), "`{command}`: {}", run.snapshot());
    run
}

fn install(sandbox: &Sandbox) -> Output {
    sandbox.agentops("hooks install").run()
}

/// `git commit` with an editor that writes this message.
fn edited(call: Call, sandbox: &Sandbox, message: &str) -> Output {
    let file = sandbox.root().join("edited");
    fs::write(&file, message).unwrap();
    call.env("GIT_EDITOR", &format!("cp {}", file.display())).run()
}

fn commit(sandbox: &Sandbox, arguments: &str, subject: &str) -> Output {
    sandbox.try_git(&format!("commit --quiet --file=- {arguments}")).stdin(lawful(subject)).run()
}

/// How often the team's check ran since the last call, by hook.
fn ran(sandbox: &Sandbox) -> String {
    let file = PathBuf::from(sandbox.git("rev-parse --git-common-dir"));
    let file = sandbox.path().join(file).join("ran");
    let text = fs::read_to_string(&file).unwrap_or_default();
    let _ = fs::remove_file(file);
    text.lines().collect::<Vec<_>>().join(" ")
}

/// Fails unless the run was refused by the team's check.
#[track_caller]
fn refused_by_team(run: Output) {
    let said = [&run.stdout, &run.stderr].iter().any(|text| text.contains("team check: no"));
    assert!(run.code != Some(0) && said, "{}", run.snapshot());
}

/// Fails unless the run was refused by the law, once.
#[track_caller]
fn refused_by_law(run: Output, law: &str) {
    let text = format!("{}{}", run.stdout, run.stderr);
    assert!(run.code != Some(0) && text.contains(&format!("error[{law}]")), "{}", run.snapshot());
    assert_eq!(text.matches("refused: `").count(), 1, "agentops ran twice: {}", run.snapshot());
}

/// Fails unless both judge all that git does, each once.
#[track_caller]
fn both_judge(sandbox: &Sandbox, round: u32) {
    let subject = |what: &str| format!("feat: {what} {round}");
    let text = |what: &str| format!("{what} {round}\n");
    let head = || sandbox.git("rev-parse HEAD");
    ran(sandbox);

    // Lawful commits, in all forms.
    sandbox.write("a.txt", text("a"));
    sandbox.write("b.txt", text("b"));
    sandbox.git("add --all");
    let run = edited(sandbox.try_git("commit --quiet"), sandbox, &lawful(&subject("add both")));
    run.expect_code(0);
    assert_eq!(ran(sandbox), "pre-commit commit-msg", "each once");
    sandbox.write("a.txt", text("a by -a"));
    commit(sandbox, "--all", &subject("edit a")).expect_code(0);
    sandbox.write("a.txt", text("staged"));
    sandbox.git("add a.txt");
    sandbox.write("a.txt", text("unstaged"));
    sandbox.write("b.txt", text("b by path"));
    commit(sandbox, "-- b.txt", &subject("edit b")).expect_code(0);
    assert_eq!(sandbox.git("show --format= --name-only HEAD"), "b.txt");
    assert_eq!(sandbox.git("show :a.txt") + "\n", text("staged"));
    assert_eq!(sandbox.read("a.txt"), text("unstaged"));
    commit(sandbox, "", &subject("what is staged")).expect_code(0);
    assert_eq!(sandbox.read("a.txt"), text("unstaged"));
    sandbox.git("add a.txt");
    commit(sandbox, "--amend", &subject("amended")).expect_code(0);
    ran(sandbox);

    // Each refuses: what is staged, and the message.
    let before = head();
    sandbox.write("a.txt", "FIXME\n");
    refused_by_team(commit(sandbox, "--all", &subject("a fixme")));
    assert_eq!(ran(sandbox), "pre-commit");
    sandbox.git("restore --staged --worktree .");
    sandbox.write("a.txt", text("more"));
    refused_by_team(commit(sandbox, "--all", &subject("FIXME later")));
    let bad = sandbox.try_git("commit --quiet --all --message wip").run();
    refused_by_law(bad, "AO-L3");
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    refused_by_law(commit(sandbox, "", &subject("forge an event")), "AO-E2");
    refused_by_law(commit(sandbox, &format!("-- {EVENT}"), &subject("forge an event")), "AO-E2");
    assert_eq!(head(), before);
    sandbox.git("rm --quiet -r --cached .agentops/sre/events");
    fs::remove_dir_all(sandbox.path().join(".agentops/sre/events")).unwrap();
    sandbox.git("restore --staged --worktree .");

    in_a_linked_worktree(sandbox, round);
    merging_and_rebasing(sandbox, round);
    pushing(sandbox, round);
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
}

#[track_caller]
fn in_a_linked_worktree(sandbox: &Sandbox, round: u32) {
    let linked = sandbox.worktree(&format!("linked-{round}"));
    if sandbox.try_git("config core.hooksPath").run().stdout.contains(".husky/_") {
        // A folder of the working tree that nobody tracks: husky has to write it in each.
        shell(&linked, "husky");
    }
    ran(sandbox);
    linked.write("linked.txt", format!("{round}\n"));
    linked.git("add linked.txt");
    refused_by_law(linked.try_git("commit --quiet --message wip").run(), "AO-L3");
    ran(sandbox);
    commit(&linked, "", &format!("feat: in a worktree {round}")).expect_code(0);
    assert_eq!(ran(sandbox), "pre-commit commit-msg");
    linked.write("linked.txt", "FIXME\n");
    refused_by_team(commit(&linked, "--all", &format!("feat: fixme in a worktree {round}")));
    sandbox.try_git("worktree remove --force").arg(linked.path()).run().expect_code(0);
}

#[track_caller]
fn merging_and_rebasing(sandbox: &Sandbox, round: u32) {
    let side = format!("side-{round}");
    sandbox.git(&format!("switch --quiet --create {side}"));
    sandbox.write(&format!("{side}.txt"), "1\n");
    sandbox.git("add .");
    commit(sandbox, "", &format!("feat: the side {round}")).expect_code(0);
    sandbox.git("switch --quiet main");
    sandbox.write(&format!("main-{round}.txt"), "1\n");
    sandbox.git("add .");
    commit(sandbox, "", &format!("feat: the main line {round}")).expect_code(0);
    let run = sandbox.try_git(&format!("merge --quiet --no-ff --no-edit {side}")).run();
    run.expect_code(0);
    sandbox.git(&format!("switch --quiet --create rebased-{round} {side}"));
    sandbox.write(&format!("rebased-{round}.txt"), "1\n");
    sandbox.git("add .");
    commit(sandbox, "", &format!("feat: to be moved {round}")).expect_code(0);
    sandbox.git("rebase --quiet main");
    sandbox.git(&format!("switch --quiet --create bad-{round} main"));
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    sandbox.git("commit --quiet --no-verify --message wip");
    sandbox.git("switch --quiet main");
    refused_by_law(sandbox.try_git(&format!("merge --no-ff --no-edit bad-{round}")).run(), "AO-E2");
    sandbox.git("merge --abort");
    ran(sandbox);
}

#[track_caller]
fn pushing(sandbox: &Sandbox, round: u32) {
    let up = format!("../up-{round}.git");
    sandbox.git(&format!("init --quiet --bare {up}"));
    let push = |what: &str| sandbox.try_git(&format!("push --quiet {up} {what}")).run();
    push("main~1:refs/heads/main").expect_code(0);
    assert_eq!(ran(sandbox), "pre-push");
    push("main").expect_code(0);
    push("main:refs/heads/other main:refs/tags/one").expect_code(0);
    push(":other").expect_code(0);
    ran(sandbox);
    let hold = sandbox.path().join(".git/hold");
    fs::write(&hold, "").unwrap();
    refused_by_team(push(&format!("rebased-{round}")));
    fs::remove_file(hold).unwrap();
    sandbox.git("commit --quiet --no-verify --allow-empty --message wip");
    refused_by_law(push("main"), "AO-L3");
    sandbox.git("reset --quiet --soft HEAD~1");
}

/// A manager that writes all hooks anew and is asked to call agentops.
struct Managed {
    name: &'static str,
    /// Installs its hooks.
    command: &'static str,
    /// The hooks that it has at first, the first ones.
    foreign: &'static str,
    /// The variable that turns its hooks off by `0`.
    switch: &'static str,
}

/// The manager is there before agentops: what `hooks install` then says is followed, and both judge until ours are removed.
#[track_caller]
fn agentops_comes_second(sandbox: &Sandbox, managed: &Managed) {
    let name = managed.name;
    shell(sandbox, managed.command);
    let before = hooks_of(sandbox);
    let refused = install(sandbox).expect_code(1);
    assert!(refused.stderr.contains(&format!("are {name}'s, which writes them anew")), "{}", refused.snapshot());
    assert_eq!(hooks_of(sandbox), before);
    let status = sandbox.agentops("hooks status").run().expect_code(1);
    let said = format!("warning: these hooks are {name}'s and do not call agentops: {}", managed.foreign);
    assert!(status.stderr.contains(&said), "{}", status.snapshot());
    have_it_call(sandbox, name);
    // Some come to nothing where nothing is staged.
    sandbox.write("staged.txt", "1\n");
    sandbox.git("add staged.txt");
    sandbox.agentops("hooks status --prove").run().expect_code(0);
    sandbox.git("rm --quiet -f staged.txt");
    let with = hooks_of(sandbox);
    both_judge(sandbox, 1);
    install(sandbox).expect_code(0);
    shell(sandbox, managed.command);
    assert_eq!(hooks_of(sandbox), with);
    both_judge(sandbox, 2);
    let gone = sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert!(gone.stderr.contains("still call `agentops hooks run`"), "{}", gone.snapshot());
    assert_eq!(hooks_of(sandbox), with);
    // A hook that it does not write is ours as ever.
    sandbox.agentops("hooks install --strict").run().expect_code(0);
    shell(sandbox, managed.command);
    let past = sandbox.try_git("commit --quiet --no-verify --allow-empty --message wip").run();
    assert!(past.stderr.contains("refused: `reference-transaction` of agentops"), "{}", past.snapshot());
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(hooks_of(sandbox), with);
    // Its switch turns off what it calls; the push finds out, and so does the status.
    sandbox.write("a.txt", "switched off\n");
    sandbox.try_git("commit --quiet --all --message wip").env(managed.switch, "0").run().expect_code(0);
    let status = sandbox.agentops("hooks status").run().expect_code(0);
    assert!(status.stderr.contains("`wip` went past the hooks"), "{}", status.snapshot());
}

/// Has a manager that is installed call agentops, as `hooks install` says.
#[track_caller]
fn have_it_call(sandbox: &Sandbox, name: &str) {
    let refused = install(sandbox);
    follow(sandbox, &refused);
    sandbox.commit_all(&lawful(&format!("chore: {name} calls agentops")));
}

/// Fails unless what the manager fixes in a commit is committed, and what was not staged stays as it is.
#[track_caller]
fn fixes_and_loses_nothing(sandbox: &Sandbox) {
    sandbox.write("a.txt", "spaces   \n");
    sandbox.git("add a.txt");
    sandbox.write("README.md", "Unstaged.   \n");
    sandbox.write("untracked.txt", "Untracked.   \n");
    commit(sandbox, "", "feat: add a").expect_code(0);
    assert_eq!(sandbox.git("show HEAD:a.txt"), "spaces");
    assert_eq!(sandbox.read("README.md"), "Unstaged.   \n");
    assert_eq!(sandbox.read("untracked.txt"), "Untracked.   \n");
}

/// Fails unless a file that the manager stages after the fact is judged with the rest: agentops comes last.
#[track_caller]
fn judges_what_it_stages(sandbox: &Sandbox, subject: &str) {
    sandbox.write(EVENT, "v = 1\n");
    sandbox.write("a.txt", "more\n");
    sandbox.git("add a.txt");
    refused_by_law(commit(sandbox, "", subject), "AO-E2");
}

/// Follows what a refusal of `hooks install` offers, as somebody would who pastes it.
fn follow(sandbox: &Sandbox, refusal: &Output) {
    for line in refusal.stderr.lines().map(str::trim) {
        if line.starts_with("printf ") || line == "lefthook install" {
            shell(sandbox, line);
        }
        // What is to be written stands in the sentence before the commands.
        for place in line.split("write `").skip(1) {
            let parts: Vec<&str> = place.split('`').collect();
            let [job, "as the last of the jobs of", hook, file, ..] =
                parts.iter().map(|part| part.trim()).collect::<Vec<_>>()[..]
            else {
                panic!("{}", refusal.snapshot());
            };
            let file = Path::new(file.trim_start_matches("in ").split("; ").next().unwrap().trim_end_matches(';'));
            let text = fs::read_to_string(file).unwrap();
            let (before, after) = text.split_once(&format!("{hook}:\n")).unwrap();
            // To the end of that hook's part.
            let end = after.find("\n\n").map_or(after.len(), |end| end + 1);
            let (jobs, rest) = after.split_at(end);
            fs::write(file, format!("{before}{hook}:\n{jobs}    {job}\n{rest}")).unwrap();
        }
    }
}
