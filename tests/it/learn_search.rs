//! `agentops learn search`: what was found out is found again, with what speaks against it.

use std::fs;

use super::governed::{as_agent, governed};
use super::sandbox::{Sandbox, lawful};

/// Records a learning; its id.
fn add(sandbox: &Sandbox, arguments: &str, pattern: &str) -> String {
    let output = sandbox.agentops(&format!("learn add --json {arguments} --pattern")).arg(pattern).run();
    output.expect_code(0).json()["learning"]["id"].as_str().unwrap().to_owned()
}

fn search(sandbox: &Sandbox, arguments: &str) -> serde_json::Value {
    sandbox.agentops(&format!("learn search --json {arguments}")).run().expect_code(0).json()
}

fn ids(sandbox: &Sandbox, arguments: &str) -> Vec<String> {
    let found = search(sandbox, arguments);
    let id = |learning: &serde_json::Value| learning["id"].as_str().unwrap().to_owned();
    found["learnings"].as_array().unwrap().iter().map(id).collect()
}

const JITTER: &str = "Retries without jitter meet again: 40 clients hit the registry in the same second";
const INDEX: &str = "SQLite ignores the index when a column stands inside a function";
const DRAIN: &str = "Cordoned nodes keep their pods until somebody drains them";

#[test]
fn learnings_are_found_by_words_of_all_profiles() {
    let sandbox = governed();
    let jitter = add(&sandbox, "--profile product-dev --tag network --evidence src/main.rs:2", JITTER);
    let application = "--application \"Write the expression into an index of its own\"";
    let index = add(&sandbox, &format!("--profile product-dev --tag database {application}"), INDEX);
    let drain = add(&sandbox, "--profile sre --tag database", DRAIN);
    assert_eq!(ids(&sandbox, "retry clients"), [jitter.as_str()], "endings do not matter");
    assert_eq!(ids(&sandbox, "expressions"), [index.as_str()], "the application counts");
    assert_eq!(ids(&sandbox, "database"), [drain.as_str(), index.as_str()], "and the tags; the shorter text first");
    assert_eq!(ids(&sandbox, "main.rs"), [jitter.as_str()], "and the evidence");
    assert_eq!(ids(&sandbox, "database --profile product-dev"), [index.as_str()]);
    assert_eq!(ids(&sandbox, "index node --tag network"), [""; 0]);
    assert_eq!(ids(&sandbox, "database --limit 1"), [drain.as_str()]);
    let shown = sandbox.agentops("learn search jitter").run().snapshot().replace(&jitter, "<id>");
    insta::assert_snapshot!(shown, @"
    exit 0
    --- stdout
    <id>  product-dev, network
      Retries without jitter meet again: 40 clients hit the registry in the same second
      evidence: src/main.rs:2
    ");
    insta::assert_snapshot!(sandbox.agentops("learn search kubernetes").run().snapshot(), @"
    exit 0
    --- stderr
    no learning has any of these words
    hint: agentops learn list
    ");
    sandbox.agentops("learn search").run().expect_code(2);
    for words in ["", "  ", "the of", "?!"] {
        let refused = sandbox.agentops("learn search").arg(words).run().expect_code(2).stderr;
        assert!(refused.contains("to look for"), "{refused}");
    }
    for verb in ["learn search jitter", "learn list", "session list"] {
        let refused = sandbox.agentops(&format!("{verb} --limit 0")).run().expect_code(2).stderr;
        assert!(refused.contains("'--limit <N>': a number from 1 on is expected"), "{refused}");
    }
    sandbox.agentops("learn search x --profile nope").run().expect_code(2);
}

#[test]
fn a_part_of_a_text_without_spaces_finds_it() {
    let sandbox = governed();
    let slow = add(&sandbox, "--profile sre", "決済の処理は夜間にタイムアウトする。バックアップが同じ表を読むからだ");
    add(&sandbox, "--profile sre", "登录页面在移动网络下加载缓慢，因为字体没有缓存");
    for part in ["タイムアウト", "夜間", "バックアップ 決済"] {
        assert_eq!(ids(&sandbox, part), [slow.as_str()], "{part}");
    }
}

#[test]
fn a_learning_whose_lines_changed_ranks_lower_and_says_why() {
    let sandbox = governed();
    sandbox.write("src/retry.rs", "fn retry() {\n    sleep(1);\n}\n");
    sandbox.write("src/other.rs", "fn other() {\n    sleep(2);\n}\n");
    sandbox.commit_all(&lawful("feat: retry"));
    let first =
        add(&sandbox, "--profile sre --evidence src/retry.rs:2", "Sleeping before a retry of 40 clients needs jitter");
    let brought_by = sandbox.git("rev-parse HEAD");
    let second = add(
        &sandbox,
        "--profile sre --evidence src/other.rs:2",
        "Sleeping long hides that a certificate of the registry expired three whole days before its alert",
    );
    assert_eq!(ids(&sandbox, "sleeping"), [first.as_str(), second.as_str()]);
    // Moved and indented, but there.
    sandbox.write("src/retry.rs", "//! Retries.\nfn retry() {\n    {\n        sleep(1);\n    }\n}\n");
    sandbox.commit_all(&lawful("docs: say what it is"));
    assert_eq!(search(&sandbox, "sleeping")["learnings"][0]["aged"], serde_json::json!([]));
    sandbox.write("src/retry.rs", "fn retry() {\n    sleep(jitter(attempts, limit));\n}\n");
    sandbox.commit_all(&lawful("fix: add jitter"));
    let found = search(&sandbox, "sleeping");
    assert_eq!(found["learnings"][0]["id"], second.as_str());
    let aged = serde_json::json!([{ "evidence": "src/retry.rs:2", "change": "changed", "since": brought_by }]);
    assert_eq!(found["learnings"][1]["aged"], aged);
    let shown = sandbox.agentops("learn search jitter").run().expect_code(0).stdout;
    let why = format!("ranked lower: `src/retry.rs:2` changed since {}", &brought_by[..12]);
    assert!(shown.contains(&why), "{shown}");
    sandbox.git("rm -q src/other.rs");
    sandbox.commit_all(&lawful("refactor: nobody calls it"));
    assert_eq!(search(&sandbox, "certificate")["learnings"][0]["aged"][0]["change"], "gone");
}

/// `side` cites a line as it is there; on `main` it had changed when the merge brought the learning.
/// A whole file as evidence says nothing of its lines; that it is gone is told.
#[test]
fn a_cited_file_that_is_gone_is_told() {
    let sandbox = governed();
    add(&sandbox, "--profile sre --evidence src/main.rs", "Zeppelins drift when the mast leans");
    let aged = |sandbox: &Sandbox| search(sandbox, "zeppelin")["learnings"][0]["aged"].clone();
    sandbox.write("src/main.rs", "fn other() {}\n");
    sandbox.commit_all(&lawful("fix: another one"));
    assert_eq!(aged(&sandbox), serde_json::json!([]));
    std::fs::remove_file(sandbox.path().join("src/main.rs")).unwrap();
    sandbox.commit_all(&lawful("fix: none at all"));
    assert_eq!(aged(&sandbox)[0]["evidence"], "src/main.rs", "{}", aged(&sandbox));
}

#[test]
fn a_cited_file_that_moved_is_not_gone() {
    let sandbox = governed();
    sandbox.write("src/retry.rs", "fn retry() {\n    sleep(jitter(attempts, limit));\n}\n");
    sandbox.commit_all(&lawful("feat: retry"));
    add(&sandbox, "--profile sre --evidence src/retry.rs:2", "Zeppelins drift when the mast leans");
    add(&sandbox, "--profile sre --evidence src/retry.rs", "A zeppelin wants helium, however dear");
    let score = |place: usize| search(&sandbox, "zeppelin")["learnings"][place]["score"].clone();
    let scores = [score(0), score(1)];
    std::fs::create_dir_all(sandbox.path().join("lib")).unwrap();
    sandbox.git("mv src/retry.rs lib/again.rs");
    sandbox.commit_all(&lawful("refactor: a library"));
    assert_eq!([score(0), score(1)], scores, "nothing speaks against them");
    for learning in search(&sandbox, "zeppelin")["learnings"].as_array().unwrap() {
        assert_eq!(
            (&learning["aged"][0]["change"], &learning["aged"][0]["to"]),
            (&"moved".into(), &"lib/again.rs".into())
        );
    }
    let shown = sandbox.agentops("learn search zeppelin").run().expect_code(0).stdout;
    assert!(shown.contains("  moved: `src/retry.rs` moved to `lib/again.rs` since "), "{shown}");
    assert!(!shown.contains("ranked lower"), "{shown}");
    // Moved and changed elsewhere: the cited line still stands there; the whole file does not.
    sandbox.write("lib/again.rs", "//! Retries.\nfn again() {\n    sleep(jitter(attempts, limit));\n}\n");
    sandbox.commit_all(&lawful("docs: say what it is"));
    let mut changes: Vec<(String, String)> = Vec::new();
    for learning in search(&sandbox, "zeppelin")["learnings"].as_array().unwrap() {
        let aged = &learning["aged"][0];
        changes.push((aged["evidence"].as_str().unwrap().into(), aged["change"].as_str().unwrap().into()));
    }
    changes.sort_unstable();
    assert_eq!(changes, [("src/retry.rs".into(), "gone".into()), ("src/retry.rs:2".into(), "moved".into())]);
}

#[test]
fn what_changed_since_is_asked_of_the_branch_that_is_searched() {
    let sandbox = governed();
    sandbox.write("src/retry.rs", "fn retry() {\n    sleep(1);\n}\n");
    sandbox.commit_all(&lawful("feat: retry"));
    sandbox.git("switch --quiet --create side");
    add(&sandbox, "--profile sre --evidence src/retry.rs:2", JITTER);
    sandbox.git("switch --quiet main");
    sandbox.write("src/retry.rs", "fn retry() {\n    sleep(2);\n}\n");
    sandbox.commit_all(&lawful("feat: wait longer"));
    sandbox.git("merge --quiet --no-ff --no-edit side");
    let merge = sandbox.git("rev-parse HEAD");
    let aged = || search(&sandbox, "jitter")["learnings"][0]["aged"].clone();
    assert_eq!(aged(), serde_json::json!([]), "the merge brought it here, beside the line as it is");
    fs::remove_file(sandbox.path().join(".git/agentops/learnings.cache")).unwrap();
    sandbox.git("switch --quiet side");
    assert_eq!(aged(), serde_json::json!([]));
    sandbox.git("switch --quiet main");
    assert_eq!(aged(), serde_json::json!([]), "whoever searched another branch before");
    sandbox.write("src/retry.rs", "fn retry() {\n    sleep(3);\n}\n");
    sandbox.commit_all(&lawful("feat: wait still longer"));
    assert_eq!(aged()[0]["since"], merge.as_str());
    // What is known is known from further on, too, and is kept from nearer by where that is long ago.
    let cache = || fs::read(sandbox.path().join(".git/agentops/learnings.cache")).unwrap();
    let kept = cache();
    for number in 0..70 {
        sandbox.git(&format!("commit --quiet --no-verify --allow-empty -m {number}"));
        if number == 3 {
            assert_eq!((aged()[0]["since"].as_str(), cache()), (Some(merge.as_str()), kept.clone()));
        }
    }
    assert_eq!(aged()[0]["since"], merge.as_str());
    assert_ne!(cache(), kept);
}

#[test]
fn what_was_replaced_is_shown_with_what_replaces_it() {
    let sandbox = governed();
    let old = add(&sandbox, "--profile sre", JITTER);
    let better = "Backing off without randomness makes a thundering herd";
    let new = add(&sandbox, &format!("--profile sre --supersedes {old}"), better);
    let found = search(&sandbox, "jitter");
    assert_eq!(found["learnings"].as_array().unwrap().len(), 1);
    assert_eq!(found["learnings"][0]["id"], new.as_str(), "found by the words of the old one");
    assert_eq!(found["learnings"][0]["linked"][0]["id"], old.as_str());
    assert_eq!(found["learnings"][0]["linked"][0]["link"], "superseded");
    // Where the newer one is not asked for, the old one stands behind the others and says so.
    let newest =
        add(&sandbox, &format!("--profile product-dev --supersedes {new}"), "Herds thunder where nobody throws dice");
    let other = add(
        &sandbox,
        "--profile sre",
        "Jitter of the clock spoils every measured latency of the whole system there is, as seven days on forty hosts of two kinds showed",
    );
    let found = search(&sandbox, "jitter --profile sre");
    assert_eq!(ids(&sandbox, "jitter --profile sre"), [other.as_str(), old.as_str()]);
    assert_eq!(found["learnings"][1]["superseded_by"], serde_json::json!([newest]), "the end of the chain");
    assert_eq!(ids(&sandbox, "jitter"), [newest.as_str(), other.as_str()]);
}

#[test]
fn near_ones_are_linked_not_repeated() {
    let sandbox = governed();
    let first = add(&sandbox, "--profile sre", JITTER);
    let again = "In the same second 40 clients hit the registry again where retries have no jitter";
    let added = sandbox.agentops("learn add --profile product-dev --pattern").arg(again).run().expect_code(0);
    let shown = added.snapshot_without_ids().replace(&first, "<first>");
    insta::assert_snapshot!(shown, @"
    exit 0
    --- stdout
    01m7yet7x8mnhgby7sg1trjhs2
      near: <first> (sre): Retries without jitter meet again: 40 clients hit the registry in the same second
    --- stderr
    committed <id> on main
      .agentops/product-dev/learnings/2026/11/01m7yet7x8mnhgby7sg1trjhs2.toml
    hint: where one of them serves as well, say so: agentops session end --learning <first>; a search shows them together
    ");
    add(&sandbox, "--profile sre", DRAIN);
    let found = search(&sandbox, "jitter");
    assert_eq!(found["learnings"].as_array().unwrap().len(), 1);
    let linked = &found["learnings"][0]["linked"];
    assert_eq!((linked.as_array().unwrap().len(), &linked[0]["link"]), (1, &"near".into()));
    // What says the same in the same words is refused as ever.
    sandbox.agentops("learn add --profile product-dev --pattern").arg(JITTER).run().expect_code(1);
}

#[test]
fn the_cache_is_a_help_and_nothing_else() {
    let sandbox = governed();
    for (pattern, profile) in [(JITTER, "sre"), (INDEX, "product-dev"), (DRAIN, "sre")] {
        add(&sandbox, &format!("--profile {profile} --evidence src/main.rs:1"), pattern);
    }
    let asked = || sandbox.agentops("learn search --json clients index pods").run().expect_code(0).stdout;
    let cache = sandbox.path().join(".git/agentops/learnings.cache");
    let cold = asked();
    let kept = fs::read(&cache).unwrap();
    assert_eq!(asked(), cold);
    assert_eq!(fs::read(&cache).unwrap(), kept, "nothing new, nothing written");
    assert_eq!(sandbox.git("status --porcelain"), "", "nothing in the tree");
    let damaged = kept.iter().map(|byte| byte ^ 1).collect::<Vec<u8>>();
    for content in [&b""[..], b"something else\n", &kept[..kept.len() / 2], &damaged] {
        fs::write(&cache, content).unwrap();
        assert_eq!(asked(), cold);
        assert_eq!(fs::read(&cache).unwrap(), kept, "made anew");
    }
    fs::remove_file(&cache).unwrap();
    fs::create_dir(&cache).unwrap();
    assert_eq!(asked(), cold, "it cannot be written");
    fs::remove_dir(&cache).unwrap();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| sandbox.agentops("learn search --json clients index pods")).collect();
        let runs: Vec<_> = runs.into_iter().map(|run| scope.spawn(move || run.run().expect_code(0).stdout)).collect();
        runs.into_iter().for_each(|run| assert_eq!(run.join().unwrap(), cold));
    });
    assert_eq!(fs::read(&cache).unwrap(), kept);
    // A linked worktree shares it, and a branch without the learnings finds none.
    let linked = sandbox.worktree("linked");
    assert_eq!(linked.agentops("learn search --json clients index pods").run().expect_code(0).stdout, cold);
    linked.git("reset --quiet --hard HEAD~3");
    assert_eq!(ids(&linked, "clients index pods"), [""; 0]);
}

