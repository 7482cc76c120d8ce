//! Draws the SVG as a bitmap, with a font of our own.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, FontResolver, Tree, fontdb};

use crate::errors::debug_for_people;

/// Stands in for Times: its letters are about as wide.
const FAMILY: &str = "Libertinus Serif";

/// How to draw a bitmap.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    /// How many pixels one point becomes.
    pub(crate) scale: f32,
    /// More pixels than this are refused.
    pub(crate) most_pixels: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { scale: 2.0, most_pixels: 100_000_000 }
    }
}

/// The picture as PNG.
pub(crate) fn write(svg: &str, options: &Options) -> Result<Vec<u8>, PngError> {
    let tree = Tree::from_str(svg, &usvg_options()).map_err(|error| PngError::NotDrawn(error.to_string()))?;
    let pixels = |points: f32| (points * options.scale).ceil().max(1.0);
    let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
    // a number that is too large becomes the largest there is
    let (width, height) = (width as u32, height as u32);
    let too_large = PngError::TooLarge { width, height, most_pixels: options.most_pixels };
    if u64::from(width) * u64::from(height) > options.most_pixels {
        return Err(too_large);
    }
    let mut pixmap = Pixmap::new(width, height).ok_or(too_large)?;
    resvg::render(&tree, Transform::from_scale(options.scale, options.scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| PngError::NotDrawn(error.to_string()))
}

/// Our font for everything that it has; the system's for the rest, if there are any.
fn usvg_options() -> usvg::Options<'static> {
    let mut fonts = fontdb::Database::new();
    for font in typst_assets::fonts() {
        fonts.load_font_data(font.to_vec());
    }
    let query = fontdb::Query { families: &[fontdb::Family::Name(FAMILY)], ..fontdb::Query::default() };
    let ours = fonts.query(&query);
    fonts.load_system_fonts();
    usvg::Options {
        fontdb: Arc::new(fonts),
        font_resolver: FontResolver {
            select_font: Box::new(move |_, _| ours),
            select_fallback: FontResolver::default_fallback_selector(),
        },
        ..usvg::Options::default()
    }
}

/// There is no bitmap.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum PngError {
    /// It would have more pixels than it may.
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
                "the picture would have {width} x {height} pixels, and {most_pixels} are allowed: choose a \
                 smaller scale, or SVG"
            ),
            PngError::NotDrawn(why) => write!(f, "the picture has no bitmap: {why}"),
        }
    }
}

impl Error for PngError {}
