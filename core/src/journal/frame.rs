//! A record as a line: `{"len":123,"crc32":"9ae0daaf","record":{..}}`.
//!
//! Every byte of a line is known or checked: the punctuation must be what it is, the length that of the record, and the
//! checksum that of its bytes. A record is JSON without line breaks, so a line ends where the next line break is.

use std::io::Write as _;

use crate::journal::crc::crc32;

const LENGTH: &[u8] = b"{\"len\":";
const CHECKSUM: &[u8] = b",\"crc32\":\"";
const RECORD: &[u8] = b"\",\"record\":";
const END: &[u8] = b"}\n";

/// Appends the line of a record.
pub(super) fn write_line(record: &[u8], line: &mut Vec<u8>) {
    line.extend_from_slice(LENGTH);
    let _ = write!(line, "{}", record.len()); // a vector takes everything
    line.extend_from_slice(CHECKSUM);
    line.extend_from_slice(&hex(crc32(record)));
    line.extend_from_slice(RECORD);
    line.extend_from_slice(record);
    line.extend_from_slice(END);
}

/// The record of a line that ends with its line break; `None` if a byte of it is not what was written.
pub(super) fn record_of(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix(LENGTH)?.strip_suffix(END)?;
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (length, line) = line.split_at_checked(digits)?;
    let (checksum, line) = line.strip_prefix(CHECKSUM)?.split_at_checked(8)?;
    let record = line.strip_prefix(RECORD)?;
    let fits = length == record.len().to_string().as_bytes() && checksum == hex(crc32(record));
    fits.then_some(record)
}

/// Whether something begins as a line does, or is the beginning of that.
pub(super) fn is_begun(line: &[u8]) -> bool {
    line.starts_with(LENGTH) || LENGTH.starts_with(line.trim_ascii_end())
}

/// Eight digits of a number, in small letters.
fn hex(number: u32) -> [u8; 8] {
    let digit = |at: u32| b"0123456789abcdef"[(number >> (28 - 4 * at) & 0xf) as usize];
    [0, 1, 2, 3, 4, 5, 6, 7].map(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(record: &[u8]) -> Vec<u8> {
        let mut line = Vec::new();
        write_line(record, &mut line);
        line
    }

    #[test]
    fn a_line_is_json_and_gives_its_record_back() {
        let line = line_of(br#"{"a":1}"#);
        assert_eq!(line, b"{\"len\":7,\"crc32\":\"561bacaf\",\"record\":{\"a\":1}}\n");
        assert_eq!(record_of(&line), Some(&br#"{"a":1}"#[..]));
    }

    #[test]
    fn any_other_byte_and_any_end_is_found() {
        let line = line_of(br#"{"run_ended":{"at_ns":17}}"#);
        for at in 0..line.len() {
            assert_eq!(record_of(&line[..at]), None, "cut at {at}");
            for other in (0..=u8::MAX).filter(|other| *other != line[at]) {
                let mut changed = line.clone();
                changed[at] = other;
                assert_eq!(record_of(&changed), None, "byte {at} is {other}");
            }
        }
    }
}
