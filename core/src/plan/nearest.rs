//! The name that was probably meant.

use crate::plan::alike::look_alike;

/// Searches for names, and the steps that all of them together may take: a graph with many wrong names among many long
/// ones is told about them in the time that a few take.
pub(super) struct Search {
    left: u64,
}

/// A name that may have been meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    /// The nest that it is inside of: its last part is known without the name of that.
    pub(super) nest: Option<&'a str>,
}

impl<'a> Candidate<'a> {
    /// The name as it is said inside of its nest.
    #[inline]
    pub(super) fn last_part(self) -> &'a str {
        let within = self.nest.and_then(|nest| self.name.strip_prefix(nest)?.strip_prefix('/'));
        within.unwrap_or(self.name)
    }
}

impl Search {
    /// A step is a look at a candidate or the comparison of two characters: some milliseconds for all of them.
    const STEPS: u64 = 2_000_000;
    /// One search takes at most that part of the steps that are left, so that every one has some.
    const SHARE: u64 = 4;

    pub(super) fn new() -> Self {
        Search { left: Search::STEPS }
    }

    /// The name most like `wanted`, if one is alike enough to have been meant: the first of equals.
    pub(super) fn nearest<'a>(
        &mut self,
        wanted: &str,
        candidates: impl Iterator<Item = Candidate<'a>>,
    ) -> Option<String> {
        let mut comparison = Comparison::new(wanted, self.left / Search::SHARE);
        let mut best: Option<(usize, &str)> = None;
        for candidate in candidates {
            let allowed = best.map_or(comparison.allowed, |(distance, _)| distance.saturating_sub(1));
            let part = candidate.last_part();
            let by_part = || (part.len() < candidate.name.len()).then_some(part);
            let distances = std::iter::once(candidate.name).chain(by_part());
            let nearest = distances.filter_map(|name| comparison.distance(name, allowed)).min();
            if let Some(distance) = nearest.filter(|distance| best.is_none_or(|(best, _)| *distance < best)) {
                best = Some((distance, candidate.name));
            }
            if comparison.left == 0 || best.is_some_and(|(distance, _)| distance == 0) {
                break;
            }
        }
        self.left -= comparison.taken();
        best.map(|(_, name)| name.to_owned())
    }
}

/// A name that is compared with others.
struct Comparison<'w> {
    wanted: &'w str,
    /// In lower case.
    characters: Vec<char>,
    /// If all of it is ASCII.
    letters: Option<Letters>,
    /// The most changes that make of it a name that may have been meant.
    allowed: usize,
    other: Vec<char>,
    rows: [Vec<usize>; 3],
    steps: u64,
    left: u64,
}

impl<'w> Comparison<'w> {
    fn new(wanted: &'w str, steps: u64) -> Self {
        let characters: Vec<char> = wanted.chars().flat_map(char::to_lowercase).collect();
        let allowed = characters.len().max(3) / 3;
        Comparison {
            wanted,
            characters,
            letters: wanted.is_ascii().then(|| Letters::of(wanted)),
            allowed,
            other: Vec::new(),
            rows: Default::default(),
            steps,
            left: steps,
        }
    }

    fn taken(&self) -> u64 {
        self.steps - self.left
    }

    fn step(&mut self, steps: usize) {
        self.left = self.left.saturating_sub(steps as u64);
    }

    /// How many characters were added, left out, exchanged or put in another place, if no more than `most`. Capitals
    /// count as small letters.
    fn distance(&mut self, name: &str, most: usize) -> Option<usize> {
        self.step(1);
        if look_alike(self.wanted, name) {
            return Some(0);
        }
        if !name.is_ascii() {
            self.step(16); // the comparison was not for nothing
        }
        if name.len().abs_diff(self.wanted.len()) > 4 * most.max(1) {
            return None;
        }
        self.step(name.len() / 2);
        if self.letters.as_ref().is_some_and(|letters| name.is_ascii() && letters.lead_further(name, most)) {
            return None;
        }
        self.step(name.len());
        self.other.clear();
        self.other.extend(name.chars().flat_map(char::to_lowercase));
        // a name of which nothing is kept was not meant
        self.alignment(most).filter(|distance| *distance < self.characters.len())
    }

    /// Optimal string alignment, in a band around the diagonal: what leads out of it is further than `most`.
    fn alignment(&mut self, most: usize) -> Option<usize> {
        let (a, b) = (&self.characters, &self.other);
        if a.len().abs_diff(b.len()) > most {
            return None;
        }
        let far = most + 1;
        for row in &mut self.rows {
            row.clear();
            row.resize(b.len() + 1, far);
        }
        let [before, above, row] = &mut self.rows;
        (0..=b.len().min(most)).for_each(|at| above[at] = at);
        let mut steps = 0;
        for (i, x) in a.iter().enumerate() {
            let (first, last) = (i.saturating_sub(most), b.len().min(i + most + 1));
            row[first] = if first == 0 { (i + 1).min(far) } else { far };
            let mut least = row[first];
            for j in first..last {
                let y = b[j];
                let mut least_here = above[j] + usize::from(*x != y);
                least_here = least_here.min(above[j + 1] + 1).min(row[j] + 1);
                if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == y {
                    least_here = least_here.min(before[j - 1] + 1);
                }
                row[j + 1] = least_here.min(far);
                least = least.min(row[j + 1]);
            }
            if last < b.len() {
                row[last + 1] = far; // what the next row sees to the right of the band
            }
            steps += last - first;
            if least > most {
                self.step(steps);
                return None;
            }
            std::mem::swap(before, above);
            std::mem::swap(above, row);
        }
        let distance = above[b.len()];
        self.step(steps);
        (distance <= most).then_some(distance)
    }
}

