//! What `agentops bundle` tells of a bundle that cannot be proved, and of sources that went elsewhere.

use super::governed::governed;
use super::sandbox::{Output, Sandbox, lawful};
use serde_json::{Value, json};

const NOTES: &str = "# Sessions\n\nWe looked at three ways, and wrote down what was found in them.\n\n## Decisions\n\n\
                     - Sessions live in signed cookies, because no server is needed.\n";
const ALTERED: (&str, &str) = ("because no server is needed", "and nobody knows why that is so");

fn run(sandbox: &Sandbox, arguments: &str) -> Output {
    sandbox.agentops(&format!("bundle {arguments}")).run()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A governed repository with these files.
fn with(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = governed();
    for (path, text) in files {
        sandbox.write(path, text);
    }
    sandbox.commit_all(&lawful("docs: write down what was found"));
    sandbox
}

/// The bundle that `arguments` save.
fn saved(sandbox: &Sandbox, arguments: &str) -> Value {
    run(sandbox, &format!("save --profile sre --json {arguments}")).expect_code(0).json()["bundle"].clone()
}

fn loaded(sandbox: &Sandbox, arguments: &str) -> Value {
    run(sandbox, &format!("load --json {arguments}")).expect_code(0).json()
}

/// Writes the bundle otherwise, and commits that.
fn alter(sandbox: &Sandbox, bundle: &Value, changes: &[(&str, &str)]) {
    let path = text(&bundle["path"]);
    let altered = changes.iter().fold(sandbox.read(&path), |text, (old, new)| text.replace(old, new));
    assert_ne!(altered, sandbox.read(&path));
    sandbox.write(&path, altered);
    sandbox.commit_all(&lawful("docs: say it otherwise"));
}

#[test]
fn a_bundle_cannot_switch_its_own_proof_off() {
    let sandbox = with(&[("docs/notes.md", NOTES), ("docs/more.md", &NOTES.replace("cookies", "envelopes"))]);
    let bundle = saved(&sandbox, "docs/notes.md docs/more.md");
    assert_eq!(loaded(&sandbox, "notes")["doubts"], json!([]));
    let blob = text(&bundle["sources"][0]["blob"]);
    alter(&sandbox, &bundle, &[ALTERED, (&blob, &"1".repeat(40))]);
    let verified = run(&sandbox, "verify notes --json");
    assert_eq!(text(&verified.json()["verdict"]), "does-not-hold", "the other source is there");
    sandbox.git("checkout --quiet HEAD~1 -- .");
    alter(&sandbox, &bundle, &[(&blob, &"1".repeat(40))]);
    let verified = run(&sandbox, "verify notes");
    assert_eq!((verified.code, verified.stdout.contains("holds")), (Some(1), false), "{}", verified.stdout);
    let output = run(&sandbox, "load notes").expect_code(0);
    let told = "> It was not held against all that it was made of: look there before you rely on this.\n";
    assert!(output.stdout.contains(told), "{}", output.stdout);
    assert!(
        output.stderr.contains("warning: 1 source is not in this repository: it cannot be proved\n"),
        "{}",
        output.stderr
    );
}

#[test]
fn tokens_that_nobody_can_count_prove_nothing() {
    let sandbox = with(&[("docs/notes.md", NOTES)]);
    let bundle = saved(&sandbox, "docs/notes.md");
    alter(&sandbox, &bundle, &[("estimator = \"o200k\"", "estimator = \"guess\"")]);
    let doubts = json!(["its tokens were counted by `guess`, which is not known here: they cannot be proved"]);
    assert_eq!(loaded(&sandbox, "notes")["doubts"], doubts);
    assert_eq!(run(&sandbox, "verify notes --json").expect_code(1).json()["unproved"], doubts);
}

#[test]
fn no_more_is_read_to_prove_a_bundle_than_to_save_one() {
    let sandbox = with(&[("docs/notes.md", NOTES)]);
    let bundle = saved(&sandbox, "docs/notes.md");
    sandbox.write("docs/large.bin", vec![0xff; 16 * 1024 * 1024]);
    let large = sandbox.git("hash-object -w docs/large.bin");
    let source = format!("blob = \"{}\" }},\n", text(&bundle["sources"][0]["blob"]));
    let two = format!("{source}  {{ path = \"docs/large.bin\", blob = \"{large}\" }},\n");
    std::fs::remove_file(sandbox.path().join("docs/large.bin")).unwrap();
    alter(&sandbox, &bundle, &[(&source, &two)]);
    assert_eq!(
        loaded(&sandbox, "notes")["doubts"],
        json!(["1 source is beyond the 16777216 bytes that are read: it cannot be proved"])
    );
    run(&sandbox, "verify notes").expect_code(1);
}

/// What an agent is given by itself is doubted as what it asks for, and every clone says the same.
#[test]
fn contexts_doubt_what_was_altered() {
    let sandbox = with(&[("docs/notes.md", NOTES)]);
    let bundle = saved(&sandbox, "docs/notes.md");
    let task = sandbox.agentops("task new \"Sessions in signed cookies\" --profile sre --json").run().expect_code(0);
    let task = text(&task.json()["task"]);
    let context = || sandbox.agentops(&format!("context {task} --quiet")).run().expect_code(0).stdout;
    let doubt = "> It does not hold what its sources said: look there before you rely on this.\n";
    let good = context();
    assert!(good.contains("> Context bundle `") && !good.contains(doubt), "{good}");
    alter(&sandbox, &bundle, &[ALTERED]);
    let altered = context();
    assert!(altered.contains(doubt), "{altered}");
    // From here on the commit does not have the source's bytes; a clone may or may not.
    let blob = sandbox.git("rev-parse HEAD:docs/notes.md");
    sandbox.write("docs/notes.md", format!("{NOTES}\nOne more.\n"));
    sandbox.commit_all(&lawful("docs: add to the notes"));
    let here = context();
    assert!(here.contains("> `docs/notes.md` has changed since: look there"), "{here}");
    std::fs::remove_file(sandbox.path().join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]))).unwrap();
    assert_eq!(context(), here);
}

