//! Repositories, indexes and entries of every kind. Case 10.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::found;
use crate::sandbox::{Sandbox, lawful};

#[test]
fn case_10_first_commit_orphan_branch_and_detached_head() {
    // The very first commit brings the laws and is judged by them.
    let sandbox = Sandbox::new();
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    let donor = Sandbox::adopted();
    let copy = |from: &Sandbox| {
        for entry in walkdir::WalkDir::new(from.path().join(".agentops")).into_iter().map(Result::unwrap) {
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(from.path()).unwrap().to_string_lossy().into_owned();
                sandbox.write(&path, fs::read(entry.path()).unwrap());
            }
        }
        sandbox.git("add .agentops");
    };
    copy(&donor);
    sandbox.plant();
    found(&sandbox.try_git("commit --quiet -m first").run());
    sandbox.uproot();
    sandbox.try_git("commit --quiet -m first").run().expect_code(0);
    sandbox.guards("feat: second");
    // A branch without a commit, with the laws and without them.
    sandbox.git("switch --quiet --orphan begun");
    copy(&donor);
    sandbox.plant();
    found(&sandbox.try_git("commit --quiet -m first").run());
    sandbox.git("rm -r --quiet --cached .");
    sandbox.uproot();
    sandbox.write("page.html", "hello\n");
    sandbox.git("add page.html");
    let output = sandbox.try_git("commit --quiet -m pages").run().expect_code(0);
    assert!(output.stderr.contains("not judged: neither HEAD nor what is staged has `.agentops`"), "{}", output.stderr);
    sandbox.git("switch --quiet --force --detach main");
    sandbox.guards("feat: on no branch");
}

#[test]
fn case_10_a_shallow_clone() {
    let origin = Sandbox::hooked();
    for number in 0..3 {
        origin.write("a.txt", format!("{number}\n"));
        origin.git("add a.txt");
        origin.commit(&format!("feat: number {number}"), "").expect_code(0);
    }
    let clone = origin.at(origin.root().join("shallow"));
    let from = format!("file://{}", origin.path().display());
    origin.try_git("clone --quiet --depth 1").arg(from).arg(clone.path()).run().expect_code(0);
    clone.agentops("hooks install --quiet").run().expect_code(0);
    clone.guards("feat: in the shallow");
    // Its first commit has a parent that is not here.
    clone.git("reset --quiet --hard origin/main");
    clone.plant();
    let unseen = clone.try_git("commit --quiet --amend --no-edit").run().expect_code(1);
    assert!(unseen.stderr.contains("`git fetch --unshallow`"), "{}", unseen.snapshot());
    clone.git("fetch --quiet --unshallow");
    found(&clone.try_git("commit --quiet --amend --no-edit").run());
    clone.uproot();
    clone.try_git("commit --quiet --amend --no-edit").run().expect_code(0);
    clone.agentops("hooks status").run().expect_code(0);
}

#[test]
fn case_10_a_partial_clone() {
    let origin = Sandbox::hooked();
    origin.git("config uploadpack.allowFilter true");
    let clone = origin.at(origin.root().join("partial"));
    let from = format!("file://{}", origin.path().display());
    let arguments = "clone --quiet --filter=blob:none --no-checkout";
    origin.try_git(arguments).arg(from).arg(clone.path()).run().expect_code(0);
    let unseen = clone.agentops("check --all").run().expect_code(1);
    assert!(unseen.stderr.contains("`git fetch --refetch --no-filter`"), "{}", unseen.snapshot());
    clone.git("fetch --quiet --refetch --no-filter");
    clone.agentops("check --all").run().expect_code(0);
    clone.git("checkout --quiet main");
    clone.agentops("hooks install --quiet").run().expect_code(0);
    clone.guards("feat: in the partial one");
}

#[test]
fn case_10_sha256() {
    let sandbox = Sandbox::without_repository();
    sandbox.git("init --quiet --object-format=sha256");
    sandbox.adopt();
    sandbox.agentops("hooks install --strict --quiet").run().expect_code(0);
    sandbox.guards("feat: long ids");
    sandbox.plant();
    found(&sandbox.try_git("commit --quiet --amend --no-edit").run());
    found(&sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("feat: past")).run());
    sandbox.uproot();
    let linked = sandbox.worktree("linked");
    linked.guards("feat: in a worktree");
}

