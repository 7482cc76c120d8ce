//! The command line of `dojobber-render`, for programs that offer the same.

#[cfg(feature = "dot")]
use std::borrow::Cow;
use std::path::{Path, PathBuf};
#[cfg(feature = "dot")]
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::file::write_whole;
use crate::format::Format;
#[cfg(feature = "dot")]
use crate::graphviz::GraphvizError;
use crate::layout::Direction;
use crate::note::Note;
use crate::picture::{Drawn, Picture, PictureError};

pub use error::{RenderError, on_one_line};
use follow::{changed, while_it_goes_on};
pub use read::read_report;
use streams::{check_input, is_closed_pipe, is_standard_output, is_stream, write_to_standard_output};

mod error;
mod streams;
mod read;
mod follow;

/// What to draw, and how and where to.
#[derive(Debug, Clone, Args)]
pub struct RenderArgs {
    /// A saved report: the JSON of a run's `report()`, or the journal of a run; `-` is standard input
    #[arg(value_name = "RUN.json")]
    pub report: PathBuf,
    /// The file is the journal of a run that goes on: draw it anew as that does, to a page that reloads itself, or as text to
    /// standard output
    #[arg(long)]
    pub follow: bool,
    /// How to draw it, and where to.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How to draw a picture, and where to write it to.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputArgs {
    /// Where to write; the format follows the extension (svg, html, png, dot, mmd for Mermaid, txt), and `-` is standard
    /// output. May be given several times [default: beside the report, as svg and dot; as txt to standard output, if the
    /// report is not a file]
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The format, whatever the extension says
    #[arg(short = 'T', long)]
    pub format: Option<String>,
    /// The engine that draws: ours, or an installed Graphviz, which has more formats, such as pdf
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
    /// Nested jobs stand in a box
    #[arg(long)]
    pub boxes: bool,
    /// Draw this nest as one thing, with the worst status of what is inside, and counts. May be given several times
    #[arg(long, value_name = "NAME")]
    pub collapse: Vec<String>,
    /// Draw every nest as one thing
    #[arg(long)]
    pub collapse_all: bool,
    /// How many pixels of a PNG one point becomes
    #[cfg(feature = "png")]
    #[arg(long, default_value_t = 2.0, value_parser = scale)]
    pub scale: f32,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Written {
    /// The files; standard output is none.
    pub files: Vec<PathBuf>,
    /// What is worth a word about the pictures, each once: to be told on standard error.
    pub notes: Vec<Note>,
}

/// The engine that places jobs and edges.
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
    /// Nothing is written unless the report can be read, every file has a known format, and none is the report itself. With
    /// [`follow`](Self::follow) it returns when the run has ended, or its process.
    ///
    /// # Errors
    ///
    /// [`RenderError`], which says which file it is about and what is wrong with it.
    pub fn render(&self) -> Result<Written, RenderError> {
        if self.follow {
            return self.draw_while_it_goes_on();
        }
        let report = read_report(&self.report)?;
        self.output.write(&Picture::from_report(&report), &self.report)
    }

    fn draw_while_it_goes_on(&self) -> Result<Written, RenderError> {
        let mut output = self.output.clone();
        if output.files.is_empty() && output.format.is_none() {
            output.files.push(PathBuf::from("-"));
        }
        while_it_goes_on(&self.report, |report, goes_on| {
            let picture = Picture::from_report(report).so_far();
            output.write_changed(&picture, &self.report, |file, bytes| changed(file, bytes, report, goes_on))
        })
    }

    /// Whether a picture goes to standard output, so that nothing else should.
    pub fn uses_standard_output(&self) -> bool {
        self.output.files(&self.report).iter().any(|file| is_standard_output(file))
    }
}

impl OutputArgs {
    /// Writes the picture to every file; without any, to some of the same name as `beside`: in the format that was
    /// asked for, or as SVG and DOT. If `beside` is a stream, such as `-`, it is written to standard output.
    ///
    /// A reader that closes a pipe before it has all is content with what it has.
    ///
    /// # Errors
    ///
    /// [`RenderError`] for the first file that cannot be written. Unknown formats are found before anything is, and so
    /// are names of which there is nothing to collapse, and a file that is `beside` itself.
    pub fn write(&self, picture: &Picture, beside: &Path) -> Result<Written, RenderError> {
        self.write_changed(picture, beside, |_, bytes| bytes)
    }

    /// The same, with a last change to what is written to each file.
    fn write_changed(
        &self,
        picture: &Picture,
        beside: &Path,
        change: impl Fn(&Path, Vec<u8>) -> Vec<u8>,
    ) -> Result<Written, RenderError> {
        self.check_names(picture)?;
        let picture = self.apply(picture.clone());
        let files = self.files(beside);
        for file in &files {
            self.check_format(file)?;
            check_input(file, beside)?;
        }
        let mut written = Written::default();
        for file in files {
            let Drawn { bytes, notes } = self.draw(&picture, &file)?;
            let bytes = change(&file, bytes);
            // the same is not said twice
            written
                .notes
                .extend(notes.into_iter().filter(|note| !written.notes.contains(note)).collect::<Vec<_>>());
            if is_standard_output(&file) {
                write_to_standard_output(&bytes)?;
                continue;
            }
            match write_whole(&file, &bytes) {
                Err(error) if is_closed_pipe(&error) => {}
                result => result?,
            }
            written.files.push(file);
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
            (_, []) if is_stream(beside) => vec![PathBuf::from("-")],
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
        let is_there = |name: &&String| picture.scene().nests.iter().any(|nest| nest.name == **name);
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

    fn draw(&self, picture: &Picture, file: &Path) -> Result<Drawn, RenderError> {
        match self.engine {
            Engine::BuiltIn => Ok(picture.draw(self.own_format(file)?)?),
            #[cfg(feature = "dot")]
            Engine::Dot => {
                let limit = Duration::from_secs(self.time_limit.into());
                {
                    let drawn = picture.by_graphviz(&self.graphviz_format(file), limit);
                    let bytes = drawn.map_err(PictureError::from)?;
                    Ok(Drawn { bytes, notes: Vec::new() })
                }
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
            None if is_standard_output(file) => Ok(Format::Text),
            None => Format::of(file),
        };
        Ok(format.map_err(PictureError::from)?)
    }
}
