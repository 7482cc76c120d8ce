//! The command line of `dojobber-render`, for programs that offer the same.

#[cfg(feature = "dot")]
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
#[cfg(feature = "dot")]
use std::time::Duration;

use clap::{Args, ValueEnum};
use dojobber_core::Report;
use serde_json::error::Category;

use crate::file::{WriteError, write_whole};
use crate::format::Format;
#[cfg(feature = "dot")]
use crate::graphviz::GraphvizError;
use crate::layout::Direction;
use crate::picture::{Picture, PictureError};

/// What to draw, and how and where to.
#[derive(Debug, Clone, Args)]
pub struct RenderArgs {
    /// A saved report: the JSON of a run's `report()`
    #[arg(value_name = "RUN.json")]
    pub report: PathBuf,
    /// How to draw it, and where to.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How to draw a picture, and where to write it to.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputArgs {
    /// Where to write; the format follows the extension (svg, html, png, dot, mmd for Mermaid, txt), and `-` is standard
    /// output. May be given several times [default: beside the report, as svg and dot]
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The format, whatever the extension says
    #[arg(short = 'T', long)]
    pub format: Option<String>,
    /// Who draws: we, or an installed Graphviz, which has more formats, such as pdf
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
    /// After so many seconds Graphviz is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub time_limit: u32,
    /// Where edges lead to: down (TB) or right (LR)
    #[arg(long, value_enum, default_value_t, ignore_case = true)]
    pub rankdir: RankDir,
    /// Without the legend
    #[arg(long)]
    pub no_legend: bool,
    /// Labels tell how long jobs took
    #[arg(long)]
    pub times: bool,
    /// Only jobs that failed or would run, and those that they block
    #[arg(long)]
    pub only_failed: bool,
    /// Without the edges that go without saying, as a longer path says the same
    #[arg(long)]
    pub reduce: bool,
    /// Nested jobs, those called NAME/.., stand in a box called NAME
    #[arg(long)]
    pub boxes: bool,
    /// Draw all that is nested in this job as one. May be given several times
    #[arg(long, value_name = "NAME")]
    pub collapse: Vec<String>,
    /// Draw all nested jobs as the outermost one that they are nested in
    #[arg(long)]
    pub collapse_all: bool,
    /// How many pixels of a PNG one point becomes
    #[cfg(feature = "png")]
    #[arg(long, default_value_t = 2.0, value_parser = scale)]
    pub scale: f32,
}

/// Who places jobs and edges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The layout that is built in
    #[default]
    BuiltIn,
    /// An installed Graphviz
    #[cfg(feature = "dot")]
    Dot,
}

/// Where edges lead to, in Graphviz's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum RankDir {
    /// From top to bottom
    #[default]
    #[value(name = "TB")]
    TopBottom,
    /// From left to right
    #[value(name = "LR")]
    LeftRight,
}

#[cfg(feature = "png")]
fn scale(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(scale) if (0.01..=100.0).contains(&scale) => Ok(scale),
        _ => Err("it is a number from 0.01 to 100".to_owned()),
    }
}

impl RenderArgs {
    /// Draws the report and returns what was written.
    ///
    /// Nothing is written unless the report can be read and every file has a known format.
    ///
    /// # Errors
    ///
    /// [`RenderError`], which says which file it is about and what is wrong with it.
    pub fn render(&self) -> Result<Vec<PathBuf>, RenderError> {
        let report = read_report(&self.report)?;
        self.output.write(&Picture::from_report(&report), &self.report)
    }
}

impl OutputArgs {
    /// Writes the picture to every file; without any, to some of the same name as `beside`: in the format that was
    /// asked for, or as SVG and DOT.
    ///
    /// # Errors
    ///
    /// [`RenderError`] for the first file that cannot be written. Unknown formats are found before anything is, and so
    /// are names of which there is nothing to collapse.
    pub fn write(&self, picture: &Picture, beside: &Path) -> Result<Vec<PathBuf>, RenderError> {
        self.check_names(picture)?;
        let picture = self.apply(picture.clone());
        let files = self.files(beside);
        for file in &files {
            self.check_format(file)?;
        }
        let mut written = Vec::new();
        for file in files {
            let bytes = self.draw(&picture, &file)?;
            if file == Path::new("-") {
                let error = |source| RenderError::StandardOutput { source };
                io::stdout().write_all(&bytes).and_then(|()| io::stdout().flush()).map_err(error)?;
            } else {
                write_whole(&file, &bytes)?;
                written.push(file);
            }
        }
        Ok(written)
    }