#[test]
fn case_10_indexes_of_every_kind() {
    let settings = [
        "index.version 2",
        "index.version 4",
        "core.splitIndex true",
        "core.untrackedCache true",
        "core.fsmonitor true",
        "index.skipHash true",
        "feature.manyFiles true",
        "index.threads 4",
    ];
    let sandbox = Sandbox::hooked();
    sandbox.write("deep/er/file.txt", "1\n");
    sandbox.git("add .");
    sandbox.commit("feat: a deep one", "").expect_code(0);
    for setting in settings {
        let name = setting.split(' ').next().unwrap();
        sandbox.git(&format!("config {setting}"));
        sandbox.git("update-index --force-write-index");
        sandbox.git("status --short");
        sandbox.guards(&format!("feat: with {setting}"));
        sandbox.write("deep/er/file.txt", setting);
        sandbox.commit(&format!("feat: deep with {setting}"), "-a").expect_code(0);
        if name == "core.splitIndex" {
            assert!(sandbox.git("rev-parse --shared-index-path").contains("sharedindex"));
        }
        sandbox.try_git("fsmonitor--daemon stop").run();
        sandbox.git(&format!("config --unset {name}"));
    }
}

#[test]
fn case_10_sparse_checkouts_and_marks_on_entries() {
    for form in ["--cone --sparse-index", "--cone --no-sparse-index", "--no-cone"] {
        let sandbox = Sandbox::hooked();
        for path in ["in/a.txt", "out/b.txt", "out/deep/c.txt", "kept.txt", "hidden.txt"] {
            sandbox.write(path, "1\n");
        }
        sandbox.git("add .");
        sandbox.commit("feat: begin", "").expect_code(0);
        let what = if form == "--no-cone" { "/in/ /planted.json /*.txt" } else { "in" };
        sandbox.git(&format!("sparse-checkout set {form} {what}"));
        assert!(!sandbox.path().join("out").exists());
        sandbox.guards("feat: outside of it");
        // A file that is not checked out is no deletion; one that is staged there is found.
        assert_eq!(sandbox.git("show --format= --name-only HEAD"), "feat--outside-of-it.txt");
        let blob = sandbox.try_git("hash-object -w --stdin").stdin("{\n").run().stdout;
        sandbox.git(&format!("update-index --add --cacheinfo 100644,{},out/deep/bad.json", blob.trim()));
        let output = sandbox.commit("feat: a bad one", "");
        assert!(output.stderr.contains("error[AO-Y1] out/deep/bad.json"), "{form}: {}", output.snapshot());
        sandbox.git("update-index --force-remove out/deep/bad.json");
        // What git was told not to look at.
        sandbox.git("update-index --skip-worktree kept.txt");
        sandbox.git("update-index --assume-unchanged hidden.txt");
        fs::remove_file(sandbox.path().join("kept.txt")).unwrap();
        sandbox.write("hidden.txt", "2\n");
        sandbox.guards("feat: with marks");
        assert_eq!(sandbox.git("show --format= --name-only HEAD"), "feat--with-marks.txt");
    }
}