/// Who begins to work does not wait for a proof that takes long: what was not read is told.
#[test]
fn contexts_read_no_more_than_a_mebibyte_to_prove_a_bundle() {
    let sandbox = with(&[("docs/notes.md", NOTES)]);
    let bundle = saved(&sandbox, "docs/notes.md");
    let task = sandbox.agentops("task new \"Sessions in signed cookies\" --profile sre --json").run().expect_code(0);
    let task = text(&task.json()["task"]);
    sandbox.write("docs/large.bin", vec![0xff; 1024 * 1024]);
    let large = sandbox.git("hash-object docs/large.bin");
    let source = format!("blob = \"{}\" }},\n", text(&bundle["sources"][0]["blob"]));
    let two = format!("{source}  {{ path = \"docs/large.bin\", blob = \"{large}\" }},\n");
    alter(&sandbox, &bundle, &[(&source, &two)]);
    let context = sandbox.agentops(&format!("context {task} --quiet")).run().expect_code(0).stdout;
    let told = "> It was not held against all that it was made of: look there before you rely on this.\n";
    assert!(context.contains(told), "{context}");
    assert_eq!(loaded(&sandbox, "notes")["doubts"], json!([]));
}

#[test]
fn a_source_may_move_to_any_name() {
    let sandbox = with(&[("docs/notes.md", NOTES), ("docs/more.md", &NOTES.replace("cookies", "envelopes"))]);
    saved(&sandbox, "docs/notes.md docs/more.md --name both");
    sandbox.git("rm --quiet docs/notes.md");
    sandbox.write("docs/a\\b\u{ad}c.md", NOTES);
    sandbox.commit_all(&lawful("docs: give it another name"));
    sandbox.write("docs/a\\b\u{ad}c.md", "Not committed.\n");
    let body = loaded(&sandbox, "both");
    assert_eq!(body["stale"][0]["now"], "moved");
    assert_eq!(body["uncommitted"], json!([body["stale"][0]["to"]]), "{body}");
    sandbox.git("checkout --quiet -- docs");
    sandbox.write("docs/more.md", "# All new\n");
    sandbox.commit_all(&lawful("docs: begin anew"));
    assert_eq!(loaded(&sandbox, "both")["save_again"], Value::Null, "no command can name what nobody sees");
}

#[test]
fn a_source_that_became_a_folder_is_gone() {
    let sandbox = with(&[("docs/notes.md", NOTES), ("docs/more.md", &NOTES.replace("cookies", "envelopes"))]);
    saved(&sandbox, "docs/notes.md docs/more.md --name both");
    sandbox.git("rm --quiet docs/notes.md");
    sandbox.write("docs/notes.md/first.md", "# All new\n");
    sandbox.commit_all(&lawful("docs: make it a folder"));
    let body = loaded(&sandbox, "both");
    assert_eq!(body["stale"], json!([{ "path": "docs/notes.md", "now": "gone" }]));
    assert_eq!(
        text(&body["save_again"]),
        "agentops bundle save docs/more.md --type research --profile sre --name both"
    );
}

#[test]
fn a_question_without_words_is_refused() {
    let sandbox = with(&[("docs/notes.md", NOTES)]);
    saved(&sandbox, "docs/notes.md");
    let refused = sandbox.agentops("bundle search").arg("").run().expect_code(2);
    assert!(refused.stderr.contains("there are no words to look for"), "{}", refused.stderr);
    assert!(refused.stderr.contains("agentops bundle list"), "{}", refused.stderr);
    run(&sandbox, "search the").expect_code(2);
    for command in ["search cookies", "list"] {
        let refused = run(&sandbox, &format!("{command} --limit 0")).expect_code(2);
        assert!(refused.stderr.contains("a number from 1 on is expected"), "{}", refused.stderr);
    }
}

/// No quote in a string or a comment makes text of a promise disappear.
#[test]
fn strings_of_several_lines_are_kept_whole() {
    let promise = "a = \"uses '''\" # not \"\"\"\nb = '\"\"\"'\n# left out\ntext = \"\"\"\n# Heading\n\n\\\"\"\" '''\n# And one more\n\
                   \"\"\"\"\n# left out, too\nc = '''\n# Last \"\"\"\n'''\n# left out\n";
    let sandbox = with(&[("docs/promise.toml", promise)]);
    saved(&sandbox, "docs/promise.toml");
    let body = text(&run(&sandbox, "show promise --json").expect_code(0).json()["body"]);
    let kept = promise.replace("# left out, too\n", "").replace("# left out\n", "");
    assert!(body.contains(&kept), "{body}");
}

#[test]
fn what_says_nothing_is_told_as_such() {
    let sandbox = with(&[("docs/promise.toml", "# only a comment\n")]);
    let refused = run(&sandbox, "save docs/promise.toml --profile sre").expect_code(1);
    insta::assert_snapshot!(refused.stderr, @"
    error: there is nothing to shorten: nothing in the sources says anything that could be kept
    hint: name sources that say more
    ");
}

#[test]
fn a_name_is_known_beside_task_and_phase() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Letters that wait are sent again", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    run(&sandbox, &format!("save --task {} --name postponed", task.id)).expect_code(0);
    let refused = run(&sandbox, "show postponde").expect_code(2);
    assert!(refused.stderr.contains("did you mean `postponed`?"), "{}", refused.stderr);
}