/// Asks with what the cache has and without any, and puts the cache back: it is the same answer.
fn same_without_the_cache(sandbox: &Sandbox, when: &str) {
    let cache = sandbox.path().join(".git/agentops/learnings.cache");
    for arguments in ["clients index pods", "clients index pods --profile sre", "database --tag database --limit 1"] {
        let asked = || sandbox.agentops(&format!("learn search --json {arguments}")).run().expect_code(0).stdout;
        let with = asked();
        let kept = fs::read(&cache).unwrap();
        fs::remove_file(&cache).unwrap();
        assert_eq!(asked(), with, "{when}: {arguments}");
        fs::write(&cache, kept).unwrap();
    }
}

#[test]
fn the_cache_follows_the_tree() {
    let sandbox = governed();
    same_without_the_cache(&sandbox, "nothing yet");
    let first = add(&sandbox, "--profile sre --tag database --evidence src/main.rs:1", JITTER);
    same_without_the_cache(&sandbox, "the first one");
    add(&sandbox, "--profile product-dev --tag database", INDEX);
    add(&sandbox, &format!("--profile sre --tag database --supersedes {first}"), DRAIN);
    same_without_the_cache(&sandbox, "one that replaces");
    let cache = sandbox.path().join(".git/agentops/learnings.cache");
    let kept = fs::read(&cache).unwrap();
    sandbox.write("src/other.rs", "fn other() {}\n");
    sandbox.commit_all(&lawful("feat: no learning"));
    ids(&sandbox, "kubernetes");
    assert_eq!(fs::read(&cache).unwrap(), kept, "the same learnings: nothing to write");
    let folder = format!(".agentops/sre/learnings/{}", "2026/11");
    let bad = format!("{folder}/01kbjd8r{:018}.toml", 7);
    sandbox.write(&bad, "v = 2\npattern = \"clients of no form\"\n");
    sandbox.git(&format!("add {bad}"));
    sandbox.git("commit --quiet --no-verify -m malformed");
    same_without_the_cache(&sandbox, "one that is malformed");
    assert_eq!(ids(&sandbox, "clients").len(), 1);
    sandbox.git("switch --quiet --detach HEAD~3");
    same_without_the_cache(&sandbox, "an older commit");
    assert_eq!(ids(&sandbox, "pods"), [""; 0]);
    sandbox.git("switch --quiet main");
    same_without_the_cache(&sandbox, "back again");
    sandbox.git(&format!("rm --quiet {folder}/{first}.toml"));
    sandbox.git("commit --quiet --no-verify -m gone");
    same_without_the_cache(&sandbox, "one is gone");
    // What an older program kept under this name is none of ours.
    fs::write(&cache, "agentops cache of blobs, form 1: words of learnings, form 2, words of form 1\n\0\0\0\0")
        .unwrap();
    assert_eq!(ids(&sandbox, "pods").len(), 1);
    same_without_the_cache(&sandbox, "another form");
}