/// How often each letter stands in a text; letters that are the same in the lower five bits are taken for one.
struct Letters([i32; 32]);

impl Letters {
    fn of(text: &str) -> Self {
        let mut counts = [0; 32];
        text.bytes().for_each(|letter| counts[usize::from(letter & 31)] += 1);
        Letters(counts)
    }

    /// Whether more than `most` changes are needed in any case: one change takes one letter away and adds another.
    fn lead_further(&self, name: &str, most: usize) -> bool {
        let mut counts = self.0;
        name.bytes().for_each(|letter| counts[usize::from(letter & 31)] -= 1);
        counts.iter().map(|count| count.unsigned_abs() as usize).sum::<usize>() > 2 * most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat<'a>(names: &'a [&'a str]) -> impl Iterator<Item = Candidate<'a>> {
        names.iter().map(|name| Candidate { name, nest: None })
    }

    #[track_caller]
    fn check(wanted: &str, names: &[&str], expected: Option<&str>) {
        assert_eq!(Search::new().nearest(wanted, flat(names)).as_deref(), expected);
    }

    #[test]
    fn one_change_for_three_characters() {
        check("compile", &["link", "compiel", "compile all"], Some("compiel"));
        check("COMPILE", &["compile"], Some("compile"));
        check("abcdef", &["abcdxy"], Some("abcdxy"));
        check("abcdef", &["abcxyz"], None);
        check("abcdef", &["bacdfe"], Some("bacdfe")); // two pairs change places
        check("ab", &["xb", "ax"], Some("xb")); // the first of equals
        check("x", &["y"], None);
        check("", &["a"], None);
        check("größe", &["GRÖSSE", "grösse"], None);
        check("größe", &["grösse", "größ"], Some("größ"));
    }

    #[test]
    fn the_band_finds_what_the_whole_table_finds() {
        let letters =
            ["a", "b", "ab", "ba", "aab", "bab", "abba", "baab", "aabb", "ababa", "bbbaa", "abaab", ""];
        for a in letters {
            for b in letters {
                let distance = by_definition(a, b);
                for most in 0..6 {
                    let mut comparison = Comparison::new(a, u64::MAX);
                    comparison.other = b.chars().collect();
                    let expected = (distance <= most).then_some(distance);
                    assert_eq!(comparison.alignment(most), expected, "{a} {b} {most}");
                }
            }
        }
    }

    /// Optimal string alignment by its definition.
    fn by_definition(a: &str, b: &str) -> usize {
        let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                table[i][j] = match (i, j) {
                    (0, _) | (_, 0) => i.max(j),
                    _ => {
                        let changed = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                        let mut least = changed.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                        if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                            least = least.min(table[i - 2][j - 2] + 1);
                        }
                        least
                    }
                };
            }
        }
        table[a.len()][b.len()]
    }

    #[test]
    fn the_last_part_of_a_nested_name_is_enough() {
        let nested = [
            Candidate { name: "db/install", nest: Some("db") },
            Candidate { name: "a/b/start", nest: Some("a/b") },
            Candidate { name: "tcp/ip", nest: None },
        ];
        let check = |wanted: &str, expected: Option<&str>| {
            assert_eq!(Search::new().nearest(wanted, nested.into_iter()).as_deref(), expected);
        };
        check("install", Some("db/install"));
        check("instal", Some("db/install"));
        check("strat", Some("a/b/start"));
        check("db/instal", Some("db/install"));
        check("ip", None); // a slash in a name makes no part
        check("b/start", Some("a/b/start"));
    }

    #[test]
    fn all_searches_together_take_a_bounded_number_of_steps() {
        let names: Vec<String> = (0..10_000).map(|i| format!("{} {i:09}", "x".repeat(170))).collect();
        let mut search = Search::new();
        for i in 0..100 {
            let wanted = format!("{} {i:09}", "y".repeat(170));
            let candidates = names.iter().map(|name| Candidate { name, nest: None });
            assert_eq!(search.nearest(&wanted, candidates), None);
        }
        assert!(search.left < Search::STEPS / 1_000);
        let candidates = names.iter().map(|name| Candidate { name, nest: None });
        assert_eq!(
            Search::new().nearest(&names[20].replace('x', "X"), candidates).as_ref(),
            Some(&names[20])
        );
    }

    #[test]
    fn a_name_among_ten_thousand_is_found() {
        let names: Vec<String> = (0..10_000).map(|i| format!("job of host {i}")).collect();
        let candidates = || names.iter().map(|name| Candidate { name, nest: None });
        assert_eq!(
            Search::new().nearest("jbo of host 7311", candidates()).as_deref(),
            Some("job of host 7311")
        );
    }
}
