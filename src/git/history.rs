//! Where in history a path changed, which commit has a tree, and where a commit was pushed to, which trailers there are. By the git command, whose walks
//! use the commit graph and its filters of changed paths.

use super::command::path_from;
use super::error::GitError;
use super::repo::Repo;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;

/// Which commits a walk over history looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// All that are reachable; a merge counts where the path differs from any parent.
    All,
    /// The line of first parents; a merge counts where the path differs from the first one.
    FirstParents,
}

impl Repo {
    /// The commits reachable from `tip` that change `path`, children before parents.
    pub fn commits_changing(&self, tip: &ObjectId, path: &RepoPath, walk: Walk) -> Result<Vec<ObjectId>, GitError> {
        let how = match walk {
            Walk::All => "--full-history",
            Walk::FirstParents => "--first-parent",
        };
        let command = self.git(["--literal-pathspecs", "rev-list", "--topo-order", how]).arg(tip.to_string());
        let listed = command.arg("--").arg(path_from(path.as_bytes())).text()?;
        Ok(listed.lines().filter_map(|line| ObjectId::parse(line).ok()).collect())
    }

    /// The commits reachable from `tip` whose messages have a line that matches `pattern`, an extended regular expression, in
    /// letters of any case; children before parents.
    pub fn commits_saying(&self, tip: &ObjectId, pattern: &str) -> Result<Vec<ObjectId>, GitError> {
        let how = ["rev-list", "--topo-order", "--extended-regexp", "--regexp-ignore-case"];
        let listed = self.git(how).arg(format!("--grep={pattern}")).arg(tip.to_string()).text()?;
        Ok(listed.lines().filter_map(|line| ObjectId::parse(line).ok()).collect())
    }

    /// The newest commit reachable from `tip` that has exactly the tree `tree`.
    pub fn commit_with_tree(&self, tip: &ObjectId, tree: &ObjectId) -> Result<Option<ObjectId>, GitError> {
        let listed = self.git(["log", "--no-show-signature", "--format=%T %H"]).arg(tip.to_string()).text()?;
        let wanted = tree.to_string();
        let mut pairs = listed.lines().filter_map(|line| line.split_once(' '));
        Ok(pairs.find(|(tree, _)| *tree == wanted).and_then(|(_, commit)| ObjectId::parse(commit).ok()))
    }

    /// The values of the trailers `key` in the messages of the commits reachable from `tip`, each with its commit.
    pub fn trailers(&self, tip: &ObjectId, key: &str) -> Result<Vec<(ObjectId, String)>, GitError> {
        let format = format!("--format=%H %(trailers:key={key},valueonly,unfold,separator=%x20)");
        let listed = self.git(["log", "--no-show-signature", &format]).arg(tip.to_string()).text()?;
        let mut found = Vec::new();
        for line in listed.lines() {
            let mut words = line.split(' ').filter(|word| !word.is_empty());
            if let Some(commit) = words.next().and_then(|word| ObjectId::parse(word).ok()) {
                found.extend(words.map(|value| (commit, value.to_owned())));
            }
        }
        Ok(found)
    }

    /// The remote-tracking branches that contain `commit`, e.g. `origin/main`, sorted.
    pub fn pushed_to(&self, commit: &ObjectId) -> Result<Vec<String>, GitError> {
        let command = self.git(["for-each-ref", "--format=%(refname)", "--contains"]).arg(commit.to_string());
        let listed = command.arg("refs/remotes/").text()?;
        let names = listed.lines().filter(|name| !name.ends_with("/HEAD"));
        Ok(names.map(|name| name.strip_prefix("refs/remotes/").unwrap_or(name).to_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn changes_of_a_path_are_found_beside_the_line_too() {
        let sandbox = Sandbox::new();
        sandbox.write("a*", "1").commit("first");
        sandbox.git(&["switch", "-q", "-c", "side"]);
        let side = sandbox.write("new", "1").commit("side");
        sandbox.git(&["switch", "-q", "main"]);
        let other = sandbox.write("ab", "1").commit("other");
        sandbox.git(&["merge", "-q", "--no-edit", "side"]);
        let repo = sandbox.open();
        let tip = repo.head_commit().unwrap();
        assert_eq!(repo.commits_changing(&tip, &"new".into(), Walk::All).unwrap(), [tip, side]);
        assert_eq!(repo.commits_changing(&tip, &"new".into(), Walk::FirstParents).unwrap(), [tip]);
        assert!(!repo.commits_changing(&tip, &"a*".into(), Walk::All).unwrap().contains(&other), "no pattern");
        let tree = repo.tree_of(&side).unwrap();
        assert_eq!(repo.commit_with_tree(&tip, &tree).unwrap(), Some(side));
        assert_eq!(repo.commit_with_tree(&other, &tree).unwrap(), None);
    }

    #[test]
    fn messages_are_looked_through_line_by_line() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("Fix(parser): one");
        sandbox.commit("feat: prefix\n\nno fix here");
        let third = sandbox.commit("feat: x\n\nfix: in the text");
        let tip = sandbox.commit("docs: x");
        assert_eq!(sandbox.open().commits_saying(&tip, "^(fix|revert)").unwrap(), [third, first]);
    }

    #[test]
    fn trailers_are_found_with_their_commits() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first\n\nSaid-By: one\nSaid-By: two");
        sandbox.commit("second\n\nSaid-By: in the text\n\nmore");
        let third = sandbox.commit("third\n\nsaid-by: three\nOther: x");
        let found = sandbox.open().trailers(&third, "Said-By").unwrap();
        let expected = [(third, "three"), (first, "one"), (first, "two")].map(|(id, value)| (id, value.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn pushes_are_known_by_remote_tracking_branches() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        let remote = sandbox.beside("remote.git");
        sandbox.git(&["clone", "-q", "--bare", ".", remote.to_str().unwrap()]);
        sandbox.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
        sandbox.git(&["fetch", "-q", "origin"]);
        let second = sandbox.commit("second");
        let repo = sandbox.open();
        assert_eq!(repo.pushed_to(&first).unwrap(), ["origin/main"]);
        assert_eq!(repo.pushed_to(&second).unwrap(), [""; 0]);
    }
}
