//! Many names in one arena, found by a hash index that holds no text itself.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;

/// The number of a name, in order of first mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NameId(pub(crate) u32);

impl NameId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    arena: String,
    ends: Vec<u32>,
    index: HashTable<Entry>,
}

/// Half of the hash is kept, so that most look-ups read one name only, and growing reads none.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    name: NameId,
}

impl Names {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, name: NameId) -> &str {
        text(&self.arena, &self.ends, name)
    }

    pub(crate) fn find(&self, name: &str) -> Option<NameId> {
        self.find_hashed(name, short_hash(name))
    }

    /// The id of a name, known or new.
    ///
    /// # Panics
    ///
    /// If the names together pass 4 GiB.
    pub(crate) fn intern(&mut self, name: &str) -> NameId {
        let hash = short_hash(name);
        self.find_hashed(name, hash).unwrap_or_else(|| self.add(name, hash))
    }

    fn find_hashed(&self, name: &str, hash: u32) -> Option<NameId> {
        let is_it = |entry: &Entry| entry.hash == hash && self.get(entry.name) == name;
        self.index.find(spread(hash), is_it).map(|entry| entry.name)
    }

    /// A second look-up, but only for new names; to look for the place and the name at once costs more, since most
    /// names are known.
    fn add(&mut self, name: &str, hash: u32) -> NameId {
        let id = NameId(self.ends.len() as u32);
        self.index.insert_unique(spread(hash), Entry { hash, name: id }, |entry| spread(entry.hash));
        self.arena.push_str(name);
        self.ends.push(u32::try_from(self.arena.len()).expect("the names of a plan fit in 4 GiB"));
        id
    }
}

fn text<'a>(arena: &'a str, ends: &[u32], name: NameId) -> &'a str {
    let start = if name.0 == 0 { 0 } else { ends[name.index() - 1] };
    &arena[start as usize..ends[name.index()] as usize]
}

/// A fixed seed: names come from the program, not from an enemy, and equal input shall give equal work.
fn short_hash(name: &str) -> u32 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    hasher.write(name.as_bytes());
    (hasher.finish() >> 32) as u32
}

/// A full-width hash from the half that is kept.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_id() {
        let mut names = Names::default();
        let all: Vec<String> =
            (0..2_000).map(|i| format!("job {i}")).chain([String::new(), "ü".into()]).collect();
        let ids: Vec<NameId> = all.iter().map(|name| names.intern(name)).collect();
        for (name, id) in all.iter().zip(&ids) {
            assert_eq!(names.intern(name), *id);
            assert_eq!(names.find(name), Some(*id));
            assert_eq!(names.get(*id), name);
        }
        assert_eq!(names.len(), all.len());
        assert_eq!(names.find("job 2000"), None);
    }
}
