//! `agentops profile`: the flavours of work.

use super::sandbox::Sandbox;

fn governed(arguments: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.agentops(&format!("init {arguments}")).run().expect_code(0);
    sandbox
}

#[test]
fn profiles_are_listed_with_their_gates() {
    let sandbox = governed("");
    insta::assert_snapshot!(sandbox.agentops("profile list").run().snapshot(), @"
    exit 0
    --- stdout
    data-eng: Moving and shaping data: ETL, warehouses, dbt, Airflow, Spark, Kafka, schemas, data quality, lineage
      phase      stage      to leave it
      design     research   Validation Gate 1: Data flow review, review by a human
      specify    plan       Validation Gate 2: Transformation approval, approval by a human
      implement  implement  Validation Gate 3: Pipeline tests, checks alone

    devops: Infrastructure and delivery: clusters, Terraform, Ansible, CI/CD pipelines, images, DNS, certificates, releases
      phase     stage      to leave it
      research  research   Validation Gate 1: Needs review, review by a human
      plan      plan       Validation Gate 2: Change approval, approval by a human
      deploy    implement  Validation Gate 3: Manifests validated, checks alone
      verify    post       Validation Gate 4: Smoke checks, checks alone

    product-dev: Product features that users see or call: screens, sign-in, payments, accounts, API endpoints, accessibility
      phase      stage      to leave it
      research   research   Validation Gate 1: Requirements review, review by a human
      spec       plan       Validation Gate 2: Specification approval, approval by a human
      implement  implement  Validation Gate 3: Automated tests, checks alone

    sre: Running services: incidents, outages, slowness, error rates, alerts, on-call, SLOs, postmortems, capacity
      phase        stage      to leave it
      detect       research   Validation Gate 1: Incident review, review by a human
      investigate  plan       Validation Gate 2: Root cause and fix approval, approval by a human
      resolve      implement  Validation Gate 3: Fix tested, postmortem written, checks alone
      verify       post       Validation Gate 4: Recovery verified, checks alone
    --- stderr
    hint: `agentops profile show NAME` tells budgets, commands and agents
    ");
    let body = sandbox.agentops("profile list --json").run().expect_code(0).json();
    assert_eq!(body["profiles"][2]["profile"], "product-dev");
    assert_eq!(body["profiles"][2]["phases"][1]["gate"], 2);
}

#[test]
fn a_profile_is_shown() {
    let sandbox = governed("--profile sre --test-command \"make test\"");
    insta::assert_snapshot!(sandbox.agentops("profile show sre").run().snapshot(), @"
    exit 0
    --- stdout
    sre (version 2): Running services: incidents, outages, slowness, error rates, alerts, on-call, SLOs, postmortems, capacity

    detect  stage research
      Establish what is broken, for whom and since when, and stop the bleeding
      writes  incidents/{opened}-{task}/incident.md
      gate    Validation Gate 1: Incident review, review by 1 human
      checks  AO-P1, AO-P2, AO-P3
      budget  60000 tokens, 12000 per document
      bands   green to 20 % (40000 tokens), yellow to 30 % (60000 tokens) of a window of 200000

    investigate  stage plan
      Prove the cause with evidence, rule out the alternatives, and plan the fix as path and line
      writes  incidents/{opened}-{task}/investigation.md
      writes  incidents/{opened}-{task}/deliverables.toml (people may leave it out)
      gate    Validation Gate 2: Root cause and fix approval, approval by 1 human
      checks  AO-P1, AO-P4, AO-P5, AO-P9
      budget  60000 tokens, 12000 per document
      bands   green to 20 % (40000 tokens), yellow to 30 % (60000 tokens) of a window of 200000

    resolve  stage implement
      Mend it with a test that would have caught it, and write the postmortem
      writes  incidents/{opened}-{task}/tasks.md (may be left out)
      writes  incidents/{opened}-{task}/postmortem.md
      writes  incidents/{opened}-{task}/manifest.txt
      gate    Validation Gate 3: Fix tested, postmortem written, checks alone
      checks  AO-P1, AO-P6, AO-P7, AO-P8, AO-P9
      runs    test
      budget  80000 tokens, 12000 per document
      bands   green to 30 % (60000 tokens), yellow to 40 % (80000 tokens) of a window of 200000

    verify  stage post
      Prove with the same signals that raised the alarm that the incident is over
      writes  incidents/{opened}-{task}/verification.md
      gate    Validation Gate 4: Recovery verified, checks alone
      checks  AO-P1, AO-P6
      runs    smoke
      budget  80000 tokens, 12000 per document
      bands   green to 30 % (60000 tokens), yellow to 40 % (80000 tokens) of a window of 200000

    command    smoke                                         no command line yet: fill in `run`
    command    test                                          make test (at most 900 s)
    agent      incident-detective                            Establishes what is broken, for whom and since when, and what stops the harm
    agent      postmortem-reviewer                           Reads the postmortem as an outsider, and proves with signals that the incident is over
    agent      resolver                                      Mends the cause with a test that would have caught it, and writes the postmortem
    agent      root-cause-investigator                       Proves the causal chain with evidence, rules out the alternatives and plans the fix
    standard   .agentops/sre/standards/alerting.md
    standard   .agentops/sre/standards/incident-response.md
    standard   .agentops/sre/standards/postmortem.md
    may write  runbooks/*.md
    ");
    insta::assert_snapshot!(sandbox.agentops("profile show ser").run().snapshot(), @"
    exit 2
    --- stderr
    error: there is no profile `ser`
    hint: there are: sre
    ");
    let body = sandbox.agentops("profile show sre --json").run().expect_code(0).json();
    assert_eq!(body["phases"][0]["green_tokens"].as_u64().map(|tokens| tokens % 1000), Some(0));
    assert_eq!(body["differs"], false);
    sandbox.write(".agentops/sre/standards/alerting.md", "Other.\n");
    let other = sandbox.agentops("profile show sre").run().expect_code(0);
    assert!(other.stderr.contains("the working tree has another version"), "{}", other.snapshot());
}

#[test]
fn built_in_profiles_are_valid() {
    let sandbox = governed("--test-command true");
    insta::assert_snapshot!(sandbox.agentops("profile validate").run().snapshot(), @"
    exit 0
    --- stdout
    data-eng: valid
    devops: valid
      note: `[commands.smoke]` has no program yet: gates that want it cannot pass until `run` is filled in.
      note: `[commands.validate]` has no program yet: gates that want it cannot pass until `run` is filled in.
    product-dev: valid
    sre: valid
      note: `[commands.smoke]` has no program yet: gates that want it cannot pass until `run` is filled in.
    ");
}

#[test]
fn a_profile_of_ones_own_lands_by_an_amend() {
    let sandbox = governed("--profile product-dev --test-command true");
    let before = sandbox.git("status --porcelain");
    sandbox.agentops("profile new mobile --extends product-dev --dry-run").run().expect_code(0);
    assert_eq!(sandbox.git("status --porcelain"), before);
    insta::assert_snapshot!(sandbox.agentops("profile new mobile --extends product-dev").run().snapshot(), @r#"
    exit 0
    --- stdout
    wrote .agentops/mobile/agents/maker.md
    wrote .agentops/mobile/profile.toml
    wrote .agentops/mobile/standards/working.md
    --- stderr
    uncommitted; a profile is governed, so it lands by an amend. Edit .agentops/mobile/profile.toml, then:
    hint: agentops profile validate mobile
    hint: agentops policy amend --reason "Work of the profile mobile begins"
    "#);
    sandbox.agentops("profile new own").run().expect_code(0);
    insta::assert_snapshot!(sandbox.agentops("profile new mobile").run().snapshot(), @"
    exit 1
    --- stderr
    error: `.agentops/mobile` is there already
    hint: choose another name, or look at it: agentops profile validate mobile
    ");
    insta::assert_snapshot!(sandbox.agentops("profile new Mobile").run().snapshot(), @"
    exit 2
    --- stderr
    error: `Mobile` is not a profile name: expected a-z, 0-9 and single hyphens, 32 characters at most, not `governance`
    ");
    insta::assert_snapshot!(sandbox.agentops("profile new x --extends product-def").run().snapshot(), @"
    exit 2
    --- stderr
    error: there is no profile `product-def`
    hint: did you mean `product-dev`?
    ");
    sandbox.agentops("profile validate").run().expect_code(0);
    // At HEAD they are not there yet.
    sandbox.agentops("profile show mobile").run().expect_code(2);
    let listed = sandbox.agentops("profile list").run().expect_code(0);
    assert!(listed.stdout.ends_with("\nmobile: begun in the working tree; it has no tasks before an amend has committed it\n\nown: begun in the working tree; it has no tasks before an amend has committed it\n"), "{}", listed.snapshot());
    assert!(listed.stderr.starts_with("hint: agentops profile validate mobile\n"), "{}", listed.snapshot());
    let begun = || sandbox.agentops("profile list --json").run().expect_code(0).json()["begun"].clone();
    assert_eq!(begun(), serde_json::json!(["mobile", "own"]));
    sandbox.agentops("policy amend --reason").arg("Two more kinds of work").run().expect_code(0);
    assert_eq!(begun(), serde_json::json!([]));
    for flag in ["--profile", "--flavor"] {
        sandbox.agentops("task new \"App crashes at start\"").arg(flag).arg("mobile").run().expect_code(0);
    }
    sandbox.agentops("task new \"Something else\" --profile own").run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn mistakes_have_a_place_and_a_remedy() {
    let sandbox = governed("--profile sre --test-command true");
    let text = sandbox.read(".agentops/sre/profile.toml");
    sandbox.write(
        ".agentops/sre/profile.toml",
        text.replace("version = 2", "version = \"1\"").replace("voters = 1", "voters = -1"),
    );
    sandbox.write(".agentops/sre/agents/resolver.md", "no front matter\n");
    insta::assert_snapshot!(sandbox.agentops("profile validate").run().snapshot(), @"
    exit 1
    --- stdout
    sre: not valid
      .agentops/sre/agents/resolver.md:1:1: the file has no front matter.
        fix: begin with a line `---`, then `role`, `agent_type` and `role_prompt`, then a line `---`
      .agentops/sre/profile.toml:4:11: `version` must be a whole number, not a text.
        fix: write it as `1`
      .agentops/sre/profile.toml:46:10: `voters` must lie between 0 and 16.
        fix: write a whole number from 0 to 16
      .agentops/sre/profile.toml:63:10: `voters` must lie between 0 and 16.
        fix: write a whole number from 0 to 16
    ");
    let body = sandbox.agentops("profile validate sre --json").run().expect_code(1).json();
    assert_eq!((&body["valid"], &body["profiles"][0]["valid"]), (&false.into(), &false.into()));
    assert_eq!(body["profiles"][0]["problems"][0]["line"].as_u64().map(|line| line > 0), Some(true));
    let refused = sandbox.agentops("policy amend --reason").arg("Voting is by all").run().expect_code(1);
    assert!(refused.stderr.contains("profile.toml:"), "{}", refused.snapshot());
    insta::assert_snapshot!(sandbox.agentops("profile validate ser").run().snapshot(), @"
    exit 2
    --- stderr
    error: there is no profile `ser`
    hint: there are: sre
    ");
    insta::assert_snapshot!(Sandbox::new().agentops("profile validate").run().snapshot(), @"
    exit 1
    --- stderr
    error: this repository is not governed: the commit at HEAD has no `.agentops`; `agentops init` sets it up
    ");
}
