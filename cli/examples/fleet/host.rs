//! What a fleet is made of.

pub(crate) const REGIONS: [&str; 3] = ["eu", "us", "ap"];
/// How many connections the service of a region allows at once.
pub(crate) const CONNECTIONS: u32 = 20;

/// A host, as it is ordered.
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) region: &'static str,
    pub(crate) never_comes_up: bool,
}

/// Hosts that are spread over all regions. Three of them never come up.
pub(crate) fn hosts(count: usize) -> Vec<Host> {
    let host = |at: usize| Host {
        name: format!("{}{at:03}", REGIONS[at % REGIONS.len()]),
        region: REGIONS[at % REGIONS.len()],
        never_comes_up: (1..=3).any(|dead| at == dead * count / 4),
    };
    (0..count).map(host).collect()
}
