//! The front door: a plan or a report becomes a picture.

use std::error::Error;
use std::fmt;
use std::path::Path;

use dojobber_core::{Plan, Report};

use crate::file::{WriteError, write_whole};
use crate::format::{Format, UnknownFormat};
use crate::layout::{self, Options};
use crate::scene::Scene;
use crate::svg;

/// A plan or a report, ready to be drawn.
#[derive(Debug, Clone)]
pub struct Picture {
    scene: Scene,
    options: Options,
}

impl Picture {
    /// What a plan is made of; no job has a colour yet.
    pub fn of<A>(plan: &Plan<'_, A>) -> Self {
        Picture::from(Scene::of(plan.graph()))
    }

    /// How a run went, of which only the report is left.
    pub fn from_report(report: &Report) -> Self {
        Picture::from(Scene::of(report.graph())).with(report)
    }

    /// The same picture with the outcome of a run. Jobs that are not in the report keep the colour that they have.
    #[must_use]
    pub fn with(mut self, report: &Report) -> Self {
        self.scene.add_statuses(report);
        self
    }

    /// The same picture, laid out in another way.
    #[must_use]
    pub fn with_layout(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// What is drawn.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// As SVG, whose elements follow Graphviz's conventions.
    pub fn to_svg(&self) -> String {
        svg::write(&self.scene, &layout::layout(&self.scene.to_layout_graph(), &self.options))
    }

    /// As DOT, for Graphviz and all that reads its language.
    #[cfg(feature = "dot")]
    pub fn to_dot(&self) -> String {
        crate::dot::write(&self.scene)
    }

    /// In one of the formats.
    pub fn to_format(&self, format: Format) -> String {
        match format {
            Format::Svg => self.to_svg(),
            #[cfg(feature = "dot")]
            Format::Dot => self.to_dot(),
        }
    }

    /// Writes a file, in the format that its extension names. It is there as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`PictureError`] if the extension names no format, or the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), PictureError> {
        let path = path.as_ref();
        let format = Format::of(path)?;
        Ok(write_whole(path, self.to_format(format).as_bytes())?)
    }
}

impl From<Scene> for Picture {
    fn from(scene: Scene) -> Self {
        Picture { scene, options: Options::default() }
    }
}

/// A picture was not drawn.
#[derive(Debug)]
#[non_exhaustive]
pub enum PictureError {
    /// In that format there are none.
    UnknownFormat(UnknownFormat),
    /// The file cannot be written.
    Write(WriteError),
}

impl From<UnknownFormat> for PictureError {
    fn from(error: UnknownFormat) -> Self {
        PictureError::UnknownFormat(error)
    }
}

impl From<WriteError> for PictureError {
    fn from(error: WriteError) -> Self {
        PictureError::Write(error)
    }
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PictureError::UnknownFormat(error) => error.fmt(f),
            PictureError::Write(error) => error.fmt(f),
        }
    }
}

impl Error for PictureError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            PictureError::UnknownFormat(error) => error.source(),
            PictureError::Write(error) => error.source(),
        }
    }
}
