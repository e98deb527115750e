//! `agentops upgrade`: a repository from an earlier agentops gets the profiles and the laws of this one.

use agentops::config::{self, builtin};
use agentops::model::layout;
use agentops::model::name::{ProfileName, Word};

use super::sandbox::Sandbox;

const POSTMORTEM: &str = ".agentops/sre/templates/postmortem.md";
const SRE: &str = ".agentops/sre/profile.toml";

/// As the first release left it: edition 1 of the laws, version 1 of `product-dev` and `sre`, the test command filled in.
fn of_edition_one() -> Sandbox {
    let sandbox = Sandbox::governed();
    sandbox.git("rm --quiet -r .agentops/product-dev");
    for name in ["product-dev", "sre"] {
        let name = ProfileName::parse(name).unwrap();
        for (path, bytes) in builtin::files_of(&name, 1).unwrap() {
            sandbox.write(path.as_str().unwrap(), bytes);
        }
        let path = layout::profile_file(&name).to_string();
        let run = ["sh".to_owned(), "test.sh".to_owned()];
        let text = config::set_command(&name, &sandbox.read(&path), &Word::parse("test").unwrap(), &run);
        sandbox.write(&path, text.unwrap());
    }
    let format = sandbox.read(layout::FORMAT);
    sandbox.write(layout::FORMAT, format.replace("laws = 2", "laws = 1"));
    sandbox.git("add --all");
    sandbox.git("commit --quiet --amend --no-edit");
    sandbox
}

/// Changes a governed file and amends.
fn amend(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let text = sandbox.read(path);
    assert!(text.contains(from), "`{from}` is not in {path}");
    sandbox.write(path, text.replacen(from, to, 1));
    sandbox.agentops("policy amend --reason").arg(format!("Our own {path}")).run().expect_code(0);
}

fn head(sandbox: &Sandbox) -> String {
    sandbox.git("rev-parse HEAD")
}

