//! Each field of a policy changed once: what is told of it.

use super::*;
use crate::law::testing::{policy_with_profile, principal, word};
use crate::model::digest::Digest;
use crate::model::name::ProfileName;
use crate::model::policy::{BundleRules, Compressor, Generated};
use crate::model::profile::{CommandSpec, FourEyes, Profile, VoteKind};
use crate::model::risk::RiskClass;
use crate::model::state::Stage;
use crate::model::trust::testing::SoftwareKey;
use crate::model::vote::Proof;

/// The line of `name` with the key made from `seed`.
fn line(name: &str, seed: u8) -> String {
    format!("{name} namespaces=\"agentops-gate\" {}\n", SoftwareKey::new(seed).public())
}

/// Rules of which every one can be loosened.
fn strict() -> Policy {
    let mut policy = policy_with_profile();
    let config = &mut policy.config;
    config.readonly = vec!["vendor/**".into()];
    config.generated = vec![Generated { output: "gen/**".into(), source: "api/**".into() }];
    config.agent_markers.insert("CLAUDECODE".into(), principal("claude"));
    config.exempt = vec![Exemption { author: "bot@x.org".into(), laws: vec![LawId::L1], paths: vec!["a/**".into()] }];
    config.risks = vec![RiskClass {
        name: word("billing"),
        labels: vec![word("pay")],
        paths: vec!["src/pay/**".into()],
        stages: Vec::new(),
        vote: VoteKind::Approval,
        voters: 2,
        roles: vec![word("security")],
        proof: Some(Proof::Signature),
        four_eyes: FourEyes::Proved,
    }];
    let profile = dev(&mut policy);
    profile.phases[0].artifacts[0].template = Some("notes.md".into());
    profile.templates.insert("notes.md".into(), Digest::of(b"# Notes"));
    let test = CommandSpec { run: vec!["cargo".into(), "test".into()], timeout_seconds: 9, takes_paths: false };
    profile.commands.insert(word("test"), test);
    profile.syntax = vec![("*.toml".into(), word("test"))];
    policy.signers = Signers::parse(line("alice", 1).as_bytes()).unwrap();
    policy
}

fn dev(policy: &mut Policy) -> &mut Profile {
    policy.profiles.values_mut().next().unwrap()
}

fn class(policy: &mut Policy) -> &mut RiskClass {
    &mut policy.config.risks[0]
}

