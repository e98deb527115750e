//! Many files read at once, in the order in which packs hold them.
//!
//! A pack keeps most files as the difference to another one, which is itself a difference, up to fifty deep. Read in any order,
//! each file costs all that it is built upon; read one after another as they lie there, each costs itself.

use gix::odb::pack;

use super::repo::Repo;
use super::tree::CommitTree;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::{SightError, TreeView as _};

impl Repo {
    /// The places of `ids` in the order of packs, and in each of its bytes; what no pack holds comes last, as it came. It tells how to
    /// read them fast and nothing else: a pack that cannot be looked into counts as absent.
    fn pack_order(&self, ids: &[ObjectId]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..ids.len()).collect();
        let packs = self.packs();
        let lies = |id: &ObjectId| {
            let own = self.own_id(id)?;
            packs
                .iter()
                .enumerate()
                .find_map(|(number, pack)| Some((number, pack.lookup(own).map(|at| pack.pack_offset_at_index(at))?)))
        };
        order.sort_by_cached_key(|place| lies(&ids[*place]).unwrap_or((usize::MAX, 0)));
        order
    }

    /// The tables of contents of all packs.
    fn packs(&self) -> Vec<pack::index::File> {
        let store = self.inner.objects.store_ref();
        let mut folders = vec![store.path().to_owned()];
        folders.extend(store.alternate_db_paths().unwrap_or_default());
        let mut files: Vec<_> = folders
            .iter()
            .filter_map(|folder| std::fs::read_dir(folder.join("pack")).ok())
            .flat_map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())))
            .filter(|path| path.extension().is_some_and(|extension| extension == "idx"))
            .collect();
        files.sort();
        files.into_iter().filter_map(|path| pack::index::File::at(path, self.hash).ok()).collect()
    }
}

impl CommitTree<'_> {
    /// What `work` makes of the bytes of each of `files`, in their order; they are read side by side. One of more than `limit`
    /// bytes, or that cannot be read, is the failure of all: the first such.
    pub fn each_blob<R: Send>(
        &self,
        files: &[(ObjectId, &RepoPath)],
        limit: u64,
        work: impl Fn(&[u8]) -> R + Sync,
    ) -> Result<Vec<R>, SightError> {
        let ids: Vec<ObjectId> = files.iter().map(|(id, _)| *id).collect();
        let order = self.repo().pack_order(&ids);
        let parts = self.in_parts(&order, |tree, part| {
            let read = |place: &usize| {
                let (id, path) = &files[*place];
                tree.blob(id, path, limit).map(|bytes| work(&bytes))
            };
            part.iter().map(read).collect::<Vec<_>>()
        });
        let mut results: Vec<(usize, Result<R, SightError>)> =
            order.into_iter().zip(parts.into_iter().flatten()).collect();
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    fn text(number: usize) -> String {
        (0..40)
            .map(|line| format!("line {line} of many, the same in all but {}\n", number * usize::from(line == 20)))
            .collect()
    }

    #[test]
    fn neighbours_in_a_pack_come_one_after_another() {
        let sandbox = Sandbox::new();
        for number in 0..20 {
            sandbox.write(&format!("{number:03}"), text(number));
        }
        sandbox.commit("packed");
        sandbox.git(&["gc", "--quiet"]);
        sandbox.write("loose", "loose").write("another", "loose as well").commit("loose");
        let mut ids: Vec<ObjectId> = (0..20).map(|number| sandbox.id(&format!("HEAD:{number:03}"))).collect();
        ids.insert(0, sandbox.id("HEAD:loose"));
        ids.push(sandbox.id("HEAD:another"));
        let index = std::fs::read_dir(sandbox.path().join(".git/objects/pack")).unwrap();
        let index = index.map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "idx").unwrap();
        // Git's own list: id, type, size, size in the pack, offset.
        let listed = sandbox.git(&["verify-pack", "--verbose", index.to_str().unwrap()]);
        let offset_of = |id: &ObjectId| -> Option<u64> {
            listed.lines().find(|line| line.starts_with(&id.to_string()))?.split_whitespace().nth(4)?.parse().ok()
        };
        let order = sandbox.open().pack_order(&ids);
        let offsets: Vec<Option<u64>> = order.iter().map(|place| offset_of(&ids[*place])).collect();
        assert!(offsets[..20].is_sorted() && offsets[..20].iter().all(Option::is_some), "{offsets:?}");
        assert_eq!(order[20..], [0, 21], "what is in no pack keeps its order");
    }

    #[test]
    fn each_comes_in_its_place_and_the_first_failure_is_told() {
        let sandbox = Sandbox::new();
        for number in 0..300 {
            sandbox.write(&format!("{number:03}"), text(number));
        }
        let commit = sandbox.commit("many");
        sandbox.git(&["gc", "--quiet"]);
        let repo = sandbox.open().on_threads(2);
        let tree = repo.tree(&repo.tree_of(&commit).unwrap());
        let mut files: Vec<(ObjectId, RepoPath)> = tree
            .list(&RepoPath::default())
            .unwrap()
            .into_iter()
            .map(|entry| (entry.id, RepoPath::from_bytes(entry.name)))
            .collect();
        let read = |files: &[(ObjectId, RepoPath)], limit| {
            let files: Vec<(ObjectId, &RepoPath)> = files.iter().map(|(id, path)| (*id, path)).collect();
            tree.each_blob(&files, limit, |bytes| String::from_utf8(bytes.to_vec()).unwrap())
        };
        let expected: Vec<String> = (0..300).map(text).collect();
        assert_eq!(read(&files, 10_000).unwrap(), expected);
        assert_eq!(read(&[], 10_000).unwrap(), [""; 0]);
        let shortest = text(0).len() as u64;
        let too_large = read(&files, shortest).unwrap_err();
        assert!(matches!(&too_large, SightError::TooLarge { path, .. } if path == "010"), "{too_large}");
        files[7].0 = ObjectId::parse(&"1".repeat(40)).unwrap();
        let missing = read(&files, shortest).unwrap_err();
        assert!(matches!(&missing, SightError::Missing { what, .. } if what == "007"), "{missing}");
    }
}
