//! Draws the SVG as a bitmap, with a font of our own.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, FontResolver, Tree, fontdb};

use crate::errors::debug_for_people;
use crate::note::Note;
use crate::text;

/// Stands in for Times: its letters are about as wide.
const FAMILY: &str = "Libertinus Serif";

/// How to draw a bitmap.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    /// How many pixels one point becomes.
    pub(crate) scale: f32,
    /// With more pixels than this it is drawn smaller.
    pub(crate) most_pixels: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { scale: 2.0, most_pixels: 100_000_000 }
    }
}

/// Letters are read as long as a point becomes so many pixels.
const READABLE: f32 = 0.3;

/// The picture as PNG; smaller than it should be where it may not have so many pixels.
pub(crate) fn write(svg: &str, options: &Options) -> Result<(Vec<u8>, Vec<Note>), PngError> {
    let missing = Missing::default();
    let tree = Tree::from_str(svg, &usvg_options(&missing))
        .map_err(|error| PngError::NotDrawn(error.to_string()))?;
    let mut notes = missing.notes();
    let (size, most) = (tree.size(), options.most_pixels);
    let pixels = |scale: f32| {
        // a number that is too large becomes the largest there is
        let pixels = |points: f32| (points * scale).ceil().max(1.0) as u32;
        (pixels(size.width()), pixels(size.height()))
    };
    let fits = |(width, height): (u32, u32)| u64::from(width) * u64::from(height) <= most;
    let mut scale = options.scale;
    if !fits(pixels(scale)) {
        // a little less, as every side is rounded up
        scale = (most as f32 / (size.width() * size.height())).sqrt() * 0.999;
        notes.push(Note::ScaledDown { wanted: options.scale, scale });
    }
    let (width, height) = pixels(options.scale);
    let too_large = PngError::TooLarge { width, height, most_pixels: most };
    if scale < READABLE.min(options.scale) || !fits(pixels(scale)) {
        return Err(too_large);
    }
    let (width, height) = pixels(scale);
    let mut pixmap = Pixmap::new(width, height).ok_or(too_large)?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    let bytes = pixmap.encode_png().map_err(|error| PngError::NotDrawn(error.to_string()))?;
    Ok((bytes, notes))
}

/// Characters that no font has.
#[derive(Clone, Default)]
struct Missing(Arc<Mutex<BTreeSet<char>>>);

impl Missing {
    fn add(&self, letter: char) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(letter);
    }

    fn notes(&self) -> Vec<Note> {
        let letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // what takes no room is not missed
        let letters: Vec<char> = letters.iter().copied().filter(|letter| text::is_seen(*letter)).collect();
        if letters.is_empty() { Vec::new() } else { vec![Note::MissingLetters(letters)] }
    }
}

/// Our font for everything that it has; the system's for the rest, if there are any.
fn usvg_options(missing: &Missing) -> usvg::Options<'static> {
    let mut fonts = fontdb::Database::new();
    for font in typst_assets::fonts() {
        fonts.load_font_data(font.to_vec());
    }
    let query = fontdb::Query { families: &[fontdb::Family::Name(FAMILY)], ..fontdb::Query::default() };
    let ours = fonts.query(&query);
    fonts.load_system_fonts();
    let (missing, fallback) = (missing.clone(), FontResolver::default_fallback_selector());
    let select_fallback = move |letter: char, used: &[fontdb::ID], fonts: &mut Arc<fontdb::Database>| {
        let found = fallback(letter, used, fonts);
        if found.is_none() {
            missing.add(letter);
        }
        found
    };
    usvg::Options {
        fontdb: Arc::new(fonts),
        font_resolver: FontResolver {
            select_font: Box::new(move |_, _| ours),
            select_fallback: Box::new(select_fallback),
        },
        ..usvg::Options::default()
    }
}

/// There is no bitmap.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum PngError {
    /// It would have more pixels than it may, and could not be read with as few.
    TooLarge {
        /// How many pixels it would be wide.
        width: u32,
        /// How many pixels it would be high.
        height: u32,
        /// How many there may be in all.
        most_pixels: u64,
    },
    /// The drawing was not understood, which is a mistake of ours; this is what was said about it.
    NotDrawn(String),
}

debug_for_people!(PngError);

impl fmt::Display for PngError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PngError::TooLarge { width, height, most_pixels } => write!(
                f,
                "the picture would have {width} x {height} pixels, and nobody could read it with the {most_pixels} that are \
                 allowed: choose SVG"
            ),
            PngError::NotDrawn(why) => write!(f, "the picture has no bitmap: {why}"),
        }
    }
}

impl Error for PngError {}