/// What is told of `edit`: each clause after its kind.
fn told(edit: impl FnOnce(&mut Policy)) -> String {
    let (before, mut after) = (strict(), strict());
    edit(&mut after);
    assert_ne!(before, after, "the edit changes something");
    let found = between(&before, &after);
    let loosened = found.loosened.iter().map(|clause| format!("loosened: {clause}"));
    loosened.chain(found.changed.iter().map(|clause| format!("changed: {clause}"))).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_told_of_what_stays_or_gets_stricter() {
    assert_eq!(between(&strict(), &strict()), Differences::default());
    let stricter = told(|policy| {
        policy.config.owners = 2;
        policy.config.waivers_max = 0;
        policy.config.readonly.push("lib/**".into());
        policy.config.exempt[0].laws.clear();
        class(policy).voters = 3;
        class(policy).paths.push("src/rates/**".into());
        dev(policy).phases[2].gate.vote = VoteKind::Review;
        dev(policy).phases[2].budget.tokens = 1;
    });
    assert_eq!(stricter, "");
}

#[test]
fn rules_of_the_config() {
    assert_eq!(told(|policy| policy.config.generated.clear()), "loosened: `gen/**` may change without `api/**`");
    assert_eq!(
        told(|policy| policy.config.agent_markers.clear()),
        "loosened: the variable `CLAUDECODE` tells of no agent any more"
    );
    assert_eq!(
        told(|policy| policy.config.exempt[0].paths.push("src/**".into())),
        "loosened: commits of `bot@x.org` that change nothing but `a/**`, `src/**` are exempt from AO-L1"
    );
    assert_eq!(told(|policy| drop(policy.config.sections.pop())), "loosened: commit messages need no section `Impact`");
    assert_eq!(
        told(|policy| policy.config.learning_optional.push("feat".into())),
        "loosened: commits of the type `feat` may do without a learning"
    );
    assert_eq!(told(|policy| policy.config.types.push("wip".into())), "loosened: commits may be of the type `wip`");
    assert_eq!(
        told(|policy| policy.config.window *= 2),
        "loosened: the context window that budgets are percent of has 400000 tokens, not 200000"
    );
    assert_eq!(
        told(|policy| {
            let run = vec!["shorten".to_owned(), "--hard".to_owned()];
            policy.config.bundles =
                BundleRules { at_phase_end: true, command: Some(Compressor { run, timeout_seconds: 1 }) };
        }),
        "changed: context bundles are made by `shorten --hard`, not by agentops\n\
         changed: leaving a phase saves a context bundle"
    );
    assert_eq!(
        told(|policy| drop(policy.config.actors.remove(&principal("claude")))),
        "changed: `claude` is no actor any more"
    );
}

#[test]
fn keys() {
    let with = |lines: &str| {
        let lines = lines.to_owned();
        move |policy: &mut Policy| policy.signers = Signers::parse(lines.as_bytes()).unwrap()
    };
    let replaced = told(with(&line("alice", 2)));
    assert!(replaced.starts_with("changed: the key of `alice` is SHA256:") && replaced.contains(", not SHA256:"));
    assert_eq!(told(with("")), "changed: `alice` has no key any more");
    let added = told(with(&(line("alice", 1) + &line("mallory", 2))));
    assert!(added.starts_with("loosened: `mallory` may sign with the key SHA256:"), "{added}");
    let until = line("alice", 1).replacen("gate\"", "gate\",valid-before=\"20270101Z\"", 1);
    let (mut before, after) = (strict(), strict());
    before.signers = Signers::parse(until.as_bytes()).unwrap();
    assert_eq!(between(&before, &after).loosened, ["the key of `alice` counts for a longer time"]);
    assert_eq!(between(&after, &before), Differences::default());
}

#[test]
fn classes_of_risk() {
    let of = |edit: fn(&mut RiskClass)| {
        told(|policy| edit(class(policy))).replace("loosened: the class of risk `billing`: ", "")
    };
    assert_eq!(of(|class| class.paths = vec!["none".into()]), "it is not for `src/pay/**`");
    assert_eq!(of(|class| class.paths.clear()), "it is not for `src/pay/**`");
    assert_eq!(of(|class| class.labels.clear()), "it is not for the label `pay`");
    let for_all = of(|class| (class.labels, class.paths) = Default::default());
    assert_eq!(for_all, "what lands at `src/pay/**` needs no task");
    assert_eq!(
        of(|class| class.stages = vec![Stage::Plan, Stage::Implement, Stage::Post]),
        "it asks for nothing at the stage `research`"
    );
    assert_eq!(of(|class| class.vote = VoteKind::None), "its vote is `none`, not `approval`");
    assert_eq!(of(|class| class.voters = 1), "1 voters, not 2");
    assert_eq!(of(|class| class.roles.clear()), "voters need no role");
    assert_eq!(of(|class| class.roles.push(word("intern"))), "the role `intern` may vote");
    assert_eq!(of(|class| class.proof = None), "votes with any proof that `gates.proof` has count");
    assert_eq!(of(|class| class.proof = Some(Proof::Terminal)), "votes with proof `terminal` count");
    assert_eq!(of(|class| class.four_eyes = FourEyes::Claimed), "that voters are no doers is claimed, not proved");
    let (mut before, after) = (strict(), strict());
    (class(&mut before).labels, class(&mut before).paths) = Default::default();
    assert_eq!(between(&before, &after).loosened, ["the class of risk `billing`: it is for some tasks only"]);
}

#[test]
fn documents_templates_and_commands_of_profiles() {
    let of = |edit: fn(&mut Profile)| told(|policy| edit(dev(policy)));
    assert_eq!(
        of(|dev| dev.phases[0].artifacts[0].required = false),
        "loosened: phase `research` of `dev` may leave out the document `notes`"
    );
    assert_eq!(
        of(|dev| dev.phases[0].artifacts.clear()),
        "loosened: phase `research` of `dev` has no document `notes`"
    );
    assert_eq!(
        of(|dev| dev.phases[0].artifacts[0].template = None),
        "changed: the document `notes` in phase `research` of `dev` follows no template"
    );
    assert_eq!(
        of(|dev| _ = dev.templates.insert("notes.md".into(), Digest::of(b""))),
        "changed: the template `notes.md` of `dev` has another text"
    );
    assert_eq!(of(|dev| dev.templates.clear()), "changed: the template `notes.md` of `dev` is gone");
    let run = |dev: &mut Profile, run: &[&str]| {
        dev.commands.get_mut(&word("test")).unwrap().run = run.iter().map(|word| (*word).to_owned()).collect();
    };
    assert_eq!(
        told(|policy| run(dev(policy), &["echo"])),
        "changed: the command `test` of `dev` runs `echo`, not `cargo test`"
    );
    assert_eq!(
        told(|policy| run(dev(policy), &[])),
        "changed: the command `test` of `dev` has no command line any more"
    );
    assert_eq!(
        of(|dev| dev.commands.get_mut(&word("test")).unwrap().takes_paths = true),
        "loosened: the command `test` of `dev`: a plan may add paths to it"
    );
    assert_eq!(of(|dev| dev.syntax.clear()), "loosened: `test` of `dev` does not check `*.toml`");
    assert_eq!(
        of(|dev| dev.documents.push("specs/**".into())),
        "loosened: documents `specs/**` of `dev` may be written at any time"
    );
    assert_eq!(
        of(|dev| dev.phases[0].budget.artifact_tokens = 9_000),
        "loosened: phase `research` of `dev`: a document may have 9000 tokens, not 8000"
    );
    assert_eq!(
        of(|dev| dev.phases.swap(0, 1)),
        "changed: the phases of `dev` come in another order: `spec`, `research`, `implement`"
    );
    assert_eq!(
        of(|dev| dev.phases[1].stage = Stage::Research),
        "changed: phase `spec` of `dev` is of the stage `research`, not `plan`"
    );
    assert_eq!(of(|dev| drop(dev.phases.remove(1))), "loosened: the gate of `dev` phase `spec`: the phase is gone");
}

#[test]
fn a_profile_that_is_new() {
    let added = |votes: [VoteKind; 3]| {
        told(|policy| {
            let mut game = dev(policy).clone();
            game.name = ProfileName::parse("game").unwrap();
            game.phases.iter_mut().zip(votes).for_each(|(phase, vote)| phase.gate.vote = vote);
            policy.profiles.insert(game.name.clone(), game);
        })
    };
    use VoteKind::{Approval, None, Review};
    assert_eq!(added([None, None, None]), "loosened: the new profile `game` asks for no vote at any gate");
    assert_eq!(
        added([Review, Approval, None]),
        "changed: the profile `game` is new; it asks for no vote at `implement`"
    );
    assert_eq!(
        added([Review, Approval, Review]),
        "changed: the profile `game` is new; each of its gates asks for a vote"
    );
}