#[test]
fn what_other_branches_have_stays_in_the_cache() {
    let sandbox = governed();
    add(&sandbox, "--profile sre", DRAIN);
    let id = add(&sandbox, "--profile sre", JITTER);
    assert_eq!(ids(&sandbox, "jitter"), [id.as_str()]);
    let blob = sandbox.git(&format!("rev-parse HEAD:.agentops/sre/learnings/2026/11/{id}.toml"));
    let blob: Vec<u8> = (0..20).map(|at| u8::from_str_radix(&blob[2 * at..2 * at + 2], 16).unwrap()).collect();
    let cache = || fs::read(sandbox.path().join(".git/agentops/learnings.cache")).unwrap();
    let has_it = |bytes: Vec<u8>| bytes.windows(20).any(|part| part == blob);
    let before = cache();
    assert!(has_it(before.clone()));
    sandbox.git("switch --quiet --detach HEAD~1");
    assert_eq!(ids(&sandbox, "jitter"), [""; 0]);
    assert_ne!(cache(), before);
    assert!(has_it(cache()), "it is not read again after the next switch");
}

#[test]
fn hundreds_that_git_has_packed_are_searched() {
    let sandbox = governed();
    let model = add(&sandbox, "--profile sre --tag database", JITTER);
    let folder = ".agentops/sre/learnings/2026/11";
    let text = sandbox.read(&format!("{folder}/{model}.toml"));
    for number in 0..400 {
        let id = format!("01kbjd8r{number:018}");
        let pattern = format!("Shard {number} of the index took {} seconds", 7 * number);
        sandbox.write(&format!("{folder}/{id}.toml"), text.replace(&model, &id).replace(JITTER, &pattern));
    }
    sandbox.git("add .agentops");
    sandbox.git("commit --quiet --no-verify -m many");
    sandbox.git("gc --quiet");
    same_without_the_cache(&sandbox, "packed");
    for number in [0, 1, 200, 399] {
        let found = ids(&sandbox, &format!("shard {number} --limit 1"));
        assert_eq!(found, [format!("01kbjd8r{number:018}")]);
    }
}

