//! Writing blobs, trees and commits. Neither index nor working tree nor references change here.

use gix::objs::Write as _;
use gix::objs::tree::EntryKind;

use super::error::GitError;
use super::objects::from_gix;
use super::repo::Repo;
use crate::faults::{Write, reach};
use crate::model::commit::Person;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::Mode;

/// One path to set in a tree or in the index, or to take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEdit {
    /// Where.
    pub path: RepoPath,
    /// What is to be there; `None` removes what is.
    pub entry: Option<(Mode, ObjectId)>,
}

/// A commit to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents, the first one first.
    pub parents: Vec<ObjectId>,
    /// Its message.
    pub message: String,
    /// Who wrote it; `None`: as git is configured, now.
    pub author: Option<Person>,
    /// Who makes it; `None`: as git is configured, now.
    pub committer: Option<Person>,
}

impl Repo {
    /// Writes a blob.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<ObjectId, GitError> {
        let doing = "write a file into the object database";
        reach(Write::Blob).map_err(GitError::while_doing(doing))?;
        let id = self.objects.write_buf(gix::objs::Kind::Blob, bytes);
        Ok(from_gix(&id.map_err(GitError::while_doing(doing))?))
    }

    /// The id that a blob of these bytes has, without writing it.
    pub fn blob_id(&self, bytes: &[u8]) -> Result<ObjectId, GitError> {
        let id = gix::objs::compute_hash(self.hash, gix::objs::Kind::Blob, bytes);
        Ok(from_gix(&id.map_err(GitError::while_doing("compute an object id"))?))
    }

    /// Writes the tree that `base` (`None`: empty) becomes with `edits`. Folders come and go as needed.
    pub fn edit_tree(&self, base: Option<&ObjectId>, edits: &[TreeEdit]) -> Result<ObjectId, GitError> {
        let doing = || "write a tree".to_owned();
        let root = match base {
            Some(id) => {
                let bytes = self.read_tree(id, &"the tree to edit")?;
                let tree = gix::objs::TreeRef::from_bytes(&bytes, self.hash);
                tree.map_err(GitError::while_doing(format!("read the tree {id}")))?.into_owned()
            }
            None => gix::objs::Tree::empty(),
        };
        let mut editor = gix::objs::tree::Editor::new(root, &self.objects, self.hash);
        for edit in edits {
            check_path(&edit.path)?;
            let names = edit.path.as_bytes().split(|byte| *byte == b'/').map(gix::bstr::BStr::new);
            let edited = match &edit.entry {
                Some((mode, id)) => editor.upsert(names, entry_kind(*mode, &edit.path)?, self.write_id(id)?),
                None => editor.remove(names),
            };
            edited.map_err(GitError::while_doing(doing()))?;
        }
        reach(Write::Tree).map_err(GitError::while_doing(doing()))?;
        let id = editor.write(|tree| self.objects.write(tree));
        Ok(from_gix(&id.map_err(GitError::while_doing(doing()))?))
    }

    /// Writes a commit object, signed when `commit.gpgsign` is set. No reference moves; see `swap_ref`.
    pub fn create_commit(&self, commit: &NewCommit) -> Result<ObjectId, GitError> {
        let doing = "write a commit";
        let mut parents = Vec::with_capacity(commit.parents.len());
        for parent in &commit.parents {
            parents.push(self.write_id(parent)?);
        }
        let object = gix::objs::Commit {
            tree: self.write_id(&commit.tree)?,
            parents: parents.into_iter().collect(),
            author: self.signature(commit.author.as_ref(), true)?,
            committer: self.signature(commit.committer.as_ref(), false)?,
            encoding: None,
            message: commit.message.as_str().into(),
            extra_headers: Vec::new(),
        };
        let signing = self.inner.commit_signing_options_if_enabled();
        let object = match signing.map_err(GitError::while_doing("find the key to sign the commit with"))? {
            Some(options) => object.sign(options).map_err(GitError::while_doing(
                "sign the commit; check `user.signingKey`, or run `git config commit.gpgSign false`",
            ))?,
            None => object,
        };
        reach(Write::Commit).map_err(GitError::while_doing(doing))?;
        Ok(from_gix(&self.objects.write(&object).map_err(GitError::while_doing(doing))?))
    }

    /// A given person, or the one that git is configured with.
    pub(super) fn signature(&self, person: Option<&Person>, author: bool) -> Result<gix::actor::Signature, GitError> {
        if let Some(person) = person {
            let time = gix::date::Time { seconds: person.seconds, offset: 0 };
            return Ok(gix::actor::Signature {
                name: person.name.as_str().into(),
                email: person.email.as_str().into(),
                time,
            });
        }
        if let Some(signature) = self.signature_now(author) {
            return Ok(signature);
        }
        let configured = if author { self.inner.author() } else { self.inner.committer() };
        let doing = "read your identity from git's configuration";
        let signature = configured.ok_or(GitError::NoIdentity)?.and_then(|signature| signature.to_owned());
        let signature = signature.map_err(GitError::while_doing(doing))?;
        if signature.name.trim_ascii().is_empty() || signature.email.trim_ascii().is_empty() {
            return Err(GitError::NoIdentity);
        }
        Ok(signature)
    }

    /// What gix makes of the configuration, a hundred times as fast: to find the local time, gix walks over all zones that there
    /// are. `None` where it must be asked: a date is given, or the local time is not simply that of the system.
    fn signature_now(&self, author: bool) -> Option<gix::actor::Signature> {
        let date = if author { "gitoxide.commit.authorDate" } else { "gitoxide.commit.committerDate" };
        if self.config_get(date).is_some() {
            return None;
        }
        let Person { name, email, .. } = self.configured_identity(author)?;
        // A name of other bytes than text is written as it is, by gix.
        if name.contains('\u{fffd}') || email.contains('\u{fffd}') || name.trim().is_empty() || email.trim().is_empty()
        {
            return None;
        }
        let zone = jiff::tz::TimeZone::tzif("local", &std::fs::read(self.local_time.as_ref()?).ok()?).ok()?;
        let seconds = gix::date::Time::now_utc().seconds;
        let offset = zone.to_offset(jiff::Timestamp::from_second(seconds).ok()?).seconds();
        Some(gix::actor::Signature {
            name: name.into(),
            email: email.into(),
            time: gix::date::Time { seconds, offset },
        })
    }

    fn write_id(&self, id: &ObjectId) -> Result<gix::ObjectId, GitError> {
        self.own_id(id)
            .ok_or_else(|| GitError::MissingObject { id: id.to_string(), what: "to be referred to".to_owned() })
    }
}