#[test]
fn case_10_entries_of_every_kind() {
    let sandbox = Sandbox::hooked();
    for path in ["renamed.txt", "mode.txt", "type.txt", "gone.txt", "folder.txt"] {
        sandbox.write(path, format!("{path}\n"));
    }
    sandbox.git("add .");
    sandbox.commit("feat: begin", "").expect_code(0);
    sandbox.git("mv renamed.txt elsewhere.txt");
    fs::set_permissions(sandbox.path().join("mode.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.git("rm --quiet gone.txt folder.txt type.txt");
    sandbox.write("folder.txt/now.txt", "1\n");
    std::os::unix::fs::symlink("mode.txt", sandbox.path().join("type.txt")).unwrap();
    std::os::unix::fs::symlink("{ nowhere", sandbox.path().join("link.json")).unwrap();
    sandbox.git("add --all");
    let head = sandbox.git("rev-parse HEAD");
    sandbox.git(&format!("update-index --add --cacheinfo 160000,{head},module.json"));
    sandbox.write("intended.json", "{\n");
    sandbox.git("add --intent-to-add intended.json");
    sandbox.write("binary.bin", [0, 159, 146, 150, 255, 0]);
    sandbox.write("empty.txt", "");
    sandbox.git("add binary.bin empty.txt");
    sandbox.guards("feat: every kind");
    let names = sandbox.git("show --format= --name-status --no-renames HEAD");
    for line in
        ["M\tmode.txt", "T\ttype.txt", "D\tgone.txt", "D\tfolder.txt", "A\tfolder.txt/now.txt", "A\tmodule.json"]
    {
        assert!(names.contains(line), "{line}: {names}");
    }
    assert!(!names.contains("intended.json"), "{names}");
    // Intended no more: `-a` takes its content.
    let output = sandbox.commit("feat: as intended", "-a");
    assert!(output.stderr.contains("error[AO-Y1] intended.json"), "{}", output.snapshot());
}

#[test]
fn case_10_unmerged_entries() {
    let sandbox = Sandbox::forked();
    sandbox.try_git("merge --quiet side").run().expect_code(1);
    // Git ends such a commit by itself; asked by hand we judge nothing, and say so.
    assert_eq!(sandbox.try_git("commit --quiet -m wip").run().code, Some(128));
    let told = sandbox.agentops("hooks run pre-commit").run().expect_code(1);
    assert!(told.stderr.contains("README.md") && told.stderr.contains("lets nothing pass"), "{}", told.snapshot());
    sandbox.write("README.md", "both\n");
    sandbox.git("add README.md");
    sandbox.plant();
    found(&sandbox.try_git("commit --quiet --no-edit").run());
    sandbox.uproot();
    sandbox.commit("chore(merge): the README of both", "").expect_code(0);
}

#[test]
fn case_10_odd_names() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::hooked();
    let names: [&[u8]; 6] =
        [b"new\nline.json", b"tab\t\"quoted\".json", b"lat\xe9in.json", b"-dash.json", b" space .json", b"a:b.json"];
    for (number, name) in names.into_iter().enumerate() {
        let file = sandbox.path().join(std::ffi::OsStr::from_bytes(name));
        if fs::write(&file, "{\n").is_err() {
            // Not every file system takes every name.
            continue;
        }
        sandbox.git("add --all");
        let output = sandbox.commit(&format!("feat: odd {number}"), "");
        refused_once(&output, number);
        fs::write(&file, "{}\n").unwrap();
        sandbox.git("add --all");
        sandbox.commit(&format!("feat: odd {number}"), "").expect_code(0);
    }
    assert!(sandbox.git("rev-list --count HEAD").parse::<usize>().unwrap() > 4);
}

#[track_caller]
fn refused_once(output: &crate::sandbox::Output, number: usize) {
    assert_eq!(output.stderr.matches("error[AO-Y1]").count(), 1, "{number}: {}", output.snapshot());
    assert_eq!(output.code, Some(1));
}

#[test]
fn case_10_pointers_of_large_files_and_large_files_themselves() {
    let sandbox = Sandbox::hooked();
    // What `git lfs` stages: the pointer alone is in the store of objects.
    let clean = "sh -c \"cat > .git/kept; printf \\\"version https://git-lfs.github.com/spec/v1\\noid sha256:%064d\\nsize 9\\n\\\" 7\"";
    sandbox.try_git("config filter.lfs.clean").arg(clean).run().expect_code(0);
    sandbox.git("config filter.lfs.required true");
    sandbox.git("config filter.lfs.smudge \"cat .git/kept\"");
    sandbox.write(".gitattributes", "*.json.lfs filter=lfs -text\n");
    sandbox.write("model.json.lfs", "{ far too large to be read\n");
    sandbox.git("add .");
    sandbox.guards("feat: a pointer");
    assert!(sandbox.git("show HEAD:model.json.lfs").starts_with("version https://git-lfs"));
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.write("large.bin", vec![b'x'; 20 << 20]);
    sandbox.git("add large.bin");
    sandbox.guards("feat: a large one");
}