#[test]
fn a_shallow_clone_searches_without_what_it_cannot_see() {
    let sandbox = governed();
    add(&sandbox, "--profile sre --evidence src/main.rs:1", JITTER);
    sandbox.write("src/main.rs", "fn changed() {}\n");
    sandbox.commit_all(&lawful("feat: change it"));
    assert_eq!(search(&sandbox, "jitter")["learnings"][0]["aged"][0]["change"], "changed");
    let dir = sandbox.root().join("shallow");
    let url = format!("file://{}", sandbox.path().display());
    sandbox.try_git("clone --quiet --depth 1").arg(url).arg(&dir).run().expect_code(0);
    let shallow = sandbox.at(dir);
    let found = search(&shallow, "jitter");
    assert_eq!(found["learnings"][0]["aged"], serde_json::json!([]), "unknown");
}

#[test]
fn a_session_may_list_what_served_it_from_elsewhere() {
    let sandbox = governed();
    let foreign = add(&sandbox, "--profile sre", JITTER);
    let end = format!(
        "session end --learning {} --summary \"Read up on retries\" --improvement \"Alert on queue length\"",
        &foreign[..14]
    );
    as_agent(&sandbox, "session start").expect_code(0);
    as_agent(&sandbox, &end).expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
    // Before that edition a session lists its own profile's alone.
    sandbox.git("reset --quiet --hard HEAD~1");
    sandbox.write(".agentops/format.toml", sandbox.read(".agentops/format.toml").replace("laws = 2 ", "laws = 1 "));
    sandbox.git("commit --quiet --all --no-verify -m older");
    as_agent(&sandbox, "session start --force").expect_code(0);
    let refused = as_agent(&sandbox, &end).expect_code(2);
    assert!(refused.stderr.contains("belongs to profile `sre`"), "{}", refused.stderr);
}
