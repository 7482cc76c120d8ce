//! Reads saved reports, and says in a newcomer's words what else a file is.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

use dojobber_core::Report;
use serde_json::error::Category;

use super::error::RenderError;
use super::streams::read_to_end;

/// What some editors and shells put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How a journal begins.
const JOURNAL: &[u8] = b"{\"len\":";
/// The beginnings of files that hold something else, and what opens those.
const PACKED: [(&[u8], &str, &str); 5] = [
    (b"\x1f\x8b", "gzip", "gzip -dc"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstd -dc"),
    (b"\xfd7zXZ", "xz", "xz -dc"),
    (b"BZh", "bzip2", "bzip2 -dc"),
    (b"PK\x03\x04", "zip", "unzip -p"),
];

/// Reads a report that was saved as JSON, or the journal of a run; `-` is standard input.
///
/// # Errors
///
/// [`RenderError`] if it cannot be read, is not JSON, is of another version or does not fit together; it says where.
pub fn read_report(path: &Path) -> Result<Report, RenderError> {
    let error = |source| RenderError::Report { path: path.to_owned(), source };
    let bytes = read(path).map_err(|source| error(source.into()))?;
    parse(&bytes).map_err(error)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new("-") {
        return fs::read(path);
    }
    read_to_end(io::stdin().lock())
}

fn parse(bytes: &[u8]) -> Result<Report, Box<dyn Error + Send + Sync>> {
    if let Some(what) = something_else(bytes) {
        return Err(what.into());
    }
    if bytes.starts_with(JOURNAL) {
        return Ok(Report::read_journal(bytes)?);
    }
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Syntax => format!("it is not JSON: {error}").into(),
        Category::Eof => format!("it is not whole: {error}").into(),
        Category::Data | Category::Io => error.into(),
    })
}

/// What a file is that is not JSON, if that can be told from its beginning.
fn something_else(bytes: &[u8]) -> Option<String> {
    let packed = PACKED.iter().find(|(start, ..)| bytes.starts_with(start));
    if let Some((_, name, opener)) = packed {
        return Some(format!(
            "it is packed by {name}: unpack it first, as `{opener} FILE | dojobber-render -` does"
        ));
    }
    // in JSON the first characters are ASCII: what stands between them says how many bytes each takes
    let wide = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, _, ..] | [_, 0, 0, 0, ..] => "UTF-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => "UTF-16",
        [] => return Some("it is empty".to_owned()),
        _ => return None,
    };
    Some(format!("it is {wide}, as some shells write it with `>`: save it as UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let error = parse(bytes).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn what_is_no_report_is_named() {
        check(b"", "it is empty");
        check(BYTE_ORDER_MARK, "it is not whole: EOF");
        check(b"<svg>", "it is not JSON: expected value at line 1 column 1");
        check(b"{\"dojobber_report\"", "it is not whole: EOF");
        check(b"7", "invalid type: integer");
        check(b"\x1f\x8b\x08\0", "it is packed by gzip: unpack it first, as `gzip -dc FILE | ");
        check(b"\x28\xb5\x2f\xfd\0", "it is packed by zstd");
        check(b"\xfd7zXZ\0", "it is packed by xz");
        check(b"BZh9", "it is packed by bzip2");
        check(b"PK\x03\x04", "it is packed by zip");
        check(b"{\0\0\0\"\0\0\0", "it is UTF-32");
        for text in ["{}", "\u{feff}{}"] {
            check(&utf_16(text, u16::to_le_bytes), "it is UTF-16");
            check(&utf_16(text, u16::to_be_bytes), "it is UTF-16");
        }
    }
}
