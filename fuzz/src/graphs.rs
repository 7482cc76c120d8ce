//! Graphs that are made of bytes, with all the mistakes that one can make.

use dojobber::Graph;

/// A graph, and the names of its jobs in order of declaration.
///
/// Each job takes a few bytes: its kind, its name, and the names that it is after or before. Names repeat, name nothing
/// that exists, are empty, or hold what no name may.
pub(crate) fn any(bytes: &[u8]) -> (Graph<'static>, Vec<String>) {
    let (mut bytes, mut names) = (bytes.iter().copied(), Vec::new());
    let mut graph = Graph::new();
    while let Some(head) = bytes.next() {
        let name = name(bytes.next().unwrap_or(0), names.len());
        names.push(name.clone());
        let mut open = graph.job(name);
        for _ in 0..head % 4 {
            let other = bytes.next().unwrap_or(0);
            let on = self::name(other, usize::from(other / 2));
            open = if other % 5 == 4 { open.before(on) } else { open.after(on) };
        }
        if head & 0x10 > 0 {
            open = open.tries(u32::from(head >> 5));
        }
        if head & 0x0c == 0x0c {
            open = open.cleanup(|_| ());
        }
        graph = match head >> 6 {
            0 => open.group(),
            1 => open.check(|_| true).run(|_| ()),
            2 => open.check_only(|_| true),
            _ => open.run_only(|_| ()),
        };
    }
    (graph, names)
}

fn name(byte: u8, place: usize) -> String {
    match byte {
        0xf0 => String::new(),
        0xf1 => "a\nb".to_owned(),
        0xf2 => "job 0".to_owned(),
        0xf3 => "\u{202e}ö".repeat(place % 50),
        _ => format!("job {place}"),
    }
}