    /// The picture as these options have it.
    fn apply(&self, picture: Picture) -> Picture {
        let direction = match self.rankdir {
            RankDir::TopBottom => Direction::Down,
            RankDir::LeftRight => Direction::Right,
        };
        let mut picture = picture
            .rankdir(direction)
            .legend(!self.no_legend)
            .times(self.times)
            .only_failed(self.only_failed)
            .reduced(self.reduce)
            .boxes(self.boxes)
            .all_collapsed(self.collapse_all);
        for name in &self.collapse {
            picture = picture.collapsed(name);
        }
        #[cfg(feature = "png")]
        if self.scale > 0.0 {
            picture = picture.scale(self.scale);
        }
        picture
    }

    fn files(&self, beside: &Path) -> Vec<PathBuf> {
        match (&self.format, self.files.as_slice()) {
            (Some(format), []) => vec![beside.with_extension(format.to_lowercase())],
            (None, []) => ["svg", "dot"]
                .into_iter()
                .filter(|name| Format::named(name).is_ok())
                .map(|name| beside.with_extension(name))
                .collect(),
            (_, files) => files.to_vec(),
        }
    }

    fn check_names(&self, picture: &Picture) -> Result<(), RenderError> {
        let is_in = |job: &str, name: &str| job.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
        let is_there = |name: &&String| picture.scene().nodes.iter().any(|node| is_in(&node.name, name));
        match self.collapse.iter().find(|name| !is_there(name)) {
            Some(name) => Err(RenderError::NothingNested { name: name.clone() }),
            None => Ok(()),
        }
    }

    fn check_format(&self, file: &Path) -> Result<(), RenderError> {
        match self.engine {
            Engine::BuiltIn => self.own_format(file).map(|_| ()),
            // beyond that, it knows best what it knows
            #[cfg(feature = "dot")]
            Engine::Dot if self.graphviz_format(file).is_empty() => {
                Err(PictureError::from(GraphvizError::NoFormat).into())
            }
            #[cfg(feature = "dot")]
            Engine::Dot => Ok(()),
        }
    }

    fn draw(&self, picture: &Picture, file: &Path) -> Result<Vec<u8>, RenderError> {
        match self.engine {
            Engine::BuiltIn => Ok(picture.to_format(self.own_format(file)?)?),
            #[cfg(feature = "dot")]
            Engine::Dot => {
                let limit = Duration::from_secs(self.time_limit.into());
                Ok(picture.by_graphviz(&self.graphviz_format(file), limit).map_err(PictureError::from)?)
            }
        }
    }

    #[cfg(feature = "dot")]
    fn graphviz_format<'a>(&'a self, file: &'a Path) -> Cow<'a, str> {
        let extension = || file.extension().unwrap_or_default().to_string_lossy();
        self.format.as_deref().map_or_else(extension, Cow::from)
    }

    fn own_format(&self, file: &Path) -> Result<Format, RenderError> {
        let format = match &self.format {
            Some(name) => Format::named(name),
            None if file == Path::new("-") => Ok(Format::Text),
            None => Format::of(file),
        };
        Ok(format.map_err(PictureError::from)?)
    }
}

/// Reads a report that was saved as JSON.
///
/// # Errors
///
/// [`RenderError`] if it cannot be read, is not JSON, is of another version or does not fit together; it says where.
pub fn read_report(path: &Path) -> Result<Report, RenderError> {
    let error = |source| RenderError::Report { path: path.to_owned(), source };
    let text = fs::read(path).map_err(|source| error(source.into()))?;
    serde_json::from_slice(&text).map_err(|source| match source.classify() {
        Category::Syntax => error(format!("it is not JSON: {source}").into()),
        Category::Eof => error(format!("it is not whole: {source}").into()),
        Category::Data | Category::Io => error(source.into()),
    })
}

/// A report was not drawn.
#[derive(Debug)]
#[non_exhaustive]
pub enum RenderError {
    /// It cannot be read.
    Report {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A name was to be collapsed, but no job is nested in it.
    NothingNested {
        /// That name.
        name: String,
    },
    /// Its picture cannot be drawn or written.
    Picture(PictureError),
    /// Its picture cannot be written to standard output.
    StandardOutput {
        /// Why not.
        source: io::Error,
    },
}

impl From<PictureError> for RenderError {
    fn from(error: PictureError) -> Self {
        RenderError::Picture(error)
    }
}

impl From<WriteError> for RenderError {
    fn from(error: WriteError) -> Self {
        RenderError::Picture(error.into())
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenderError::Report { path, .. } => write!(f, "cannot read the report {}", path.display()),
            RenderError::NothingNested { name } => {
                write!(f, "cannot collapse `{name}`: no job is nested in it, as `{name}/..` would be")
            }
            RenderError::Picture(error) => error.fmt(f),
            RenderError::StandardOutput { .. } => f.write_str("cannot write to standard output"),
        }
    }
}

impl Error for RenderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            RenderError::Report { source, .. } => Some(&**source),
            RenderError::NothingNested { .. } => None,
            RenderError::Picture(error) => error.source(),
            RenderError::StandardOutput { source } => Some(source),
        }
    }
}

/// An error and its causes, on one line.
pub fn on_one_line(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