/// Only paths that git itself would take.
pub(super) fn check_path(path: &RepoPath) -> Result<(), GitError> {
    if path.is_ordinary() {
        Ok(())
    } else {
        Err(GitError::UnsafePath { path: path.clone(), why: "it is not a plain relative path".to_owned() })
    }
}

fn entry_kind(mode: Mode, path: &RepoPath) -> Result<EntryKind, GitError> {
    match mode {
        Mode::Tree => Ok(EntryKind::Tree),
        Mode::File => Ok(EntryKind::Blob),
        Mode::Executable => Ok(EntryKind::BlobExecutable),
        Mode::Symlink => Ok(EntryKind::Link),
        Mode::Gitlink => Ok(EntryKind::Commit),
        Mode::Odd(bits) => {
            Err(GitError::UnsafePath { path: path.clone(), why: format!("{bits:o} is not a mode that git writes") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    fn edit(path: &str, entry: Option<(Mode, ObjectId)>) -> TreeEdit {
        TreeEdit { path: path.into(), entry }
    }

    #[test]
    fn trees_are_those_that_git_writes() {
        let sandbox = Sandbox::new();
        sandbox.write("a/b/c", "1").write("a/d", "2").write("e", "3").commit("first");
        let repo = sandbox.open();
        let blob = repo.write_blob(b"new").unwrap();
        assert_eq!(repo.blob_id(b"new").unwrap(), blob);
        let base = sandbox.id("HEAD^{tree}");
        let edits = [
            edit("a/b/c", None),
            edit("a/d", Some((Mode::Executable, blob))),
            edit("x/y/z", Some((Mode::File, blob))),
            edit("never/was", None),
        ];
        let tree = repo.edit_tree(Some(&base), &edits).unwrap();
        sandbox.git(&["rm", "-q", "a/b/c"]);
        sandbox.write("a/d", "new").write("x/y/z", "new").git(&["add", "-A"]);
        sandbox.git(&["update-index", "--chmod=+x", "a/d"]);
        assert_eq!(tree, sandbox.id(&sandbox.git(&["write-tree"])));
        let only = repo.edit_tree(None, &[edit("one", Some((Mode::File, blob)))]).unwrap();
        assert_eq!(repo.edit_tree(Some(&only), &[edit("one", None)]).unwrap(), repo.empty_tree());
        for path in ["", "../x", "a//b", "/a", ".git/config", "a/.GIT/x"] {
            let refused = repo.edit_tree(None, &[edit(path, Some((Mode::File, blob)))]);
            assert!(matches!(refused, Err(GitError::UnsafePath { .. })), "{path}");
        }
        sandbox.git(&["fsck", "--strict"]);
    }

    #[test]
    fn commits_are_those_that_git_reads() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        let repo = sandbox.open();
        let person = Person { name: "Ann Other".to_owned(), email: "ann@example.com".to_owned(), seconds: 1_234_567 };
        let tree = repo.tree_of(&first).unwrap();
        let message = "subject\n\nbody Grüße\n".to_owned();
        let new = NewCommit { tree, parents: vec![first], message, author: Some(person.clone()), committer: None };
        let id = repo.create_commit(&new).unwrap();
        assert_eq!(
            sandbox.git(&["log", "-1", "--format=%an|%ae|%at|%cn|%P", &id.to_string()]),
            format!("Ann Other|ann@example.com|1234567|Tess Ter|{first}")
        );
        let read = repo.commit(&id).unwrap();
        assert_eq!((read.message, read.author, read.parents), (new.message.clone(), person.clone(), vec![first]));
        let twice = NewCommit { committer: Some(person), ..new };
        assert_eq!(repo.create_commit(&twice).unwrap(), repo.create_commit(&twice).unwrap());
        assert_eq!(sandbox.id("HEAD"), first, "no reference moved");
        sandbox.git(&["fsck", "--strict"]);
    }

    #[test]
    fn nobody_commits_nothing() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        sandbox.git(&["config", "user.name", " "]);
        let repo = sandbox.open();
        let tree = repo.tree_of(&first).unwrap();
        let new = NewCommit { tree, parents: vec![first], message: "x".to_owned(), author: None, committer: None };
        assert!(matches!(repo.create_commit(&new), Err(GitError::NoIdentity)));
        assert!(matches!(repo.user_identity(), Err(GitError::NoIdentity)));
    }

    #[test]
    fn whoever_commits_now_is_who_gix_says() {
        let sandbox = Sandbox::new();
        sandbox.git(&["config", "author.email", "author@example.com"]);
        for zone in ["Etc/UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"] {
            let file = std::path::Path::new("/usr/share/zoneinfo").join(zone);
            let Ok(local) = jiff::tz::TimeZone::get(zone) else { continue };
            if !file.exists() {
                continue;
            }
            let repo = sandbox.open().where_local_time_is(Some(file));
            for author in [true, false] {
                let own = repo.signature_now(author).unwrap();
                let gix = sandbox.open().signature(None, author).unwrap();
                assert_eq!((&own.name, &own.email), (&gix.name, &gix.email));
                let at = jiff::Timestamp::from_second(own.time.seconds).unwrap();
                assert_eq!(own.time.offset, local.to_offset(at).seconds(), "{zone}");
                assert!(own.time.seconds.abs_diff(gix.time.seconds) < 100);
            }
        }
        assert!(sandbox.open().signature_now(true).is_none());
        assert!(sandbox.open().where_local_time_is(Some("/nowhere".into())).signature_now(true).is_none());
        let zone = sandbox.path().join(".git/config");
        assert!(sandbox.open().where_local_time_is(Some(zone)).signature_now(true).is_none(), "no zone at all");
    }

    #[test]
    fn a_rehearsal_changes_nothing() {
        let sandbox = Sandbox::new();
        let first = sandbox.write("file", "1").commit("first");
        let before = sandbox.git(&["count-objects", "-v"]);
        let repo = sandbox.open().rehearsal();
        let blob = repo.write_blob(b"new").unwrap();
        let edits = [edit("new", Some((Mode::File, blob)))];
        let tree = repo.edit_tree(Some(&repo.tree_of(&first).unwrap()), &edits).unwrap();
        let new = NewCommit { tree, parents: vec![first], message: "x\n".to_owned(), author: None, committer: None };
        let commit = repo.create_commit(&new).unwrap();
        assert_eq!(repo.range(Some(&first), &commit).unwrap().commits.len(), 1);
        repo.swap_ref("refs/heads/main", Some(&first), &commit, "x").unwrap();
        repo.update_index(&edits).unwrap();
        repo.write_worktree_file(&"new/er".into(), b"new").unwrap();
        repo.remove_worktree_file(&"file".into()).unwrap();
        assert!(
            matches!(repo.swap_ref("refs/heads/main", None, &commit, "x"), Err(GitError::LostRace { actual: Some(id), .. }) if id == first)
        );
        assert!(repo.write_worktree_file(&"file/x".into(), b"").is_err());
        assert_eq!(sandbox.git(&["count-objects", "-v"]), before);
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        assert_eq!(sandbox.id("HEAD"), first);
    }

    #[test]
    fn a_commit_beside_the_index_leaves_all_else_as_it_was() {
        let sandbox = Sandbox::new();
        let first = sandbox.write("edited", "1").write("staged", "1").write("old", "1").commit("first");
        sandbox.write("edited", "2").write("staged", "2").write("untracked", "2").git(&["add", "staged"]);
        let repo = sandbox.open();
        let blob = repo.write_blob(b"new").unwrap();
        let edits = [edit("dir/new", Some((Mode::File, blob))), edit("old", None)];
        let tree = repo.edit_tree(Some(&repo.tree_of(&first).unwrap()), &edits).unwrap();
        let new =
            NewCommit { tree, parents: vec![first], message: "second\n".to_owned(), author: None, committer: None };
        let second = repo.create_commit(&new).unwrap();
        repo.write_worktree_file(&"dir/new".into(), b"new").unwrap();
        repo.remove_worktree_file(&"old".into()).unwrap();
        repo.swap_ref("refs/heads/main", Some(&first), &second, "second").unwrap();
        repo.update_index(&edits).unwrap();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), " M edited\nM  staged\n?? untracked");
        assert_eq!(
            sandbox.git(&["show", "--format=%s", "--name-status", "--no-renames"]),
            "second\n\nA\tdir/new\nD\told"
        );
        sandbox.git(&["fsck", "--strict"]);
    }

    #[test]
    fn commits_are_signed_when_git_is_told_to() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        let key = sandbox.beside("key");
        let made =
            std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        if !made.is_ok_and(|status| status.success()) {
            // Without OpenSSH there is nothing to sign with.
            return;
        }
        let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
        std::fs::write(sandbox.beside("signers"), format!("tess@example.com {public}")).unwrap();
        for (name, value) in [
            ("commit.gpgSign", "true"),
            ("gpg.format", "ssh"),
            ("user.signingKey", key.to_str().unwrap()),
            ("gpg.ssh.allowedSignersFile", sandbox.beside("signers").to_str().unwrap()),
        ] {
            sandbox.git(&["config", name, value]);
        }
        let repo = sandbox.open();
        let tree = repo.tree_of(&first).unwrap();
        let new =
            NewCommit { tree, parents: vec![first], message: "signed\n".to_owned(), author: None, committer: None };
        let id = repo.create_commit(&new).unwrap();
        sandbox.git(&["verify-commit", &id.to_string()]);
        assert_eq!(repo.commit(&id).unwrap().message, "signed\n");
        sandbox.git(&["config", "user.signingKey", "/nowhere/key"]);
        assert!(sandbox.open().create_commit(&new).is_err());
    }
}
