//! A report as JSON that is also read by people and by `grep` and `diff`: a line for each job.

use std::io::{self, Write};

use dojobber::Report;
use serde::Serialize as _;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// The whole file. It takes half of the place that it would if each field had a line.
pub(crate) fn saved(report: &Report) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    report.serialize(&mut Serializer::with_formatter(&mut bytes, Lines::default()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Breaks lines between the fields of the whole, and between the elements of its lists.
#[derive(Default)]
struct Lines {
    depth: usize,
    /// Whether there is something in the list or the object that ends next.
    is_filled: bool,
}

impl Lines {
    fn begin(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.is_filled = false;
        out.write_all(bracket)
    }

    fn end(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.is_filled && self.depth < 2 {
            self.line_break(out)?;
        }
        self.is_filled = true;
        out.write_all(bracket)
    }

    fn separate(&self, out: &mut (impl Write + ?Sized), first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if self.depth <= 2 { self.line_break(out) } else { Ok(()) }
    }

    fn line_break(&self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        out.write_all(&b"\n    "[..1 + 2 * self.depth])
    }
}

impl Formatter for Lines {
    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_filled = true;
        Ok(())
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.depth == 1 { b": " } else { b":" })
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_filled = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::Graph;

    #[test]
    fn each_job_is_a_line() {
        let plan = Graph::new().job("a").group().job("b").after("a").group().compile().unwrap();
        let report = plan.run(()).into_report();
        let text = String::from_utf8(saved(&report).unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["{", "  \"dojobber_report\": 2,"]);
        let expected = [
            "  \"jobs\": [",
            r#"    {"name":"a","kind":"group","after":[],"status":"satisfied","phases":[]},"#,
            r#"    {"name":"b","kind":"group","after":[0],"status":"satisfied","phases":[]}"#,
            "  ],",
            "  \"nests\": []",
            "}",
        ];
        assert_eq!(lines[lines.len() - 6..], expected);
    }
}
