//! What the program says about itself: laws, completions, manual pages.

use super::sandbox::Sandbox;

#[test]
fn every_listed_law_and_topic_can_be_explained() {
    let sandbox = Sandbox::without_repository();
    let list = sandbox.agentops("explain --json").run().expect_code(0).json();
    assert_eq!(list["schema_version"], 1);
    for law in list["laws"].as_array().unwrap() {
        let id = law["id"].as_str().unwrap();
        let told = sandbox.agentops("explain --json").arg(id).run().expect_code(0).json();
        assert_eq!(told["law"]["id"], id);
        for field in ["title", "rule", "passes", "fails"] {
            assert!(told["law"][field].as_str().is_some_and(|text| !text.trim().is_empty()), "{id} has no {field}");
        }
        let human = sandbox.agentops("explain").arg(id.to_lowercase()).run().expect_code(0).stdout;
        assert!(human.starts_with(&format!("{id}: ")) && human.contains("\npasses:\n"), "{human}");
    }
    let topics: Vec<_> = list["topics"].as_array().unwrap().iter().map(|topic| topic["name"].clone()).collect();
    assert_eq!(topics, ["five-laws", "three-rules", "40%", "gates", "compliance"]);
    for name in topics {
        let told = sandbox.agentops("explain --json").arg(name.as_str().unwrap()).run().expect_code(0).json();
        assert_eq!(told["topic"]["name"], name);
    }
}

#[test]
fn a_topic_is_wrapped_text() {
    let sandbox = Sandbox::without_repository();
    let text = sandbox.agentops("explain constitution").env("COLUMNS", "60").run().expect_code(0).stdout;
    assert!(text.starts_with("five-laws: the Five Laws of every change\n\n"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 60), "{text}");
}

#[test]
fn what_cannot_be_explained_is_wrong_usage() {
    let sandbox = Sandbox::without_repository();
    insta::assert_snapshot!(sandbox.agentops("explain five-lwas").run().snapshot(), @"
    exit 2
    --- stderr
    error: there is no law or topic `five-lwas`
    hint: did you mean `five-laws`?
    ");
    insta::assert_snapshot!(sandbox.agentops("explain nothing-like-it --json").run().snapshot(), @r#"
    exit 2
    --- stdout
    {"schema_version":1,"error":{"code":"usage","message":"there is no law or topic `nothing-like-it`","hint":"`agentops explain` lists all"}}
    "#);
}

#[test]
fn completions_for_every_shell() {
    let sandbox = Sandbox::without_repository();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = sandbox.agentops("completions").arg(shell).run().expect_code(0);
        assert!(output.stdout.contains("explain") && output.stderr.is_empty(), "{shell}");
        let document = sandbox.agentops("completions --json").arg(shell).run().expect_code(0).json();
        assert_eq!(document["script"], output.stdout);
    }
}

#[cfg(unix)]
#[test]
fn bash_reads_its_completions() {
    let sandbox = Sandbox::without_repository();
    let script = sandbox.agentops("completions bash").run().expect_code(0).stdout;
    sandbox.write("complete.bash", script);
    let check = "source ./complete.bash; COMP_WORDS=(agentops expl); COMP_CWORD=1; \
                 _agentops agentops expl agentops; echo ${COMPREPLY[*]}";
    let bash = std::process::Command::new("bash").args(["-c", check]).current_dir(sandbox.path()).output();
    let Ok(output) = bash else {
        return; // No bash here.
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "explain", "{output:?}");
}

#[test]
fn the_manual_goes_to_standard_output_or_to_a_folder() {
    let sandbox = Sandbox::without_repository();
    let page = sandbox.agentops("man").run().expect_code(0).stdout;
    assert!(page.contains(".TH agentops 1") && page.contains(".SH SYNOPSIS"), "{page}");

    let planned = sandbox.agentops("man --dir out/man1 --dry-run").run().expect_code(0);
    assert!(!sandbox.path().join("out").exists());
    let written = sandbox.agentops("man --dir out/man1").run().expect_code(0);
    assert_eq!(written.stdout, planned.stdout);
    for name in written.stdout.lines() {
        assert!(sandbox.read(&format!("out/man1/{name}")).contains(".SH NAME"), "{name}");
    }
    assert_eq!(sandbox.read("out/man1/agentops.1"), page);
    let again = sandbox.agentops("-C out man --dir man1 --json").run().expect_code(0).json();
    assert_eq!(again["pages"].as_array().map(Vec::len), Some(written.stdout.lines().count()));
    assert_eq!(again["dry_run"], false);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let sandbox = Sandbox::without_repository();
    sandbox.write("file", "");
    let output = sandbox.agentops("man --dir file/man1").run().expect_code(1);
    assert!(output.stderr.starts_with("error: cannot write manual pages to `"), "{}", output.snapshot());
    assert!(output.stderr.contains("\ncaused by: "), "{}", output.snapshot());
}
