//! What is worth a word about a picture that was drawn all the same.

use std::fmt;

/// What is worth a word about a picture that was drawn all the same.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// A page holds only a part of the jobs, as all of them would be too many for a browser; this says which.
    SummedUp(String),
    /// A bitmap is smaller than it should be, as it may not have so many pixels.
    ScaledDown {
        /// How many pixels a point should have become.
        wanted: f32,
        /// How many it became.
        scale: f32,
    },
    /// No font has these characters, so they are missing from a bitmap; of each label the first is named.
    MissingLetters(Vec<char>),
}

/// How many characters are named.
const MOST_LETTERS: usize = 20;

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::SummedUp(text) => f.write_str(text),
            Note::ScaledDown { wanted, scale } => write!(
                f,
                "the bitmap would be too large with {wanted} pixels for a point, and has {scale:.2}: SVG has no limit"
            ),
            Note::MissingLetters(letters) => {
                let named: String =
                    letters.iter().take(MOST_LETTERS).map(|letter| format!(" {letter}")).collect();
                let more = letters.len().saturating_sub(MOST_LETTERS);
                write!(
                    f,
                    "some characters are missing from the bitmap, as no font has them, such as:{named}"
                )?;
                if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
        }
    }
}