#[test]
fn profiles_and_laws_rise_and_old_history_stays_valid() {
    let sandbox = of_edition_one();
    let task = sandbox.open_task("Reset a password", "--profile product-dev");
    sandbox.reach_spec(&task);
    sandbox.agentops("check --all").run().expect_code(0);
    let upgraded = sandbox.agentops("upgrade").run();
    let said = upgraded.snapshot_without_ids();
    let said: Vec<&str> = said.lines().filter(|line| !line.contains("templates/")).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    exit 0
    --- stdout
    laws         edition 1 -> 2
    product-dev  version 1 -> 2
    sre          version 1 -> 2
    changed      .agentops/format.toml
    changed      .agentops/product-dev/agents/implementer.md
    changed      .agentops/product-dev/agents/spec-writer.md
    merged       .agentops/product-dev/profile.toml
    changed      .agentops/sre/agents/resolver.md
    changed      .agentops/sre/agents/root-cause-investigator.md
    merged       .agentops/sre/profile.toml
    governed     <id>
    --- stderr
    from this amend on:
      votes, amends and events may be signed with SSH keys, and a signature that does not hold is refused (AO-G1, AO-G3, AO-E5)
      an amend may redact a document, vote, record, learning or bundle (AO-G4)
      agents promise what will be there when their work is done, and it has to be there, in profiles whose gates ask for it (AO-P9)
      commands ran on the very tree that the event was made on, and it holds the files of the manifest (AO-P6)
      no step brings a second commit at which this project's governed history begins (AO-E10)
      keys, tokens and passwords that a step adds are found and refused, in each of its commits (AO-S1)
      a verdict of somebody else on the commands that a doer claims ran is read, and a false one refused (AO-V1)
      what became of an improvement is recorded below its session: adopted by a commit, or dropped for a reason (AO-L2)
      a session record may list a learning of another profile that served it (AO-L1)
      classes of risk may ask more of a gate, and an approval may be for a window of time only (AO-G1)
      a reject stands for its submit until a rework, whatever becomes of its voter or of the gate (AO-G1)
      what a class of risk names by path lands with a task that met the class, and a plan's approval carries its task until it is done or abandoned, and not beyond (AO-G1)
      a link above a path that is governed, read-only or of a class counts as what it could stand for (AO-G3, AO-R1, AO-G1), and another spelling of such a path is refused (AO-E7)
      context bundles have a form, as `agentops bundle save` writes them (AO-E2)
      `.agentops/allowed_signers` is read strictly: each principal has one key, and each key one principal
    note: 1 commit says `Learning: N/A`
    note: amends are unsigned here (`governance.owners = 0`): they prove nothing about who agreed
    pass: 0 errors, 0 warnings in 1 commit (on <id>)
    committed <id> on main
      .agentops/format.toml
      .agentops/governance/0001-amend-<id>.toml
      .agentops/product-dev/agents/implementer.md
      .agentops/product-dev/agents/spec-writer.md
      .agentops/product-dev/profile.toml
      .agentops/sre/agents/resolver.md
      .agentops/sre/agents/root-cause-investigator.md
      .agentops/sre/profile.toml
    hint: votes on what waits lapse where its gate changed: agentops gate list
    ");
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
    assert!(sandbox.read(layout::FORMAT).contains("laws = 2        # the edition"));
    assert!(sandbox.read(SRE).contains("run = [\"sh\", \"test.sh\"]"), "the team's command line stays");
    assert!(sandbox.read(POSTMORTEM).contains("## Resolution"));
    for arguments in ["check --all", "check --base HEAD~1", "profile validate"] {
        sandbox.agentops(arguments).run().expect_code(0);
    }
    // What was voted and passed before stays, and the task goes on.
    assert_eq!(sandbox.standing(&task), "spec working");
    // Again there is nothing to do.
    let before = head(&sandbox);
    insta::assert_snapshot!(sandbox.agentops("upgrade").run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    already up to date
    product-dev  version 2
    sre          version 2
    ");
    assert_eq!(sandbox.agentops("upgrade --json").run().json()["up_to_date"], true);
    sandbox.agentops("upgrade --out ../proposal.toml").run().expect_code(0);
    assert!(!sandbox.root().join("proposal.toml").exists());
    assert_eq!(head(&sandbox), before);
}

#[test]
fn what_the_team_changed_stays_and_what_is_new_arrives() {
    let sandbox = of_edition_one();
    let (standard, own) = (".agentops/sre/standards/alerting.md", ".agentops/sre/standards/pager.md");
    amend(&sandbox, POSTMORTEM, "Went well: what", "Went well, as we say: what");
    sandbox.git(&format!("rm --quiet {standard}"));
    sandbox.write(own, "# Pager\n\nWhoever is on call answers within five minutes.\n");
    amend(&sandbox, SRE, "Postmortem for the database outage on Sunday", "Postmortem for the outage of the mint");
    let body = sandbox.agentops("upgrade --profile sre --json").run().expect_code(0).json();
    let files: Vec<String> = body["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| format!("{} {}", file["change"].as_str().unwrap(), file["path"].as_str().unwrap()))
        .collect();
    let wanted = [
        "changed .agentops/format.toml",
        "changed .agentops/sre/agents/resolver.md",
        "changed .agentops/sre/agents/root-cause-investigator.md",
        &format!("merged {SRE}"),
        "added .agentops/sre/templates/deliverables.toml",
        &format!("merged {POSTMORTEM}"),
    ];
    assert_eq!(files, wanted);
    assert_eq!(body["laws"]["to"], 2);
    assert_eq!(body["profiles"], serde_json::json!([{"profile": "sre", "from": 1, "to": 2, "taken_for": null}]));
    let text = sandbox.read(POSTMORTEM);
    assert!(text.contains("Went well, as we say") && text.contains("## Resolution"), "{text}");
    assert!(sandbox.read(SRE).contains("outage of the mint"));
    assert!(sandbox.path().join(own).exists() && !sandbox.path().join(standard).exists());
    assert!(sandbox.read(".agentops/product-dev/profile.toml").contains("version = 1"), "it was not asked for");
    sandbox.agentops("check --all").run().expect_code(0);
    let again = sandbox.agentops("upgrade --profile sre --json").run().expect_code(0).json();
    assert_eq!(again["up_to_date"], true);
}

#[test]
fn where_both_changed_the_same_lines_somebody_decides() {
    let sandbox = of_edition_one();
    amend(&sandbox, POSTMORTEM, "Begin with the severity.", "Begin with the money lost.");
    let before = head(&sandbox);
    insta::assert_snapshot!(sandbox.agentops("upgrade").run().snapshot(), @"
    exit 6
    --- stderr
    error: you and agentops 0.1.0 changed the same lines of .agentops/sre/templates/postmortem.md: nothing was written
    hint: decide for each file, in the lines in question: `--keep .agentops/sre/templates/postmortem.md` leaves yours, `--take .agentops/sre/templates/postmortem.md` brings the new ones
    ");
    sandbox.agentops(&format!("upgrade --keep {SRE}")).run().expect_code(6);
    let both = sandbox.agentops(&format!("upgrade --keep {POSTMORTEM} --take {POSTMORTEM}")).run();
    both.expect_code(6);
    insta::assert_snapshot!(sandbox.agentops(&format!("upgrade --keep {POSTMORTEM} --keep {SRE}")).run().snapshot(), @"
    exit 2
    --- stderr
    error: `.agentops/sre/profile.toml` is in no conflict: there is nothing to decide
    hint: leave `--keep` and `--take` away for it: what only one side changed comes by itself
    ");
    assert_eq!((head(&sandbox), sandbox.git("status --porcelain")), (before.clone(), String::new()));
    // The decision is about the lines in question; the rest comes from both.
    sandbox.agentops(&format!("upgrade --keep {POSTMORTEM}")).run().expect_code(0);
    let text = sandbox.read(POSTMORTEM);
    assert!(text.contains("the money lost") && text.contains("## Resolution"), "{text}");
    assert_eq!(sandbox.agentops("upgrade --json").run().json()["up_to_date"], true);
    sandbox.git(&format!("reset --quiet --hard {before}"));
    sandbox.agentops(&format!("upgrade --take {POSTMORTEM}")).run().expect_code(0);
    let text = sandbox.read(POSTMORTEM);
    assert!(!text.contains("the money lost") && text.contains("Begin with a line of severity"), "{text}");
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn profiles_of_the_teams_own_are_left_alone() {
    let sandbox = of_edition_one();
    sandbox.agentops("profile new payments --extends sre").run().expect_code(0);
    sandbox.agentops("policy amend --reason").arg("Payments have a profile").run().expect_code(0);
    let own = || sandbox.git("rev-parse HEAD:.agentops/payments");
    let before = own();
    let refused = |profile: &str| sandbox.agentops(&format!("upgrade --profile {profile}")).run().snapshot();
    insta::assert_snapshot!(refused("payments"), @r#"
    exit 1
    --- stderr
    error: `payments` is a profile of your own: there is nothing built in to bring to it
    hint: change it yourself: edit its files, then `agentops policy amend --reason "…"`
    "#);
    insta::assert_snapshot!(refused("devops"), @"
    exit 1
    --- stderr
    error: the profile `devops` is not installed here
    hint: install it: agentops init --profile devops
    ");
    insta::assert_snapshot!(refused("sra"), @"
    exit 2
    --- stderr
    error: there is no profile `sra`
    hint: did you mean `sre`?
    ");
    let body = sandbox.agentops("upgrade --json").run().expect_code(0).json();
    assert_eq!((&body["own"], own()), (&serde_json::json!(["payments"]), before));
}

#[test]
fn a_version_of_the_teams_own_keeps_rising() {
    let sandbox = of_edition_one();
    amend(&sandbox, SRE, "version = 1", "version = 7");
    let body = sandbox.agentops("upgrade --profile sre --json").run().expect_code(0).json();
    assert_eq!(body["profiles"], serde_json::json!([{"profile": "sre", "from": 7, "to": 8, "taken_for": 1}]));
    assert!(sandbox.read(SRE).contains("version = 8"));
    assert!(sandbox.read(POSTMORTEM).contains("## Resolution"));
    assert_eq!(sandbox.agentops("upgrade --profile sre --json").run().json()["up_to_date"], true);
}

#[test]
fn edits_that_are_not_committed_are_not_overtaken() {
    let sandbox = of_edition_one();
    sandbox.write(POSTMORTEM, "# Our own\n");
    insta::assert_snapshot!(sandbox.agentops("upgrade").run().snapshot(), @r#"
    exit 1
    --- stderr
    error: files that the upgrade changes differ from HEAD in the working tree: .agentops/sre/templates/postmortem.md
    hint: commit them first with `agentops policy amend --reason "…"`, or take them back: git checkout HEAD -- .agentops/sre/templates/postmortem.md
    "#);
    assert_eq!(sandbox.read(POSTMORTEM), "# Our own\n");
    // Without them a rehearsal says what would come, and writes nothing.
    sandbox.git("checkout --quiet -- .agentops");
    let before = head(&sandbox);
    let dry = sandbox.agentops("upgrade --dry-run").run().expect_code(0);
    assert!(dry.stderr.contains("nothing was written") && dry.stdout.contains("1 -> 2"), "{}", dry.snapshot());
    assert_eq!((head(&sandbox), sandbox.git("status --porcelain")), (before, String::new()));
}

#[test]
fn owners_sign_an_upgrade_as_any_amend() {
    let sandbox = Sandbox::signed();
    // Version 1 of a profile that edition 2 rules already, and two owners.
    for (path, bytes) in builtin::files_of(&ProfileName::parse("sre").unwrap(), 1).unwrap() {
        sandbox.write(path.as_str().unwrap(), bytes);
    }
    let config = sandbox.read(layout::CONFIG).replace("owners = 0", "owners = 2");
    sandbox.write(layout::CONFIG, config.replace("roles = [\"reviewer\"]", "roles = [\"owner\", \"reviewer\"]"));
    sandbox
        .agentops("policy amend --reason")
        .arg("Two owners govern, and the service has a profile")
        .run()
        .expect_code(0);
    let alone = sandbox.agentops("upgrade --actor alice").run().expect_code(1);
    assert!(alone.stderr.contains("1 of 2 owners have signed this amend"), "{}", alone.snapshot());
    sandbox.agentops("upgrade --actor alice --out ../upgrade.toml").run().expect_code(0);
    let mut terminal = sandbox.terminal("policy sign ../upgrade.toml --actor bob --color never");
    terminal.wait_for("to leave:");
    terminal.type_line("0003");
    let ending = terminal.finish();
    assert_eq!(ending.code, 0, "{}", ending.text);
    for said in ["profile sre from version 1 to 2", "+## Resolution", "signed by alice, bob"] {
        assert!(ending.text.contains(said), "`{said}` is not in:\n{}", ending.text);
    }
    sandbox.agentops("policy amend --actor bob --from ../upgrade.toml").run().expect_code(0);
    assert_eq!(sandbox.agentops("upgrade --json").run().json()["up_to_date"], true);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn three_verbs_make_proposals_alike() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset a password");
    for (path, bytes) in builtin::files_of(&ProfileName::parse("sre").unwrap(), 1).unwrap() {
        sandbox.write(path.as_str().unwrap(), bytes);
    }
    sandbox.agentops("policy amend --reason").arg("The service has a profile").run().expect_code(0);
    let before = head(&sandbox);
    let redact = format!("redact {}", task.document("requirements.md"));
    for (verb, out) in [(redact.as_str(), "redact.toml"), ("upgrade", "upgrade.toml"), ("policy amend", "amend.toml")] {
        if verb == "policy amend" {
            sandbox.write(SRE, sandbox.read(SRE).replace("voters = 1", "voters = 2"));
        }
        let file = sandbox.path().join("..").join(out);
        let propose = |flags: &str| {
            let call = sandbox.agentops(&format!("{verb} --actor alice --out ../{out} {flags} --reason"));
            call.arg("Owners look at it first").run()
        };
        let rehearsed = propose("--dry-run").expect_code(0);
        assert!(!file.exists(), "{verb}");
        let body = propose("--json").expect_code(0).json();
        assert_eq!(body["file"], file.display().to_string(), "{verb}");
        assert!(std::fs::read_to_string(&file).unwrap().contains("Owners look at it first"), "{verb}");
        let there = propose("").expect_code(1);
        assert!(there.stderr.contains("cannot write the proposal to"), "{verb}: {}", there.snapshot());
        let hint = format!("hint: each owner reads and signs it: agentops policy sign {}\n", file.display());
        assert!(rehearsed.stderr.ends_with(&hint), "{verb}: {}", rehearsed.snapshot());
    }
    assert_eq!(head(&sandbox), before);
    let both = sandbox.agentops("policy amend --from ../amend.toml --out ../other.toml").run().expect_code(2);
    assert!(both.stderr.contains("cannot be used with"), "{}", both.snapshot());
}

#[test]
fn where_no_amend_can_pass_an_upgrade_says_so() {
    let sandbox = of_edition_one();
    amend(&sandbox, layout::CONFIG, "owners = 0", "owners = 1");
    let refused = sandbox.agentops("upgrade").run().expect_code(1);
    assert!(refused.stderr.contains("no amend can pass here, an upgrade neither"), "{}", refused.snapshot());
}
